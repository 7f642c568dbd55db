//! What an unsafe request makes invalid (RFC 9111 section 4.4).

use edgeplane_http::{Fields, Request};

use super::uri;

/// A resource of the request's own origin of which every stored response is invalid, under whatever method and variant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Starts with `/`.
    pub path: String,
    /// Without `?`.
    pub query: Option<String>,
}

/// The target, `Location` and `Content-Location` of an unsafe request whose answer is no error; none of them twice.
pub fn invalidates(request: &Request, status: u16, fields: &Fields) -> Vec<Target> {
    if request.method.is_safe() || !(200..400).contains(&status) {
        return Vec::new();
    }
    let mut targets = vec![Target { path: request.path.clone(), query: request.query.clone() }];
    let named = ["location", "content-location"].into_iter().flat_map(|name| fields.get(name));
    let resolved = named.filter_map(|value| uri::resolve(request, std::str::from_utf8(value).ok()?.trim_ascii()));
    targets.extend(resolved.map(|(path, query)| Target { path, query }));
    targets.sort();
    targets.dedup();
    targets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semantics::sample::get;
    use edgeplane_http::Method;

    fn paths(method: Method, status: u16, fields: &[(&str, &str)]) -> Vec<String> {
        let request = Request { method, ..get(&[]) };
        invalidates(&request, status, &fields.iter().copied().collect()).into_iter().map(|target| target.path).collect()
    }

    #[test]
    fn unsafe_success_invalidates_what_it_names() {
        let named = [("Location", "/new"), ("Content-Location", "http://EXAMPLE.net/a/other"), ("X", "/x")];
        assert_eq!(paths(Method::Post, 201, &named), ["/a/b", "/a/other", "/new"]);
        assert_eq!(paths(Method::Patch, 302, &[("Location", "b?q")]), ["/a/b"]);
        assert_eq!(paths(Method::Delete, 204, &[("Location", "http://example.com/victim")]), ["/a/b"]);
        let search = Method::from_token(b"M-SEARCH").unwrap();
        assert_eq!(paths(search, 200, &named), ["/a/b", "/a/other", "/new"], "it is not known to be safe");
        assert_eq!(paths(Method::Put, 500, &named), [""; 0]);
        assert_eq!(paths(Method::Post, 404, &named), [""; 0]);
        assert_eq!(paths(Method::Get, 200, &named), [""; 0]);
        assert_eq!(paths(Method::Options, 200, &named), [""; 0]);
    }
}
