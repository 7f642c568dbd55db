//! What an operator sets about answering: `dns.settings` of the plan source and of the plan file.

use serde::{Deserialize, Serialize};

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
            udp_payload_size: 1232,
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
            responses_per_second: 200,
            slip: 2,
            ipv4_prefix: 24,
            ipv6_prefix: 56,
            table_size: 65_536,
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
        Self { idle_timeout_s: 10, connections: 4_096, connections_per_prefix: 64 }
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
