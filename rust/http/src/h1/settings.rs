//! What an operator may set.

use super::limits;

/// Sizes in octets, times in seconds; the ranges stand in `limits`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Settings {
    pub head_size: usize,
    pub target_size: usize,
    pub fields: usize,
    pub content_size: u64,
    pub head_timeout_s: u32,
    pub keep_alive_timeout_s: u32,
    /// Octets a second.
    pub minimum_rate: u32,
    pub content_grace_s: u32,
    pub send_grace_s: u32,
    pub linger_s: u32,
    pub linger_size: u64,
    pub drain_size: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            head_size: limits::HEAD_SIZE.default as usize,
            target_size: limits::TARGET_SIZE.default as usize,
            fields: limits::FIELDS.default as usize,
            content_size: limits::CONTENT_SIZE.default,
            head_timeout_s: limits::HEAD_TIMEOUT_S.default as u32,
            keep_alive_timeout_s: limits::KEEP_ALIVE_TIMEOUT_S.default as u32,
            minimum_rate: limits::RATE.default as u32,
            content_grace_s: limits::CONTENT_GRACE_S.default as u32,
            send_grace_s: limits::SEND_GRACE_S.default as u32,
            linger_s: limits::LINGER_S.default as u32,
            linger_size: limits::LINGER_SIZE.default,
            drain_size: limits::DRAIN_SIZE.default,
        }
    }
}

impl Settings {
    /// What the read buffer may grow to: a whole head and a little more, so that a longer one is seen to be longer.
    pub(super) fn buffer_size(&self) -> usize {
        (limits::BUFFER_MAX_SIZE.default as usize).max(self.head_size + 1024)
    }
}
