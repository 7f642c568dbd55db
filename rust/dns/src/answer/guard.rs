//! What stands between a stranger and the zones: access list, cookies, rate limit. Made from settings with a plan.

use std::sync::Arc;

use edgeplane_base::{Fault, Faults};

use crate::acl::Acl;
use crate::cookie::Cookies;
use crate::plan::{RrlSettings, Settings};
use crate::rrl::Rrl;

/// The protections of one plan; by default none.
#[derive(Default)]
pub struct Guard {
    /// Who may ask.
    pub acl: Acl,
    /// Server cookies, where they are on.
    pub cookies: Option<Arc<Cookies>>,
    /// Rate limit, where it is on.
    pub rrl: Option<Arc<Rrl>>,
    secret: Vec<u8>,
    limits: RrlSettings,
}

impl Guard {
    /// Protections as set. What did not change since `before` goes on with its counters and its secret.
    pub fn new(settings: &Settings, before: Option<&Self>) -> Result<Self, Faults> {
        let same = before.filter(|before| before.secret == settings.cookie_secret);
        let cookies = match same.and_then(|before| before.cookies.clone()) {
            _ if !settings.cookies => None,
            Some(cookies) => Some(cookies),
            None => Some(Arc::new(cookies(&settings.cookie_secret)?)),
        };
        let same = before.filter(|before| before.limits == settings.rrl);
        let rrl = match same.and_then(|before| before.rrl.clone()) {
            _ if !settings.rrl.enabled => None,
            Some(rrl) => Some(rrl),
            None => Some(Arc::new(Rrl::new(&settings.rrl)?)),
        };
        let acl = Acl::new(&settings.query_acl)?;
        Ok(Self { acl, cookies, rrl, secret: settings.cookie_secret.clone(), limits: settings.rrl.clone() })
    }
}

fn cookies(secret: &[u8]) -> Result<Cookies, Faults> {
    if !secret.is_empty() {
        return Cookies::new(secret);
    }
    let random = Cookies::random_secret()
        .map_err(|error| Fault::at("dns.cookies", format!("no secret could be made: {error}")))?;
    Cookies::new(&random)
}
