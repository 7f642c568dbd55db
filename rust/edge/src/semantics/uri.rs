//! References to the same origin (RFC 3986 section 5).

use edgeplane_http::{Request, Scheme};

/// Path and query of a reference, resolved against a request's target; none where its origin is another, or it is none.
pub fn resolve(request: &Request, reference: &str) -> Option<(String, Option<String>)> {
    let reference = reference.split('#').next().unwrap_or_default();
    let (authority, rest) = split(request.scheme, reference)?;
    if let Some(authority) = authority {
        let scheme = request.scheme;
        if !same_authority(scheme, authority, &request.authority) {
            return None;
        }
    }
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (rest, None),
    };
    Some(match (authority, path) {
        (Some(_), "") => ("/".to_owned(), query),
        (None, "") => (request.path.clone(), query.or_else(|| request.query.clone())),
        (_, path) if path.starts_with('/') => (without_dots(path), query),
        (_, path) => (without_dots(&merged(&request.path, path)), query),
    })
}

/// (authority, what follows it); none where the scheme is another.
fn split(scheme: Scheme, reference: &str) -> Option<(Option<&str>, &str)> {
    let after_scheme = match reference.split_once(':') {
        Some((name, rest)) if !name.contains(['/', '?']) => {
            let ours = if scheme == Scheme::Https { "https" } else { "http" };
            // `http:path` has no authority, and is refused like another scheme.
            (name.eq_ignore_ascii_case(ours) && rest.starts_with("//")).then_some(rest)?
        }
        _ => reference,
    };
    let Some(rest) = after_scheme.strip_prefix("//") else { return Some((None, after_scheme)) };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    Some((Some(authority), rest))
}

fn same_authority(scheme: Scheme, one: &str, other: &str) -> bool {
    let port = if scheme == Scheme::Https { ":443" } else { ":80" };
    let bare = |authority: &str| {
        let bare = authority.strip_suffix(port).or_else(|| authority.strip_suffix(':'));
        bare.unwrap_or(authority).to_ascii_lowercase()
    };
    bare(one) == bare(other)
}

/// Section 5.2.3.
fn merged(base: &str, path: &str) -> String {
    let end = base.rfind('/').map_or(0, |slash| slash + 1);
    [base.get(..end).unwrap_or("/"), path].concat()
}

/// Section 5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
        if last && matches!(segment, "." | "..") {
            kept.push("");
        }
    }
    ["/", &kept.join("/")].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::get;
    use proptest::prelude::*;

    #[test]
    fn references_of_the_rfc() {
        let base = Request { path: "/b/c/d;p".into(), query: Some("q".into()), ..get(&[]) };
        for (reference, expected) in [
            ("g", "/b/c/g"),
            ("./g", "/b/c/g"),
            ("g/", "/b/c/g/"),
            ("/g", "/g"),
            ("?y", "/b/c/d;p?y"),
            ("g?y", "/b/c/g?y"),
            ("#s", "/b/c/d;p?q"),
            ("g#s", "/b/c/g"),
            ("g?y#s", "/b/c/g?y"),
            (";x", "/b/c/;x"),
            ("", "/b/c/d;p?q"),
            (".", "/b/c/"),
            ("./", "/b/c/"),
            ("..", "/b/"),
            ("../", "/b/"),
            ("../g", "/b/g"),
            ("../..", "/"),
            ("../../g", "/g"),
            ("../../../g", "/g"),
            ("/./g", "/g"),
            ("/../g", "/g"),
            ("g.", "/b/c/g."),
            ("..g", "/b/c/..g"),
            ("./../g", "/b/g"),
            ("./g/.", "/b/c/g/"),
            ("g/./h", "/b/c/g/h"),
            ("g/../h", "/b/c/h"),
            ("g;x=1/../y", "/b/c/y"),
            ("g?y/../x", "/b/c/g?y/../x"),
            ("http://example.net/x?y", "/x?y"),
            ("HTTP://EXAMPLE.net:80", "/"),
            ("//example.net?z", "/?z"),
            ("g?a:b", "/b/c/g?a:b"),
        ] {
            let resolved = resolve(&base, reference).map(|(path, query)| match query {
                Some(query) => format!("{path}?{query}"),
                None => path,
            });
            assert_eq!(resolved.as_deref(), Some(expected), "{reference}");
        }
    }

    #[test]
    fn other_origins_are_none_of_ours() {
        for reference in [
            "https://example.net/",
            "http://example.com/",
            "//example.net:81/",
            "http://user@example.net/",
            "mailto:x",
            "http:g",
            "g:h",
        ] {
            assert_eq!(resolve(&get(&[]), reference), None, "{reference}");
        }
    }

    proptest! {
        #[test]
        fn paths_start_with_a_slash_and_have_no_dots(reference in "[./a?#:%\u{e9}-]{0,20}") {
            if let Some((path, _)) = resolve(&get(&[]), &reference) {
                prop_assert!(path.starts_with('/'));
                prop_assert!(!path.split('/').any(|segment| segment == "." || segment == ".."));
            }
        }
    }
}
