//! Response headers policies: what answers get and lose (Amazon CloudFront developer guide, "Understand response headers
//! policies").

mod cors;
mod server_timing;
#[cfg(test)]
mod tests;

pub use cors::{Cors, OriginPattern};
pub use server_timing::{Served, ServerTiming, Upstream};

use edgeplane_base::random::Random;
use edgeplane_http::{Fields, Request, Response};

/// A policy, compiled. Taking away comes first, then CORS, then security and custom fields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResponseHeaders {
    /// Fields of the origin that are taken away.
    pub remove: Box<[String]>,
    /// CORS.
    pub cors: Option<Cors>,
    /// Security headers and custom headers.
    pub set: Box<[SetHeader]>,
    /// `Server-Timing` in this share of the answers, 0 to 1; none: never.
    pub server_timing: Option<f64>,
    /// Whether answers differ by CORS alone; `compiled` finds out.
    pub is_fixed: bool,
}

/// Fields that each answer gets anew.
const EACH_TIME: [&str; 7] = ["age", "cache-status", "date", "via", "x-amz-cf-id", "x-amz-cf-pop", "x-cache"];

/// A field that answers get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Whether it goes in place of the origin's; else it is for answers that have none.
    pub override_origin: bool,
}

impl ResponseHeaders {
    /// Changes an answer for the request that it goes to.
    pub fn apply(&self, request: &Request, response: &mut Response) {
        self.apply_fixed(&mut response.fields);
        self.apply_cors(request, &mut response.fields);
    }

    /// What does not depend on the request: all but CORS.
    pub fn apply_fixed(&self, fields: &mut Fields) {
        fields.retain(|name, _| !self.remove.iter().any(|removed| removed.as_bytes().eq_ignore_ascii_case(name)));
        for header in &self.set {
            if header.override_origin || !fields.has(&header.name) {
                fields.set(&header.name, &header.value);
            }
        }
    }

    /// What depends on `Origin`: CORS. Nothing for a request without it.
    pub fn apply_cors(&self, request: &Request, fields: &mut Fields) {
        if let Some(cors) = &self.cors {
            cors.apply(request, fields);
        }
    }

    /// Whether an answer to this request can be made from a head that was changed before: the request asks for no CORS, no
    /// answer is measured, and none of the fields that every answer gets anew is meant.
    pub fn is_fixed_for(&self, request: &Request) -> bool {
        self.is_fixed && !(self.cors.is_some() && request.fields.has("origin"))
    }

    /// Sets `is_fixed` by what the policy says.
    #[must_use]
    pub fn compiled(mut self) -> Self {
        let names = self.remove.iter().chain(self.set.iter().map(|header| &header.name));
        let meant = names.filter(|name| EACH_TIME.iter().any(|each| name.eq_ignore_ascii_case(each))).count();
        self.is_fixed = self.server_timing.is_none() && meant == 0;
        self
    }

    /// Whether any answer gets `Server-Timing`.
    pub fn may_want_timing(&self) -> bool {
        self.server_timing.is_some()
    }

    /// Whether an answer gets `Server-Timing`: by chance, or because `Pragma: server-timing` asks for it.
    pub fn wants_timing(&self, request: &Request, random: &mut Random) -> bool {
        const PARTS: u32 = 1_000_000;
        let Some(share) = self.server_timing else {
            return false;
        };
        let asks = || request.fields.members("pragma").any(|member| member.eq_ignore_ascii_case(b"server-timing"));
        f64::from(random.below(PARTS)) < share * f64::from(PARTS) || asks()
    }
}
