//! CORS (WHATWG Fetch, section "CORS protocol").

use edgeplane_http::{Fields, Method, Request};
use edgeplane_sign::Wildcard;

/// What pages of other sites may do with the answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// `AccessControlAllowOrigins`.
    pub origins: Box<[OriginPattern]>,
    /// `AccessControlAllowCredentials`.
    pub credentials: bool,
    /// `Access-Control-Allow-Methods` of answers to OPTIONS; empty: not sent.
    pub methods: String,
    /// `Access-Control-Allow-Headers` of answers to OPTIONS; empty: not sent.
    pub headers: String,
    /// `Access-Control-Expose-Headers`; empty: not sent.
    pub expose: String,
    /// `Access-Control-Max-Age` of answers to OPTIONS, seconds.
    pub max_age_s: Option<u64>,
    /// Whether all this goes in place of the origin's; else it is for answers in which the origin says nothing of CORS.
    pub override_origin: bool,
}

/// An origin, in the sense of CORS, that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginPattern {
    /// `*`.
    Any,
    /// `https://www.example.net`, `http://*.example.net:8080`; without a scheme, any.
    Like {
        /// With its scheme.
        with_scheme: bool,
        /// Of the origin, or of what follows its scheme.
        pattern: Wildcard,
    },
}

const FIELDS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
];

impl OriginPattern {
    /// From the text in a policy.
    pub fn new(text: &str) -> Self {
        match text {
            "*" => Self::Any,
            _ => Self::Like { with_scheme: text.contains("://"), pattern: Wildcard::new(&text.to_ascii_lowercase()) },
        }
    }

    /// Whether an `Origin` is meant.
    pub fn matches(&self, origin: &[u8]) -> bool {
        let Self::Like { with_scheme, pattern } = self else {
            return true;
        };
        let origin = origin.to_ascii_lowercase();
        let host = origin.windows(3).position(|window| window == b"://").and_then(|at| origin.get(at + 3..));
        if *with_scheme { pattern.matches(&origin) } else { host.is_some_and(|host| pattern.matches(host)) }
    }
}

impl Cors {
    /// Changes the fields of an answer to a request that has `Origin`.
    pub fn apply(&self, request: &Request, fields: &mut Fields) {
        let Some(origin) = request.fields.get("origin") else {
            return;
        };
        if self.override_origin {
            fields.retain(|name, _| !FIELDS.iter().any(|field| field.as_bytes().eq_ignore_ascii_case(name)));
        } else if FIELDS.iter().any(|field| fields.has(field)) {
            return;
        }
        let any = self.origins.contains(&OriginPattern::Any) && !self.credentials;
        if !any {
            vary_by_origin(fields);
        }
        if !self.origins.iter().any(|pattern| pattern.matches(origin)) {
            return;
        }
        fields.push("Access-Control-Allow-Origin", if any { b"*" } else { origin });
        self.add_rights(request.method, fields);
    }

    fn add_rights(&self, method: Method, fields: &mut Fields) {
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                fields.push(name, value);
            }
        };
        add("Access-Control-Allow-Credentials", if self.credentials { "true" } else { "" });
        add("Access-Control-Expose-Headers", &self.expose);
        if method == Method::Options {
            add("Access-Control-Allow-Methods", &self.methods);
            add("Access-Control-Allow-Headers", &self.headers);
            add("Access-Control-Max-Age", &self.max_age_s.map(|seconds| seconds.to_string()).unwrap_or_default());
        }
    }
}

/// Caches behind this one must not give one origin's answer to another.
fn vary_by_origin(fields: &mut Fields) {
    let says = |member: &[u8]| member == b"*" || member.eq_ignore_ascii_case(b"origin");
    if !fields.members("vary").any(says) {
        fields.push("Vary", "Origin");
    }
}
