//! (cookie)
