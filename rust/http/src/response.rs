//! A response's head.

use crate::Fields;

/// Status and header fields. Content and its framing are handed over beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// 100 to 599.
    pub status: u16,
    /// Without those that belong to a connection (`Connection`, `Transfer-Encoding`, …) once it left the client's or entered
    /// the server's side; `Content-Length` is set by who frames the content.
    pub fields: Fields,
}

impl Response {
    /// A head without fields.
    pub fn new(status: u16) -> Self {
        Self { status, fields: Fields::new() }
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push(name, value);
        self
    }

    /// Whether the status forbids content (RFC 9110 section 6.4.1): 1xx, 204, 304.
    pub fn is_without_content(&self) -> bool {
        matches!(self.status, 100..=199 | 204 | 304)
    }
}

/// The reason phrase of a status (RFC 9110 section 15), or an empty one.
pub fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("")
}
