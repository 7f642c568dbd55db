//! The client's side: connections to origins.
