//! (rrl)
