//! Requests that are refused before they are requests.

/// A status and the reason, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: u16,
    pub why: &'static str,
}

impl Refusal {
    pub const fn new(status: u16, why: &'static str) -> Self {
        Self { status, why }
    }
}

/// 400 (Bad Request).
pub(crate) const fn bad(why: &'static str) -> Refusal {
    Refusal::new(400, why)
}
