//! What is known of a stored response without its content.

use edgeplane_http::Fields;
use serde::{Deserialize, Serialize};

use super::{Lifetime, Now, Vary};

/// The part of a stored response that decisions need. After reading one from disk, `placed` sets it into this process's time;
/// until then it counts as stale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    /// 200 to 599; 206 for one of which only ranges are here.
    pub status: u16,
    /// End-to-end fields as stored, updated by 304s; always with a valid `Date`, never with `Age`.
    pub fields: Fields,
    /// Computed when it was stored or updated.
    pub lifetime: Lifetime,
    /// Which requests it answers.
    pub vary: Vary,
}

impl Stored {
    /// Whether it can be validated: a `Vary: *` never is.
    pub fn has_validator(&self) -> bool {
        !self.vary.is_star() && (self.fields.has("etag") || self.fields.has("last-modified"))
    }

    /// The same in the time of the process that read it from disk.
    #[must_use]
    pub fn placed(self, now: Now) -> Self {
        Self { lifetime: self.lifetime.placed(now), ..self }
    }

    /// Octets held, for limits and weights.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.fields.weight() + self.vary.weight()
    }
}
