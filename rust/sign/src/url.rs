//! The URL that was asked for, in the sections that policies speak of.

use std::fmt;

/// A URL in pieces, without what signs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Url<'u> {
    /// `http` or `https`.
    pub scheme: &'u str,
    /// Host, with the port where one was given.
    pub authority: &'u str,
    /// From the first `/` on.
    pub path: &'u str,
    /// What stands after `?`, without the parameters that sign.
    pub query: Option<&'u str>,
}

impl<'u> Url<'u> {
    /// Takes an absolute URL apart; none where it is none, or has a fragment.
    pub fn parse(url: &'u str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let known = matches!(scheme, "http" | "https");
        if !known || rest.contains('#') || !rest.bytes().all(|octet| octet > b' ' && octet != 0x7F) {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end)?;
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        (!authority.is_empty()).then_some(Self {
            scheme,
            authority,
            path: if path.is_empty() { "/" } else { path },
            query,
        })
    }
}

impl fmt::Display for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)?;
        self.query.map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}
