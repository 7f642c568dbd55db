//! (steering)
