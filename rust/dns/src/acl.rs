//! (acl)
