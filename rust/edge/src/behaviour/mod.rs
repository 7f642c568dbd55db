//! Which behaviour serves a request, and under which key.
