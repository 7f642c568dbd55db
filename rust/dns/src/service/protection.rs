//! What serving threads ask about clients, made ready from the settings and replaced as a whole by a reload.

use std::net::IpAddr;
use std::sync::Arc;

use edgeplane_base::random::Random;
use edgeplane_base::{Fault, Faults};

use crate::acl::Acl;
use crate::cookie::{CookieState, Cookies};
use crate::error::Error;
use crate::metrics::Counters;
use crate::plan::Settings;
use crate::querylog::{Entry, Logged, QueryLog};
use crate::rrl::{Rrl, Verdict};

/// The protections and the query log of one service.
pub struct Protection {
    /// Who may ask.
    pub acl: Acl,
    /// Cookies, where they are answered.
    pub cookies: Option<Cookies>,
    /// Response rate limiting, where it is on.
    pub rrl: Option<Arc<Rrl>>,
    /// The query log, where one is wanted.
    pub query_log: Option<Arc<QueryLog>>,
    settings: Settings,
    /// Made at the first start; used while no secret is set.
    own_secret: [u8; 16],
}

impl Protection {
    /// Makes the settings ready for `threads` serving threads. What did not change is taken over from `before`: the
    /// counters of rate limiting, the secret made at start, the running query log.
    pub fn new(settings: &Settings, threads: usize, before: Option<&Self>) -> Result<Self, Error> {
        let own_secret = match before {
            Some(before) => before.own_secret,
            None => Cookies::random_secret().map_err(Error::system("read /dev/urandom"))?,
        };
        Ok(Self {
            acl: Acl::new(&settings.query_acl)?,
            cookies: cookies(settings, &own_secret)?,
            rrl: rrl(settings, before)?,
            query_log: query_log(settings, threads, before)?,
            settings: settings.clone(),
            own_secret,
        })
    }

    /// What to do with an answer over UDP; a good cookie shows that the address is not forged.
    #[inline]
    pub fn limit(&self, client: IpAddr, cookie: Option<CookieState>, kind_hash: u32, now_ms: u64) -> Verdict {
        match &self.rrl {
            Some(rrl) if cookie != Some(CookieState::Good) => rrl.verdict(client, kind_hash, now_ms),
            _ => Verdict::Send,
        }
    }

    /// Logs a query of the serving thread of that number, where there is a log; counts what finds no room.
    #[inline]
    pub fn log(&self, thread: usize, random: &mut Random, counters: &Counters, entry: impl FnOnce() -> Entry) {
        if let Some(log) = &self.query_log
            && log.log(thread, random, entry) == Logged::Dropped
        {
            counters.query_log_dropped.add(1);
        }
    }
}

fn cookies(settings: &Settings, own_secret: &[u8]) -> Result<Option<Cookies>, Faults> {
    let set = settings.cookie_secret.as_slice();
    let secret = if set.is_empty() { own_secret } else { set };
    settings.cookies.then(|| Cookies::new(secret)).transpose()
}

fn rrl(settings: &Settings, before: Option<&Protection>) -> Result<Option<Arc<Rrl>>, Faults> {
    if let Some(before) = before.filter(|before| before.settings.rrl == settings.rrl) {
        return Ok(before.rrl.clone());
    }
    settings.rrl.enabled.then(|| Rrl::new(&settings.rrl).map(Arc::new)).transpose()
}

fn query_log(settings: &Settings, threads: usize, before: Option<&Protection>) -> Result<Option<Arc<QueryLog>>, Error> {
    let Some(wanted) = &settings.query_log else {
        return Ok(None);
    };
    if !(0.0..=1.0).contains(&wanted.sample) {
        let message = format!("is {}, but must be 0.0 to 1.0", wanted.sample);
        return Err(Faults::from(Fault::at("dns.query_log.sample", message)).into());
    }
    let running = before.and_then(|before| before.query_log.as_ref());
    if let Some(log) = running.filter(|log| log.settings() == wanted) {
        return Ok(Some(log.clone()));
    }
    Ok(Some(Arc::new(QueryLog::start(wanted, &settings.nsid, threads)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::QueryLogSettings;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn good(protection: &Protection) -> [u8; 24] {
        let cookie = protection.cookies.as_ref().unwrap().server_cookie(CLIENT, [1; 8], 1_000_000);
        let mut option = [1; 24];
        option[8..].copy_from_slice(&cookie);
        option
    }

    #[test]
    fn a_reload_keeps_what_did_not_change() {
        let settings = Settings::default();
        let first = Protection::new(&settings, 1, None).unwrap();
        let changed = Settings { query_acl: vec!["10.0.0.0/8".into()], ..settings.clone() };
        let second = Protection::new(&changed, 1, Some(&first)).unwrap();
        let state = second.cookies.as_ref().unwrap().check(CLIENT, &good(&first), 1_000_000);
        assert_eq!(state, CookieState::Good);
        assert!(Arc::ptr_eq(first.rrl.as_ref().unwrap(), second.rrl.as_ref().unwrap()));
        assert!(first.acl.allows(CLIENT) && !second.acl.allows(CLIENT));
        let mut other_rate = settings;
        other_rate.rrl.responses_per_second = 7;
        let third = Protection::new(&other_rate, 1, Some(&second)).unwrap();
        assert!(!Arc::ptr_eq(third.rrl.as_ref().unwrap(), second.rrl.as_ref().unwrap()));
    }

    #[test]
    fn a_good_cookie_is_never_limited_and_a_bad_one_is() {
        let mut settings = Settings::default();
        settings.rrl.responses_per_second = 1;
        let protection = Protection::new(&settings, 1, None).unwrap();
        let held = |cookie| (0..10).any(|_| protection.limit(CLIENT, cookie, 1, 0) != Verdict::Send);
        assert!(!held(Some(CookieState::Good)));
        assert!(held(Some(CookieState::Bad)) && held(Some(CookieState::ClientOnly)) && held(None));
    }

    #[test]
    fn what_is_switched_off_is_off() {
        let mut settings = Settings { cookies: false, ..Settings::default() };
        settings.rrl.enabled = false;
        let protection = Protection::new(&settings, 1, None).unwrap();
        assert!(protection.cookies.is_none() && protection.rrl.is_none() && protection.query_log.is_none());
        assert_eq!(protection.limit(CLIENT, None, 1, 0), Verdict::Send);
    }

    #[test]
    fn wrong_settings_are_named() {
        let wrong = [
            Settings { cookie_secret: vec![1; 17], ..Settings::default() },
            Settings { query_acl: vec!["x".into()], ..Settings::default() },
            Settings { query_log: Some(QueryLogSettings { path: "x".into(), sample: 1.5 }), ..Settings::default() },
        ];
        for (settings, place) in wrong.iter().zip(["dns.cookie_secret", "dns.query_acl[0]", "dns.query_log.sample"]) {
            let error = Protection::new(settings, 1, None).err().unwrap();
            assert!(error.to_string().starts_with(place), "{error}");
        }
    }
}
