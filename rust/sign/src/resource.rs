//! `Resource` of a policy: a URL in which `*` and `?` hold within a section (Amazon CloudFront developer guide, "Values
//! that you specify in a custom policy").

use crate::{Url, Wildcard};

/// A pattern for each section of a URL: scheme, domain, path without its first `/`, query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    scheme: Wildcard,
    domain: Wildcard,
    path: Wildcard,
    query: Wildcard,
}

impl Resource {
    /// Reads `https://*.example.net/video/*`. Without a scheme any will do; a star at the end of the domain or the path
    /// takes in all that follows; the query begins after `\?`, since `?` alone is a wildcard. Every text is a pattern.
    pub fn parse(text: &str) -> Self {
        let (scheme, rest) = split_scheme(text);
        let (domain, rest) = match rest.split_once('/') {
            Some((domain, rest)) => (domain, Some(rest)),
            None => (rest, rest.ends_with('*').then_some("*")),
        };
        let (path, query) = split_query(rest.unwrap_or_default());
        let pattern = Wildcard::escaped;
        Self { scheme: pattern(scheme), domain: pattern(domain), path: pattern(path), query: pattern(query) }
    }

    /// Whether a URL is meant. A URL without a query counts as one with an empty query.
    pub fn matches(&self, url: &Url<'_>) -> bool {
        let path = url.path.strip_prefix('/').unwrap_or(url.path);
        self.scheme.matches(url.scheme)
            && self.domain.matches(url.authority)
            && self.path.matches(path)
            && self.query.matches(url.query.unwrap_or_default())
    }
}

/// Letters and wildcards before `://` are a scheme.
fn split_scheme(text: &str) -> (&str, &str) {
    let is_scheme = |part: &str| part.bytes().all(|octet| octet.is_ascii_alphabetic() || matches!(octet, b'*' | b'?'));
    text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).unwrap_or(("*", text))
}

fn split_query(rest: &str) -> (&str, &str) {
    let implied = if rest.ends_with('*') { "*" } else { "" };
    rest.split_once("\\?").unwrap_or((rest, implied))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(resource: &str, url: &str) -> bool {
        Resource::parse(resource).matches(&Url::parse(url).unwrap())
    }

    #[test]
    fn wildcards_stay_in_their_section() {
        let table = [
            ("*", "https://d.example.net/a/b?c", true),
            ("https://d.example.net/a.jpg", "https://d.example.net/a.jpg", true),
            ("https://d.example.net/a.jpg", "http://d.example.net/a.jpg", false),
            ("https://d.example.net/a.jpg", "https://d.example.net/a.jpg?x=1", false),
            ("*://d.example.net/a.jpg", "http://d.example.net/a.jpg", true),
            ("http*://d.example.net/a.jpg", "https://d.example.net/a.jpg", true),
            ("d.example.net/a.jpg", "https://d.example.net/a.jpg", true),
            ("https://*.example.net/a", "https://x.y.example.net/a", true),
            ("https://*/a", "https://d.example.net/b/a", false),
            ("https://d*", "https://d.example.net/b/a?x", true),
            ("https://d.example.net", "https://d.example.net/", true),
            ("https://d.example.net", "https://d.example.net/a", false),
            ("https://d.example.net/a/*", "https://d.example.net/a/b/c?d=e", true),
            ("https://d.example.net/a/*", "https://d.example.net/a/", true),
            ("https://d.example.net/a/*", "https://d.example.net/b/c", false),
            ("https://d.example.net/*.jpg", "https://d.example.net/a/b.jpg", true),
            ("https://d.example.net/*.jpg", "https://d.example.net/a/b.jpg?x=1", false),
            ("https://d.example.net/*.jpg", "https://d.example.net/x?b.jpg", false),
            (r"https://d.example.net/*.jpg\?*", "https://d.example.net/b.jpg?x=1", true),
            (r"https://d.example.net/a\?size=?", "https://d.example.net/a?size=m", true),
            (r"https://d.example.net/a\?size=?", "https://d.example.net/a?size=xl", false),
            (r"https://d.example.net/a\?size=*", "https://d.example.net/a", false),
            ("https://d.example.net/image?.png", "https://d.example.net/image7.png", true),
            ("https://d.example.net/image?.png", "https://d.example.net/image.png", false),
            ("https://d.example.net/A", "https://d.example.net/a", false),
            ("d.example.net/a?u=http://*", "https://d.example.net/axu=http://b", true),
        ];
        for (resource, url, expected) in table {
            assert_eq!(matches(resource, url), expected, "{resource} {url}");
        }
    }
}
