//! Where on disk the responses of a key are, of which `Vary` may tell several apart.
//!
//! ```text
//! key                    a response for every request; older than all variants
//! key · FF               the list: what each variant varies by, the newest first; without content
//! key · FF · 16 octets   a variant, under the hash of what it varies by
//! ```
//! No key goes on like this: what follows a part of a key is an octet of 0 or 1, or the four of a length or number, of which
//! FF would begin one of at least 255. All share their URI's part, and go with it. What the list does not name is not
//! found: a variant whose list is gone gives way to others in time.

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::semantics::{Asker, Vary};

/// Lists of another format are not read; their variants are fetched anew.
const FORMAT: u8 = 1;
/// Ends the key of a list.
const MARK: u8 = 0xff;
/// Octets of a hash that tells variants of one key apart.
const HASH: usize = 16;

/// What the variants of a key vary by, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variants(Vec<Vary>);

#[derive(Serialize, Deserialize)]
struct Document<T> {
    format: u8,
    variants: T,
}

/// The disk's key of the list of a key's variants.
pub fn list(key: &[u8]) -> Vec<u8> {
    [key, &[MARK]].concat()
}

/// The disk's key of a response that varies by this.
pub fn place(key: &[u8], vary: &Vary) -> Vec<u8> {
    if vary.is_empty() {
        return key.to_vec();
    }
    let hash = blake3::hash(&vary.identity());
    let name = hash.as_bytes().iter().take(HASH).copied();
    key.iter().copied().chain([MARK]).chain(name).collect()
}

/// The key of which this is the place of a response that varies by this; none where it can be none.
pub fn key<'p>(place: &'p [u8], vary: &Vary) -> Option<&'p [u8]> {
    if vary.is_empty() {
        return Some(place);
    }
    let (rest, _) = place.split_last_chunk::<HASH>()?;
    rest.strip_suffix(&[MARK])
}

impl Variants {
    /// From a list's description; none where it is of another format.
    pub fn read(meta: &[u8]) -> Option<Self> {
        let document: Document<Vec<Vary>> = rmp_serde::from_slice(meta).ok()?;
        (document.format == FORMAT).then_some(Self(document.variants))
    }

    /// A list's description, in MessagePack.
    pub fn write(&self) -> Option<Vec<u8>> {
        rmp_serde::to_vec_named(&Document { format: FORMAT, variants: &self.0 }).ok()
    }

    /// Where responses for who asks may be, the newest first, and last the one for every request.
    pub fn places(&self, key: &[u8], asker: &Asker<'_>) -> Vec<Vec<u8>> {
        let variants = self.0.iter().filter(|vary| vary.matches(asker)).map(|vary| place(key, vary));
        variants.chain([key.to_vec()]).collect()
    }

    /// Where all responses are, the newest first.
    pub fn all(&self, key: &[u8]) -> Vec<Vec<u8>> {
        self.0.iter().map(|vary| place(key, vary)).chain([key.to_vec()]).collect()
    }

    /// What they vary by.
    pub fn iter(&self) -> impl Iterator<Item = &Vary> {
        self.0.iter()
    }

    /// With a variant as the newest; and those for which there is no place any more.
    pub fn with(&self, vary: &Vary) -> (Self, Vec<Vary>) {
        let mut list = vec![vary.clone()];
        list.extend(self.without(vary).0);
        let mut octets = 0;
        let has_room = |vary: &&Vary| {
            octets += vary.weight() as u64;
            octets <= limits::VARIANT_LIST.default
        };
        let kept = list.iter().take(limits::VARIANTS.default as usize).take_while(has_room).count();
        let gone = list.split_off(kept.max(1));
        (Self(list), gone)
    }

