//! HTTP/1.1, the server's side (RFC 9112).
