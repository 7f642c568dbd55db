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

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::cookie::CookieState;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    fn good(guard: &Guard) -> [u8; 24] {
        let cookie = guard.cookies.as_ref().unwrap().server_cookie(CLIENT, [1; 8], 1_000_000);
        let mut option = [1; 24];
        option[8..].copy_from_slice(&cookie);
        option
    }

    #[test]
    fn a_reload_keeps_what_did_not_change() {
        let settings = Settings::default();
        let first = Guard::new(&settings, None).unwrap();
        let changed = Settings { query_acl: vec!["10.0.0.0/8".into()], ..settings.clone() };
        let second = Guard::new(&changed, Some(&first)).unwrap();
        let state = second.cookies.as_ref().unwrap().check(CLIENT, &good(&first), 1_000_000);
        assert_eq!(state, CookieState::Good);
        assert!(Arc::ptr_eq(first.rrl.as_ref().unwrap(), second.rrl.as_ref().unwrap()));
        assert!(first.acl.allows(CLIENT) && !second.acl.allows(CLIENT));
        let mut other_rate = settings;
        other_rate.rrl.responses_per_second = 7;
        let third = Guard::new(&other_rate, Some(&second)).unwrap();
        assert!(!Arc::ptr_eq(third.rrl.as_ref().unwrap(), second.rrl.as_ref().unwrap()));
    }

    #[test]
    fn what_is_switched_off_is_off() {
        let mut settings = Settings { cookies: false, ..Settings::default() };
        settings.rrl.enabled = false;
        let guard = Guard::new(&settings, None).unwrap();
        assert!(guard.cookies.is_none() && guard.rrl.is_none());
    }

    #[test]
    fn wrong_settings_are_named() {
        let secret = Settings { cookie_secret: vec![1; 17], ..Settings::default() };
        let acl = Settings { query_acl: vec!["x".into()], ..Settings::default() };
        for (settings, place) in [(secret, "dns.cookie_secret"), (acl, "dns.query_acl[0]")] {
            let faults = Guard::new(&settings, None).err().unwrap();
            assert!(faults.to_string().starts_with(place), "{faults}");
        }
    }
}
