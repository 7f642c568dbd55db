//! What a cache may do with a response and a request: pure decisions, each with a name. No clock, no socket, no file.
//!
//! ```text
//! request ─ is_plain, is_plainly_fresh ──────────────────────────► send what is stored            (the hit path: no allocation)
//!    │ no
//!    ├─ miss / reuse ─► Fresh · StaleWhileRevalidate · Validate · Fetch · Pass · OnlyIfCached
//!    │                                            │          │
//!    │                              conditions ─ origin ◄────┘
//!    │                      304: update   200…: store ─► Whole · Partial · Not      failure: on_error      unsafe: invalidates
//!    └─ preconditions ─► Full · NotModified · Range · NotSatisfiable · Failed ─► answer::…, age_s, CacheStatus
//! ```
//! On the hit path a stored response is sent if `is_plain(rules, request)`, `is_plainly_fresh(&stored.lifetime, now)` and
//! `stored.vary.matches(&asker)`. The first client of a fetch gets the fields that came; what is stored is what later
//! ones may have.
//!
//! Two rule sets: `Rules::Rfc9111` (RFC 9111, 9110, 9213, 5861, 8246) and `Rules::CloudFront` (its TTL and error table).

pub mod answer;
pub mod cache_control;
pub mod cache_status;
mod cloudfront;
pub mod collapse;
pub mod date;
pub mod error;
pub mod etag;
pub mod invalidation;
mod kept;
pub mod lifetime;
pub mod partial;
pub mod preconditions;
pub mod range;
mod reading;
pub mod reason;
pub mod reuse;
mod rfc9111;
pub mod rules;
#[cfg(test)]
pub(crate) mod sample;
pub mod stored;
pub mod storing;
pub mod surrogate;
pub mod targeted;
pub mod time;
mod uri;
pub mod validation;
pub mod vary;

pub use cache_status::{CacheStatus, Forward};
pub use collapse::may_collapse;
pub use error::{OriginFailure, error_ttl_s, on_error, supersedes};
pub use invalidation::{Target, invalidates};
pub use kept::{withheld, withheld_cookies};
pub use lifetime::{Lifetime, StaleUse, age_s, is_plainly_fresh};
pub use partial::Coverage;
pub use preconditions::{Precondition, preconditions};
pub use range::{ByteRange, ContentRange};
pub use reason::Reason;
pub use reuse::{Reuse, is_conditional, is_plain, miss, reuse};
pub use rules::{AgeField, CloudFrontRules, Rfc9111Rules, Rules};
pub use stored::Stored;
pub use storing::{Storing, store};
pub use time::Now;
pub use validation::{Update, conditions, freshen, update, without_conditions};
pub use vary::{Asker, Vary};
