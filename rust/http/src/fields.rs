//! Header fields in the order in which they came (RFC 9110 section 5).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::{ByteBuf, Bytes};

use crate::h1::is_tchar;

/// Header fields: one buffer for all octets, one small entry a field. Names are compared without regard to case and kept as
/// they were written.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    octets: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    name: u32,
    value: u32,
    end: u32,
}

impl Fields {
    /// No fields; no memory taken.
    pub const fn new() -> Self {
        Self { octets: Vec::new(), entries: Vec::new() }
    }

    /// No fields, and memory for so many with so many octets of names and values.
    pub fn with_capacity(fields: usize, octets: usize) -> Self {
        Self { octets: Vec::with_capacity(octets), entries: Vec::with_capacity(fields) }
    }

    /// Adds a field at the end. The caller answers for the octets: parsers and encoders check them.
    pub fn push(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let at = self.octets.len() as u32;
        self.octets.extend_from_slice(name.as_ref());
        let value_at = self.octets.len() as u32;
        self.octets.extend_from_slice(value.as_ref());
        self.entries.push(Entry { name: at, value: value_at, end: self.octets.len() as u32 });
    }

    /// Adds a field at the end whose value `write` puts behind the octets that it is given, all of which it leaves as they are.
    pub fn push_with(&mut self, name: impl AsRef<[u8]>, write: impl FnOnce(&mut Vec<u8>)) {
        self.push(name, "");
        write(&mut self.octets);
        if let Some(entry) = self.entries.last_mut() {
            entry.end = self.octets.len() as u32;
        }
    }

    /// Adds a field at the end, its name in lower case.
    pub(crate) fn push_lower(&mut self, name: &[u8], value: &[u8]) {
        let at = self.octets.len();
        self.push(name, value);
        let name = self.octets.get_mut(at..at + name.len());
        name.into_iter().for_each(<[u8]>::make_ascii_lowercase);
    }

    /// Puts a field in place of all of its name.
    pub fn set(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.remove(name.as_ref());
        self.push(name, value);
    }

    /// Takes all fields of a name away; whether there were any.
    pub fn remove(&mut self, name: impl AsRef<[u8]>) -> bool {
        let name = name.as_ref();
        self.retain(|field, _| !field.eq_ignore_ascii_case(name))
    }

    /// Keeps the fields for which `keep(name, value)`; whether any went.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) -> bool {
        let Self { octets, entries } = self;
        let before = entries.len();
        entries.retain(|entry| keep(entry.name(octets), entry.value(octets)));
        entries.len() != before
    }

    /// The first value of a name.
    #[inline]
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        let name = name.as_ref();
        self.entries.iter().find(|entry| entry.is(&self.octets, name)).map(|entry| entry.value(&self.octets))
    }

    /// Whether there is a field of the name.
    #[inline]
    pub fn has(&self, name: impl AsRef<[u8]>) -> bool {
        self.get(name).is_some()
    }

    /// All values of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        let same = move |entry: &&Entry| entry.is(&self.octets, name.as_bytes());
        self.entries.iter().filter(same).map(|entry| entry.value(&self.octets))
    }

    /// All values of a name joined with `, ` (RFC 9110 section 5.3); nothing where there is none.
    pub fn combined(&self, name: &str) -> Option<Vec<u8>> {
        let mut values = self.all(name);
        let mut joined = values.next()?.to_vec();
        for value in values {
            joined.extend_from_slice(b", ");
            joined.extend_from_slice(value);
        }
        Some(joined)
    }

    /// The members of a field that is a comma-separated list (RFC 9110 section 5.6.1), quoted strings whole, without the
    /// space around them and without empty ones.
    pub fn members<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.all(name).flat_map(members)
    }

    /// (name, value) of every field, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.entries.iter().map(|entry| (entry.name(&self.octets), entry.value(&self.octets)))
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes all away and keeps the memory.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.entries.clear();
    }

    /// Octets held, for limits and weights.
    pub fn weight(&self) -> usize {
        self.octets.len() + self.entries.len() * size_of::<Entry>()
    }
}