    /// Without a variant.
    #[must_use]
    pub fn without(&self, vary: &Vary) -> Self {
        let identity = vary.identity();
        Self(self.0.iter().filter(|other| other.identity() != identity).cloned().collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Octets that it takes in memory.
    pub fn weight(&self) -> u64 {
        self.0.iter().map(|vary| (size_of::<Vary>() + vary.weight()) as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::get;

    fn vary(names: &str, request: &[(&str, &str)]) -> Vary {
        Vary::of(&get(request), &[("Vary", names)].into_iter().collect())
    }

    fn of(variants: &[Vary]) -> Variants {
        variants.iter().rev().fold(Variants::default(), |all, vary| all.with(vary).0)
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let variants = of(&[vary("A, B", &[("A", "1")]), vary("A", &[("A", "\u{e9}")]), vary("*", &[])]);
        let mut written = variants.write().unwrap();
        assert_eq!(Variants::read(&written), Some(variants));
        let at = written.windows(6).position(|window| window == b"format").unwrap() + 6;
        written[at] += 1;
        assert_eq!(Variants::read(&written), None);
        assert_eq!(Variants::read(b""), None);
    }

    #[test]
    fn the_newest_that_matches_is_looked_for_first_and_what_does_not_match_never() {
        let (first, second, other) = (vary("A", &[("A", "1")]), vary("B", &[("B", "2")]), vary("A", &[("A", "3")]));
        let request = get(&[("A", "1"), ("B", "2")]);
        let request = Asker::outgoing(&request);
        let expected = |places: &[&Vary]| {
            let places = places.iter().map(|vary| place(b"key", vary));
            places.chain([b"key".to_vec()]).collect::<Vec<_>>()
        };
        let list = of(&[first.clone(), other, second.clone()]);
        assert_eq!(list.places(b"key", &request), expected(&[&first, &second]));
        let (list, gone) = list.with(&second);
        assert_eq!((list.places(b"key", &request), gone.len()), (expected(&[&second, &first]), 0));
        assert_eq!(list.without(&second).places(b"key", &request), expected(&[&first]));
        assert_eq!(Variants::default().places(b"key", &request), expected(&[]));
    }

    #[test]
    fn what_answers_the_same_requests_has_one_place_and_all_else_its_own() {
        let same = [[("A", "b, c")], [("A", "b,c")]].map(|request| place(b"key", &vary("A", &request)));
        assert_eq!(same[0], same[1]);
        let places = [
            place(b"key", &Vary::default()),
            list(b"key"),
            place(b"key", &vary("A", &[])),
            place(b"key", &vary("A", &[("A", "")])),
            place(b"key", &vary("A", &[("A", "b")])),
            place(b"key", &vary("A, B", &[("A", "b")])),
            place(b"key", &vary("AB", &[("AB", "")])),
            place(b"key", &vary("*", &[])),
            place(b"other", &vary("A", &[])),
        ];
        let distinct: std::collections::HashSet<_> = places.iter().collect();
        assert_eq!(distinct.len(), places.len());
    }

    #[test]
    fn a_place_leads_back_to_its_key() {
        for (vary, whole) in
            [(Vary::default(), &b"key\xff"[..]), (vary("A", &[("A", "b")]), b"key"), (vary("*", &[]), b"")]
        {
            assert_eq!(key(&place(whole, &vary), &vary), Some(whole));
        }
        assert_eq!([&b"short"[..], &[0; 40]].map(|place| key(place, &vary("A", &[]))), [None, None]);
    }

    #[test]
    fn there_are_no_more_than_there_may_be() {
        let most = limits::VARIANTS.default as usize;
        let numbered = |n: usize| vary("A", &[("A", &n.to_string())]);
        let all = of(&(0..most).map(numbered).collect::<Vec<_>>());
        let (more, gone) = all.with(&numbered(most));
        assert_eq!((more.iter().count(), gone), (most, vec![numbered(most - 1)]), "the oldest goes");
        let long = vary("A", &[("A", &"x".repeat(limits::VARIANT_LIST.default as usize / 3))]);
        let (fewer, gone) = more.with(&long);
        assert!(fewer.weight() <= limits::VARIANT_LIST.default + (most * size_of::<Vary>()) as u64);
        assert_eq!(fewer.iter().count() + gone.len(), most + 1);
        let alone = vary("A", &[("A", &"x".repeat(limits::VARIANT_LIST.default as usize))]);
        assert_eq!(fewer.with(&alone).0.iter().collect::<Vec<_>>(), [&alone]);
    }
}
