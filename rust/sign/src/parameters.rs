//! What a signed URL or signed cookies carry.

use std::borrow::Cow;

use crate::{Denied, HashAlgorithm, presigned};

/// `Expires` or `Policy`, `Signature`, `Key-Pair-Id`, `Hash-Algorithm`, as they were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Parameters<'p> {
    pub expires: Option<&'p str>,
    pub policy: Option<&'p str>,
    pub signature: Option<&'p str>,
    pub key_pair_id: Option<&'p str>,
    pub hash_algorithm: Option<&'p str>,
}

/// Names in a query; none of them reaches an origin.
pub const NAMES: [&str; 5] = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];

/// Cookies have the same names after this.
pub const COOKIE_PREFIX: &str = "CloudFront-";

impl<'p> Parameters<'p> {
    /// From a query; none where it does not sign.
    pub fn from_query(query: &'p str) -> Result<Option<Self>, Denied> {
        Self::gather(query.split('&').map(split_pair))
    }

    /// From the values of `Cookie` fields; none where they do not sign.
    pub fn from_cookies(fields: impl Iterator<Item = &'p [u8]>) -> Result<Option<Self>, Denied> {
        let texts = fields.filter_map(|field| str::from_utf8(field).ok());
        let cookies = texts.flat_map(|field| field.split(';')).map(|cookie| split_pair(cookie.trim_ascii()));
        Self::gather(cookies.filter_map(|(name, value)| Some((name.strip_prefix(COOKIE_PREFIX)?, value))))
    }

    fn gather(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Result<Option<Self>, Denied> {
        let mut found = Self::default();
        for (name, value) in pairs {
            if let Some(place) = found.place(name)
                && place.replace(value).is_some()
            {
                return Err(Denied::Ambiguous);
            }
        }
        let signs = found.signature.is_some() || found.policy.is_some() || found.key_pair_id.is_some();
        Ok(signs.then_some(found))
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<&'p str>> {
        Some(match name {
            "Expires" => &mut self.expires,
            "Policy" => &mut self.policy,
            "Signature" => &mut self.signature,
            "Key-Pair-Id" => &mut self.key_pair_id,
            "Hash-Algorithm" => &mut self.hash_algorithm,
            _ => return None,
        })
    }

    /// The hash that the signer says it took.
    pub fn hash(&self) -> Result<HashAlgorithm, Denied> {
        self.hash_algorithm
            .map_or(Ok(HashAlgorithm::Sha1), |name| HashAlgorithm::from_name(name).ok_or(Denied::UnknownAlgorithm))
    }
}

/// Whether a query parameter is one that signs, here or in presigned URLs.
pub fn is_reserved(name: &str) -> bool {
    NAMES.contains(&name) || presigned::NAMES.contains(&name)
}

/// Whether a cookie is one that signs.
pub fn is_reserved_cookie(name: &str) -> bool {
    name.strip_prefix(COOKIE_PREFIX).is_some_and(|name| NAMES.contains(&name))
}

/// A query without the parameters that sign; none where nothing else is left. Nothing is copied where they stand at one
/// of the ends, as signers put them.
pub fn strip(query: &str) -> Option<Cow<'_, str>> {
    let reserved = |pair: &str| is_reserved(split_pair(pair).0);
    let mut rest = query;
    while let Some((before, _)) = rest.rsplit_once('&').filter(|(_, last)| reserved(last)) {
        rest = before;
    }
    while let Some((_, after)) = rest.split_once('&').filter(|(first, _)| reserved(first)) {
        rest = after;
    }
    if reserved(rest) && !rest.contains('&') {
        return None;
    }
    if !rest.split('&').any(reserved) {
        return Some(Cow::Borrowed(rest));
    }
    Some(Cow::Owned(rest.split('&').filter(|pair| !reserved(pair)).collect::<Vec<_>>().join("&")))
}

pub(crate) fn split_pair(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_signs_is_taken_away() {
        let table = [
            ("Expires=1&Signature=a&Key-Pair-Id=K", None),
            ("a=1&Expires=1&Signature=a&Key-Pair-Id=K", Some("a=1")),
            ("Expires=1&a=1&b", Some("a=1&b")),
            ("Expires=1&a=1&Signature=a&b&Key-Pair-Id=K", Some("a=1&b")),
            ("a&&b=&Hash-Algorithm=SHA256", Some("a&&b=")),
            ("a=1&expires=2", Some("a=1&expires=2")),
            ("X-Amz-Signature=1&X-Amz-Date=2&x=Policy", Some("x=Policy")),
            ("", Some("")),
        ];
        for (query, left) in table {
            assert_eq!(strip(query).as_deref(), left, "{query}");
        }
    }

    #[test]
    fn parameters_come_once() {
        let found =
            Parameters::from_query("x=1&Policy=p&Signature=s&Key-Pair-Id=K&Hash-Algorithm=SHA256").unwrap().unwrap();
        assert_eq!((found.policy, found.expires, found.hash()), (Some("p"), None, Ok(HashAlgorithm::Sha256)));
        assert_eq!(Parameters::from_query("Expires=1&x=2"), Ok(None));
        assert_eq!(Parameters::from_query("Signature=1&Signature=1"), Err(Denied::Ambiguous));
    }

    #[test]
    fn cookies_stand_in_one_field_or_several() {
        let fields = [&b"a=b; CloudFront-Expires=1;CloudFront-Signature=s"[..], b"CloudFront-Key-Pair-Id=K"];
        let found = Parameters::from_cookies(fields.into_iter()).unwrap().unwrap();
        assert_eq!((found.expires, found.signature, found.key_pair_id), (Some("1"), Some("s"), Some("K")));
        assert_eq!(Parameters::from_cookies([&b"Signature=1"[..]].into_iter()), Ok(None));
    }
}