impl Entry {
    fn name<'a>(&self, octets: &'a [u8]) -> &'a [u8] {
        octets.get(self.name as usize..self.value as usize).unwrap_or_default()
    }

    fn value<'a>(&self, octets: &'a [u8]) -> &'a [u8] {
        octets.get(self.value as usize..self.end as usize).unwrap_or_default()
    }

    #[inline]
    fn is(&self, octets: &[u8], name: &[u8]) -> bool {
        (self.value - self.name) as usize == name.len() && self.name(octets).eq_ignore_ascii_case(name)
    }
}

/// The same fields in the same order; what was taken away does not count.
impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Fields {}

/// A list of (name, value), both octets.
impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(name, value)| (Bytes::new(name), Bytes::new(value))))
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<(ByteBuf, ByteBuf)>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut fields = Self::new();
        pairs.into_iter().for_each(|(name, value)| fields.push(name, value));
        fields
    }
}

/// Names of the fields that belong to a connection and end with it (RFC 9110 section 7.6.1).
pub(crate) const OF_A_CONNECTION: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Whether a field of this name belongs to a connection; `Connection` may name more.
pub fn is_of_a_connection(name: &[u8]) -> bool {
    is_one_of(name, &OF_A_CONNECTION, const { lengths(&OF_A_CONNECTION) })
}

/// Whether a field belongs to a connection, or is set by who writes the message.
pub(crate) fn is_made_anew(name: &[u8]) -> bool {
    const MADE: [&str; 3] = ["content-length", "expect", "host"];
    is_of_a_connection(name) || is_one_of(name, &MADE, const { lengths(&MADE) })
}

/// Whether a name is among those known, whose `lengths` most other names do not have.
fn is_one_of(name: &[u8], known: &[&str], lengths: u32) -> bool {
    1u32.checked_shl(name.len() as u32).is_some_and(|length| lengths & length != 0)
        && known.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// The lengths of names as bits.
const fn lengths(mut names: &[&str]) -> u32 {
    let mut lengths = 0;
    while let [name, rest @ ..] = names {
        lengths |= 1 << name.len();
        names = rest;
    }
    lengths
}

/// Whether these octets are a token (RFC 9110 section 5.6.2), as names of fields are.
pub fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|&octet| is_tchar(octet))
}

/// The members of one list value; see `Fields::members`.
pub fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    places(value).filter(|member| !member.is_empty())
}

/// What stands between the commas of a value, also where that is nothing: at least one.
pub fn places(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let (member, after) = split_member(rest?);
        rest = after;
        Some(member.trim_ascii())
    })
}

fn split_member(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (mut quoted, mut escaped) = (false, false);
    let comma = value.iter().position(|&octet| {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' => return !quoted,
            _ => {}
        }
        false
    });
    match comma.and_then(|at| value.split_at_checked(at)) {
        Some((member, after)) => (member, after.get(1..)),
        None => (value, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_and_keep_their_order() {
        let mut fields: Fields = [("Via", "a"), ("Age", "1"), ("via", "b")].into_iter().collect();
        assert_eq!(fields.get("VIA"), Some(&b"a"[..]));
        assert_eq!(fields.combined("via"), Some(b"a, b".to_vec()));
        assert!(fields.remove("vIa"));
        assert!(!fields.remove("via"));
        assert_eq!(fields.iter().collect::<Vec<_>>(), [(&b"Age"[..], &b"1"[..])]);
    }

    #[test]
    fn they_survive_being_written_down() {
        let mut fields: Fields = [(&b"Via"[..], &b"a\xff"[..]), (b"Age", b""), (b"via", b"b")].into_iter().collect();
        fields.remove("age");
        let written = rmp_serde::to_vec(&fields).expect("written");
        assert_eq!(rmp_serde::from_slice::<Fields>(&written).expect("read"), fields);
        let pairs: Vec<(ByteBuf, ByteBuf)> = rmp_serde::from_slice(&written).expect("pairs");
        assert_eq!(
            pairs,
            [("Via", &b"a\xff"[..]), ("via", b"b")].map(|(name, value)| (ByteBuf::from(name), ByteBuf::from(value)))
        );
    }

    #[test]
    fn a_list_keeps_its_quoted_commas() {
        let fields: Fields = [("x", r#" a , "b, \"c" ,, d"#), ("x", "e")].into_iter().collect();
        let seen: Vec<_> = fields.members("x").map(String::from_utf8_lossy).collect();
        assert_eq!(seen, ["a", r#""b, \"c""#, "d", "e"]);
    }
}
