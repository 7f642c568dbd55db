//! (udp)
