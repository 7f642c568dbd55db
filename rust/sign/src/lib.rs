//! Signed URLs and cookies, policies of CloudFront, Signature Version 4. Pure: no I/O, no clock of its own.

mod hex;
pub mod sigv4;
