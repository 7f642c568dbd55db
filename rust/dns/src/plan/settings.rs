//! What an operator sets about answering: `dns.settings` of the plan source and of the plan file.

use edgeplane_base::{Fault, Faults, Limit};
use serde::{Deserialize, Serialize};

use crate::acl::{Acl, Cidrs};
use crate::cookie::Cookies;
use crate::limits;

/// Settings of the answering threads; every field has a default, so that a plan of the release before can be read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Largest UDP answer in octets (RFC 6891 section 6.2.5).
    pub udp_payload_size: u16,
    /// Whether DNS cookies are answered (RFC 7873).
    pub cookies: bool,
    /// The secret of server cookies: 16 octets, 32 with the one before in the second half, or empty for one made at start.
    #[serde(with = "serde_bytes")]
    pub cookie_secret: Vec<u8>,
    /// Name-server identifier (RFC 5001); empty means that NSID is not answered.
    pub nsid: String,
    /// Answer to CH TXT `id.server.` (RFC 4892); empty means REFUSED.
    pub id_server: String,
    /// Whether ANY gets one record set instead of all (RFC 8482).
    pub minimal_any: bool,
    /// Response rate limiting.
    pub rrl: RrlSettings,
    /// Prefixes that may ask; empty means everyone.
    pub query_acl: Vec<String>,
    /// Limits of TCP.
    pub tcp: TcpSettings,
    /// The query log, where one is wanted.
    pub query_log: Option<QueryLogSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            udp_payload_size: limits::UDP_PAYLOAD_SIZE.default as u16,
            cookies: true,
            cookie_secret: Vec::new(),
            nsid: String::new(),
            id_server: String::new(),
            minimal_any: true,
            rrl: RrlSettings::default(),
            query_acl: Vec::new(),
            tcp: TcpSettings::default(),
            query_log: None,
        }
    }
}

impl Settings {
    /// Whether a node could run with these settings; the faults name all that it could not.
    pub fn check(&self) -> Result<(), Faults> {
        let mut faults = Faults::default();
        for (limit, value) in self.numbers() {
            if let Err(message) = limit.check(value) {
                faults.push(Fault::at(limit.name, message));
            }
        }
        let texts = [
            Acl::new(&self.query_acl).map(|_| ()),
            Cidrs::parse("dns.rrl.exempt", &self.rrl.exempt).map(|_| ()),
            if self.cookie_secret.is_empty() { Ok(()) } else { Cookies::new(&self.cookie_secret).map(|_| ()) },
            self.query_log.as_ref().map_or(Ok(()), QueryLogSettings::check),
        ];
        faults.0.extend(texts.into_iter().filter_map(Result::err).flat_map(|found| found.0));
        faults.into_result(())
    }

    fn numbers(&self) -> [(&'static Limit, u64); 11] {
        let (rrl, tcp) = (&self.rrl, &self.tcp);
        [
            (&limits::UDP_PAYLOAD_SIZE, self.udp_payload_size.into()),
            (&limits::NSID_LENGTH, self.nsid.len() as u64),
            (&limits::ID_SERVER_LENGTH, self.id_server.len() as u64),
            (&limits::RRL_RATE, rrl.responses_per_second.into()),
            (&limits::RRL_SLIP, rrl.slip.into()),
            (&limits::RRL_IPV4_PREFIX, rrl.ipv4_prefix.into()),
            (&limits::RRL_IPV6_PREFIX, rrl.ipv6_prefix.into()),
            (&limits::RRL_TABLE_SIZE, rrl.table_size.into()),
            (&limits::TCP_IDLE_TIMEOUT_S, tcp.idle_timeout_s.into()),
            (&limits::TCP_CONNECTIONS, tcp.connections.into()),
            (&limits::TCP_CONNECTIONS_PER_PREFIX, tcp.connections_per_prefix.into()),
        ]
    }
}

impl QueryLogSettings {
    fn check(&self) -> Result<(), Faults> {
        if (0.0..=1.0).contains(&self.sample) {
            return Ok(());
        }
        Err(Faults::one("dns.query_log.sample", format!("is {}, but must be 0.0 to 1.0", self.sample)))
    }
}

/// Response rate limiting with NSD's defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RrlSettings {
    /// Whether answers are limited.
    pub enabled: bool,
    /// Answers of one kind a second and client prefix.
    pub responses_per_second: u32,
    /// Every n-th answer over the rate goes out truncated; 0 sends none.
    pub slip: u32,
    /// Bits of an IPv4 client that are counted together.
    pub ipv4_prefix: u8,
    /// Bits of an IPv6 client that are counted together.
    pub ipv6_prefix: u8,
    /// Number of counters.
    pub table_size: u32,
    /// Prefixes never limited.
    pub exempt: Vec<String>,
}

impl Default for RrlSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            responses_per_second: limits::RRL_RATE.default as u32,
            slip: limits::RRL_SLIP.default as u32,
            ipv4_prefix: limits::RRL_IPV4_PREFIX.default as u8,
            ipv6_prefix: limits::RRL_IPV6_PREFIX.default as u8,
            table_size: limits::RRL_TABLE_SIZE.default as u32,
            exempt: vec!["127.0.0.0/8".into(), "::1/128".into()],
        }
    }
}

/// Limits of TCP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TcpSettings {
    /// Seconds without a query after which a connection is closed (RFC 7766 section 6.2.3).
    pub idle_timeout_s: u32,
    /// Connections open at once.
    pub connections: u32,
    /// Connections open at once from one client prefix.
    pub connections_per_prefix: u32,
}

impl Default for TcpSettings {
    fn default() -> Self {
        Self {
            idle_timeout_s: limits::TCP_IDLE_TIMEOUT_S.default as u32,
            connections: limits::TCP_CONNECTIONS.default as u32,
            connections_per_prefix: limits::TCP_CONNECTIONS_PER_PREFIX.default as u32,
        }
    }
}

/// Where queries are logged and how many of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryLogSettings {
    /// The file.
    pub path: String,
    /// The share of queries that are written, 0.0 to 1.0.
    pub sample: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_can_be_run_with() {
        Settings::default().check().unwrap();
    }

    #[test]
    fn all_that_is_wrong_is_named() {
        let mut settings = Settings { udp_payload_size: 100, cookie_secret: vec![1; 5], ..Settings::default() };
        (settings.nsid, settings.id_server) = ("é".repeat(65), "a".repeat(256));
        settings.query_acl = vec!["10.0.0.0/33".into()];
        settings.rrl.exempt = vec!["x".into()];
        settings.rrl.table_size = 0;
        settings.query_log = Some(QueryLogSettings { path: "q.log".into(), sample: f64::NAN });
        let faults = settings.check().unwrap_err();
        let mut places: Vec<&str> = faults.0.iter().map(|fault| fault.place.as_str()).collect();
        places.sort_unstable();
        let expected = [
            "dns.cookie_secret",
            "dns.id_server",
            "dns.nsid",
            "dns.query_acl[0]",
            "dns.query_log.sample",
            "dns.rrl.exempt[0]",
            "dns.rrl.table_size",
            "dns.udp_payload_size",
        ];
        assert_eq!(places, expected, "{faults}");
    }
}
