//! Which hosts an origin may have, and which addresses may be connected to (server-side request forgery).
//!
//! Addresses are judged, not names: whatever a name resolves to is vetted, and what was vetted is connected to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use edgeplane_geo::Prefix;

/// Ranges that are not for origins (IANA's registries of special-purpose addresses), and what they are for.
const SPECIAL: [(&str, &str); 30] = [
    ("0.0.0.0/8", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by carriers"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "for protocols"),
    ("192.0.2.0/24", "for documentation"),
    ("192.88.99.0/24", "a 6to4 relay"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "loopback"),
    ("::/96", "IPv4-compatible"),
    ("64:ff9b:1::/48", "translated within a site"),
    ("100::/64", "discarded"),
    ("100:0:0:1::/64", "discarded"),
    ("2001::/23", "for protocols"),
    ("2001:db8::/32", "for documentation"),
    ("2002::/16", "6to4"),
    ("3fff::/20", "for documentation"),
    ("5f00::/16", "for segment routing"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "site-local"),
    ("ff00::/8", "multicast"),
];

/// The global unicast space of IPv6; outside of it nothing is for origins, known purpose or not.
const GLOBAL_UNICAST: (u128, u32) = (0x2000 << 112, 3);
/// NAT64's well-known prefix: the last 32 bits are the IPv4 address that is reached.
const NAT64: (u128, u32) = (0x0064_ff9b << 96, 96);

static RANGES: LazyLock<Vec<(Prefix, &str)>> =
    LazyLock::new(|| SPECIAL.iter().filter_map(|(range, why)| Some((range.parse().ok()?, *why))).collect());

/// Judges addresses.
#[derive(Debug, Default)]
pub struct Vetting {
    allowed: Vec<Prefix>,
}

impl Vetting {
    /// With `allow_private_origins`: ranges that are admitted whatever they are for.
    pub fn new(allowed: Vec<Prefix>) -> Self {
        Self { allowed }
    }

    /// Whether an address may be connected to; if not, what it is for. An IPv4 address written in IPv6, and one behind
    /// NAT64, is judged as the IPv4 address.
    pub fn check(&self, address: IpAddr) -> Result<(), &'static str> {
        let meant = reached(address);
        if self.allowed.iter().any(|range| is_in(meant, range)) {
            return Ok(());
        }
        match purpose(meant) {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }

    /// Whether an address may be connected to.
    pub fn admits(&self, address: IpAddr) -> bool {
        self.check(address).is_ok()
    }
}

/// What the range is for that holds the address; none for addresses that anybody may have.
fn purpose(address: IpAddr) -> Option<&'static str> {
    let special = RANGES.iter().find(|(range, _)| is_in(address, range)).map(|(_, why)| *why);
    let IpAddr::V6(v6) = address else { return special };
    special.or_else(|| (!is_within(v6, GLOBAL_UNICAST)).then_some("not global"))
}

fn is_in(address: IpAddr, range: &Prefix) -> bool {
    Prefix::new(address, range.length()).as_ref() == Some(range)
}

/// The address that a packet in the end reaches.
fn reached(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.to_ipv4_mapped() {
        Some(v4) => v4.into(),
        None if is_within(v6, NAT64) => Ipv4Addr::from(u128::from(v6) as u32).into(),
        None => address,
    }
}

fn is_within(address: Ipv6Addr, (range, length): (u128, u32)) -> bool {
    (u128::from(address) ^ range) >> (128 - length) == 0
}

/// The host of an origin: a name in lower case, or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    name: String,
    address: Option<IpAddr>,
}

impl Host {
    /// Reads `DomainName`. Addresses are written the usual way alone: `127.1`, `0x7f000001`, `2130706433` and `0177.0.0.1`
    /// are refused rather than guessed at.
    pub fn parse(written: &str) -> Result<Self, String> {
        let bare = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(written);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self { name: address.to_string(), address: Some(address) });
        }
        let name = written.strip_suffix('.').unwrap_or(written).to_ascii_lowercase();
        match fault(&name) {
            Some(why) => Err(format!("\"{written}\" {why}")),
            None => Ok(Self { name, address: None }),
        }
    }

    /// Name or address.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address, where it is written as one.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// What is wrong with a name (RFC 1123 section 2.1, with underscores; the WHATWG's "ends in a number").
fn fault(name: &str) -> Option<&'static str> {
    let is_label = |label: &str| {
        let octets = label.as_bytes();
        let taken = octets.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'));
        (1..=63).contains(&octets.len()) && taken && octets.first() != Some(&b'-') && octets.last() != Some(&b'-')
    };
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Some("is no host name");
    }
    name.rsplit('.').next().is_some_and(is_number).then_some("is a number in disguise, not a host name")
}

/// Decimal, octal or hexadecimal.
fn is_number(label: &str) -> bool {
    let hexadecimal =
        label.strip_prefix("0x").is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    hexadecimal || label.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests;
