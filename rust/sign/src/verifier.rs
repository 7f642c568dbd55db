//! Who signed what, and whether that opens the door.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::{Denied, HashAlgorithm, Key, Parameters, Policy, Url, canned, encoding};

/// The keys that are trusted at one place, by id.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    keys: HashMap<Arc<str>, Arc<Key>>,
}

/// What a signature opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Unix seconds.
    pub expires: u64,
    /// The key that signed.
    pub key_id: Arc<str>,
}

impl Verifier {
    /// From ids and keys.
    pub fn new(keys: impl IntoIterator<Item = (Arc<str>, Arc<Key>)>) -> Self {
        Self { keys: keys.into_iter().collect() }
    }

    /// Ids of the keys.
    pub fn key_ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.keys.keys()
    }

    /// Whether a key is one of them.
    pub fn trusts(&self, id: &str) -> bool {
        self.keys.contains_key(id)
    }

    /// Whether a request for `url` (without what signs it) is allowed to a client at a time in Unix seconds. What costs
    /// least is looked at first, the signature last.
    pub fn verify(
        &self,
        url: &Url<'_>,
        parameters: &Parameters<'_>,
        now_s: u64,
        client: IpAddr,
    ) -> Result<Grant, Denied> {
        let claim = self.claim(url, parameters)?;
        claim.policy.allows(url, now_s, client)?;
        claim.check()?;
        Ok(claim.grant())
    }

    /// Reads what is claimed, and believes nothing yet.
    pub fn claim(&self, url: &Url<'_>, parameters: &Parameters<'_>) -> Result<Claim<'_>, Denied> {
        let (key_id, key) = self.key(parameters.key_pair_id.ok_or(Denied::MissingKey)?)?;
        let hash = parameters.hash()?;
        if !key.can(hash) {
            return Err(Denied::UnknownAlgorithm);
        }
        let signature = parameters.signature.and_then(encoding::decode).ok_or(Denied::MalformedSignature)?;
        let (policy, signed) = policy(url, parameters)?;
        Ok(Claim { policy, key_id, key, hash, signed, signature })
    }

    pub(crate) fn key(&self, id: &str) -> Result<(&Arc<str>, &Key), Denied> {
        self.keys.get_key_value(id).map(|(id, key)| (id, &**key)).ok_or(Denied::UnknownKey)
    }
}

/// The policy and the octets that were signed.
fn policy(url: &Url<'_>, parameters: &Parameters<'_>) -> Result<(Policy, Vec<u8>), Denied> {
    match (parameters.policy, parameters.expires) {
        (Some(_), Some(_)) => Err(Denied::Ambiguous),
        (None, None) => Err(Denied::MalformedPolicy),
        (Some(encoded), None) => {
            let signed = encoding::decode(encoded).ok_or(Denied::MalformedPolicy)?;
            Ok((Policy::parse(&signed)?, signed))
        }
        (None, Some(expires)) => {
            let number = expires.parse().ok().filter(|ends: &u64| ends.to_string() == expires);
            let ends = number.ok_or(Denied::MalformedPolicy)?;
            Ok((Policy::until(ends), canned::policy(&url.to_string(), ends).into_bytes()))
        }
    }
}

/// A policy that somebody says a key has signed.
#[derive(Debug)]
pub struct Claim<'k> {
    /// What would be granted.
    pub policy: Policy,
    key_id: &'k Arc<str>,
    key: &'k Key,
    hash: HashAlgorithm,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Claim<'_> {
    /// Whether the key has.
    pub fn check(&self) -> Result<(), Denied> {
        let right = self.key.verify(self.hash, &self.signed, &self.signature);
        right.then_some(()).ok_or(Denied::WrongSignature)
    }

    /// What it is worth once it is checked.
    pub fn grant(&self) -> Grant {
        Grant { expires: self.policy.ends, key_id: self.key_id.clone() }
    }
}
