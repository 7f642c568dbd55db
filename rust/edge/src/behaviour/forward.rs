//! What the origin is asked (Amazon CloudFront developer guide, "Request and response behavior for custom origins" and
//! "Control origin requests with a policy").
//!
//! | field | what becomes of it |
//! |---|---|
//! | of the connection, named by `Connection`, `X-Edge-*`, `X-Amz-Cf-*`, `CloudFront-*`, `X-Forwarded-Proto`, `X-Real-IP`, `Expect` | taken away |
//! | `Host` | the origin's own name, unless it is forwarded; without a port that is not the listener's |
//! | `User-Agent` | `Amazon CloudFront`, unless it is forwarded |
//! | `Accept-Encoding` | what the key has of it, unless the policy knows no codings and it is forwarded |
//! | `Cookie`, query | those that are chosen, without what signs |
//! | `X-Forwarded-For`, `Via` | with what this hop adds |
//! | `X-Amz-Cf-Id` | of this request |
//! | `Content-*`, `Date`, `Warning`, `Max-Forwards`, `Cache-Control`, `Pragma` | goes on |
//! | `Range`, `If-*` | goes on where nothing is to be kept; the cache asks with its own; HEAD knows no ranges (RFC 9110 section 14.2) |
//! | `Authorization` | goes on with PUT, POST, PATCH, DELETE; else where it is forwarded |
//! | all others | where they are forwarded |

use std::io::Write;
use std::net::IpAddr;

use edgeplane_http::fields::is_of_a_connection;
use edgeplane_http::reply::push_decimal;
use edgeplane_http::{Fields, Framing, Method, Request};

use super::generated::{self, Generated};
use super::{Asked, Encodings, Selection, Viewer, cookies, query};
use crate::semantics::surrogate;

/// What goes to the origin: what the key has and what the origin request policy adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForwardRules {
    /// Header fields beside those of the key.
    pub headers: HeaderRule,
    /// Names of the fields in the key, in lower case.
    pub keyed: Box<[String]>,
    /// Fields that the edge makes.
    pub generated: Box<[Generated]>,
    /// Cookies.
    pub cookies: Selection,
    /// Query parameters.
    pub query: Selection,
    /// Whether the cache policy knows codings: then `Accept-Encoding` is what the key has.
    pub encodes: bool,
    /// Whether cookies that sign are taken away: the behaviour has trusted keys.
    pub signed: bool,
    /// Whether the origin is told that it may steer this cache by `Surrogate-Control`: RFC 9111 says what is kept.
    pub surrogate: bool,
}

/// Which of the viewer's header fields are forwarded. Names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderRule {
    /// `none`, `whitelist`.
    Listed(Box<[String]>),
    /// `allViewer`, and `*` of the older form.
    All,
    /// `allExcept`.
    AllExcept(Box<[String]>),
    /// The older form (`ForwardedValues`): those listed, and what is not in `OLDER_REMOVED`.
    Older(Box<[String]>),
}

impl Default for HeaderRule {
    fn default() -> Self {
        Self::Listed(Box::default())
    }
}

/// What a request to the origin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An object for the cache: whole, and with the cache's own conditions.
    Fill,
    /// An answer for this viewer alone, with its content, its range and its conditions.
    Pass,
}

/// Who this edge is, in one request.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'h> {
    /// `X-Amz-Cf-Id`.
    pub request_id: &'h str,
    /// The name in `Via`: a distribution's domain name.
    pub name: &'h str,
}

/// Never the viewer's own: made here, or not for origins.
const REPLACED: [&str; 12] = [
    "host",
    "content-length",
    "expect",
    "cookie",
    "accept-encoding",
    "proxy-authenticate",
    "proxy-authorization",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
    "user-agent",
];
/// To this the edge adds what it can do (Edge Architecture Specification 1.0).
const SURROGATE: &str = "surrogate-capability";
const ALWAYS: [&str; 6] = ["date", "warning", "max-forwards", "cache-control", "pragma", "request-range"];
const CONDITIONAL: [&str; 6] =
    ["range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"];
const OLDER_REMOVED: [&str; 6] =
    ["accept", "accept-charset", "accept-language", "origin", "referer", "x-http-method-override"];

/// Room for what most requests to origins have.
const USUAL_FIELDS: usize = 16;
const USUAL_OCTETS: usize = 512;

impl ForwardRules {
    /// The request to the origin. `authority` stays empty for the origin's own name, `scheme` is the viewer's; prefix of
    /// the path and fields of the origin are added by who fetches. `asked` and `encodings` are those of the key.
    pub fn outgoing(
        &self,
        viewer: &Viewer<'_>,
        asked: Asked<'_>,
        encodings: Encodings,
        purpose: Purpose,
        hop: Hop<'_>,
    ) -> Request {
        let request = viewer.request;
        let passes = purpose == Purpose::Pass;
        let mut fields = self.viewers_fields(request, purpose);
        self.add_own(viewer, encodings, hop, &mut fields);
        Request {
            method: request.method,
            scheme: viewer.connection.scheme,
            version: request.version,
            authority: if self.hands_on_host() { viewer.authority().to_owned() } else { String::new() },
            path: asked.path.to_owned(),
            query: query::select(asked.query, &self.query),
            fields,
            framing: if passes { request.framing } else { Framing::None },
            expects_continue: false,
            reused: false,
            upgrade: request.upgrade.clone().filter(|_| passes),
        }
    }

