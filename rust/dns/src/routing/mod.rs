//! (routing)
