//! What a cache may do with a response and a request: pure decisions, each with a name.