    /// Of the viewer's fields, those that go on as they are.
    fn viewers_fields(&self, request: &Request, purpose: Purpose) -> Fields {
        let named: Vec<&[u8]> = request.fields.members("connection").collect();
        let (mut fields, mut lower) = (Fields::with_capacity(USUAL_FIELDS, USUAL_OCTETS), String::new());
        for (name, value) in request.fields.iter() {
            lower.clear();
            lower.push_str(&String::from_utf8_lossy(name));
            lower.make_ascii_lowercase();
            if self.goes(&lower, request, purpose) && !named.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                fields.push(name, value);
            }
        }
        fields
    }

    fn goes(&self, name: &str, request: &Request, purpose: Purpose) -> bool {
        let passes = purpose == Purpose::Pass;
        if is_never_sent(name) {
            return false;
        }
        if CONDITIONAL.contains(&name) {
            return passes && !(request.method == Method::Head && name.ends_with("range"));
        }
        ALWAYS.contains(&name)
            || (passes && name.starts_with("content-"))
            || (passes && request.upgrade.is_some() && name.starts_with("sec-websocket-"))
            || self.takes(name, request.method)
    }

    /// Whether a field is forwarded by key or policy.
    fn takes(&self, name: &str, method: Method) -> bool {
        let is_in = |names: &[String]| names.iter().any(|listed| listed == name);
        let writes = name == "authorization" && !method.is_safe();
        writes
            || is_in(&self.keyed)
            || match &self.headers {
                HeaderRule::Listed(names) => is_in(names),
                HeaderRule::All => true,
                HeaderRule::AllExcept(names) => !is_in(names),
                HeaderRule::Older(names) => is_in(names) || !is_removed_by_older_form(name),
            }
    }

    /// Whether origins see what clients write in `Accept-Encoding`; else only what the key has of it.
    pub fn hands_on_codings(&self) -> bool {
        !self.encodes && self.takes("accept-encoding", Method::Get)
    }

    /// Whether origins, where an object is fetched, are told the same in a field whoever asks: `User-Agent`, `Cookie` and
    /// others where no policy forwards them. The name in lower case.
    pub fn is_kept_from_origins(&self, name: &str) -> bool {
        match name {
            "cookie" => self.cookies == Selection::None,
            "host" | "user-agent" | SURROGATE => !self.takes(name, Method::Get),
            "accept-encoding" | "x-forwarded-for" | "via" | "x-amz-cf-id" => false,
            _ if name.starts_with(generated::PREFIX) => {
                Generated::from_name(name).is_none_or(|header| !self.generated.contains(&header))
            }
            _ if is_never_sent(name) || CONDITIONAL.contains(&name) => true,
            _ => !ALWAYS.contains(&name) && !self.takes(name, Method::Get),
        }
    }

    /// Whether origins see the `Host` that clients ask for.
    pub fn hands_on_host(&self) -> bool {
        self.takes("host", Method::Get)
    }

    fn add_own(&self, viewer: &Viewer<'_>, encodings: Encodings, hop: Hop<'_>, fields: &mut Fields) {
        let request = viewer.request;
        let sent = |name| self.takes(name, request.method).then(|| request.fields.combined(name)).flatten();
        let (agent, coding) = (sent("user-agent"), sent("accept-encoding").filter(|_| !self.encodes));
        fields.push("User-Agent", agent.as_deref().unwrap_or(b"Amazon CloudFront"));
        fields.push("Accept-Encoding", coding.as_deref().unwrap_or(encodings.field().as_bytes()));
        if let Some(cookie) = cookies::select(&request.fields, &self.cookies, self.signed) {
            fields.push("Cookie", cookie);
        }
        let client = viewer.connection.client.ip().to_canonical();
        fields.push_with("X-Forwarded-For", |list| {
            begin_member(list, request, "x-forwarded-for");
            push_address(list, client);
        });
        fields.push_with("Via", |list| {
            begin_member(list, request, "via");
            for part in [generated::version(request.version), " ", hop.name, " (CloudFront)"] {
                list.extend_from_slice(part.as_bytes());
            }
        });
        fields.push("X-Amz-Cf-Id", hop.request_id);
        let mut value = Vec::new();
        for header in &self.generated {
            value.clear();
            if header.write(viewer, &mut value) {
                fields.push(header.name(), &value);
            }
        }
        if self.surrogate {
            fields.push("Surrogate-Capability", surrogate::CAPABILITY);
        }
    }
}

/// Whether what origins see in a field is not, or not only, what clients write there. The name in lower case.
pub fn is_made_here(name: &str) -> bool {
    is_never_sent(name) || CONDITIONAL.contains(&name) || name == SURROGATE
}

/// Fields that belong to a connection, are made here, or would pass off as made here.
fn is_never_sent(name: &str) -> bool {
    let prefixes = ["x-edge-", "x-amz-cf-", generated::PREFIX];
    is_of_a_connection(name.as_bytes())
        || REPLACED.contains(&name)
        || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

fn is_removed_by_older_form(name: &str) -> bool {
    let elsewhere = matches!(name, "host" | "user-agent" | "accept-encoding" | "authorization");
    elsewhere || OLDER_REMOVED.contains(&name)
}

/// Adds the values of a list field, to which one more comes.
fn begin_member(to: &mut Vec<u8>, request: &Request, name: &str) {
    let list = request.fields.combined(name).unwrap_or_default();
    to.extend_from_slice(&list);
    to.extend_from_slice(if list.is_empty() { b"" } else { b", " });
}

/// Adds an address. That of IPv4 goes by without `fmt`: every request to an origin has one.
fn push_address(to: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (place, octet) in address.octets().into_iter().enumerate() {
                to.extend_from_slice(if place == 0 { b"" } else { b"." });
                push_decimal(to, octet.into());
            }
        }
        // Writing to memory does not fail.
        IpAddr::V6(address) => drop(write!(to, "{address}")),
    }
}
