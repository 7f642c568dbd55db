//! Routing policies and the health reader that they share.
