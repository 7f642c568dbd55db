//! (querylog)
