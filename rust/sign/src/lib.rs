//! Signed URLs and cookies, policies of CloudFront, Signature Version 4. Pure: no I/O, no clock of its own.
//!
//! ```text
//! query or cookies ─ Parameters ─┐
//! Url ───────────────────────────┴─► Verifier::claim ─► Claim: policy, key, signature ─ allows, check ─► Grant
//! url, expiry or policy ─ sign_canned, sign_custom ─► Signed ─► URL or cookies
//! ```

pub mod algorithm;
pub mod canned;
pub mod denied;
mod der;
mod ecdsa;
pub mod encoding;
mod hmac;
pub mod key;
pub mod network;
pub mod parameters;
mod pem;
pub mod policy;
pub mod presigned;
pub mod resource;
mod rsa;
pub mod signer;
pub mod sigv4;
#[cfg(test)]
mod tests;
pub mod url;
pub mod verifier;
pub mod wildcard;

pub use algorithm::HashAlgorithm;
pub use denied::Denied;
pub use key::{Key, SigningKey};
pub use network::Network;
pub use parameters::Parameters;
pub use policy::Policy;
pub use resource::Resource;
pub use signer::{Signed, sign_canned, sign_custom};
pub use url::Url;
pub use verifier::{Claim, Grant, Verifier};
pub use wildcard::Wildcard;
