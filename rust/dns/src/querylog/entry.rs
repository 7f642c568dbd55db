//! One query in the log, and its line in the format of Route 53's query logs.

use std::fmt::Write;
use std::net::IpAddr;

use edgeplane_base::calendar::civil;
use edgeplane_geo::Prefix;

use crate::wire::{name, rtype};

/// Longest id of a hosted zone in octets (Route 53 API: `ResourceId`).
pub const MAX_ZONE_ID: usize = 32;

/// How a query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Over UDP.
    Udp,
    /// Over TCP.
    Tcp,
}

/// One answered query, without references, so that handing it over needs no memory.
#[derive(Clone)]
pub struct Entry {
    /// Milliseconds since 1970.
    pub time_ms: u64,
    zone: [u8; MAX_ZONE_ID],
    zone_len: u8,
    name: [u8; name::MAX_NAME],
    name_len: u8,
    /// Type asked for.
    pub rtype: u16,
    /// Response code, extended bits included.
    pub rcode: u16,
    /// How it came.
    pub transport: Transport,
    /// Source address.
    pub client: IpAddr,
    /// EDNS client subnet: address and source prefix length.
    pub subnet: Option<(IpAddr, u8)>,
}

impl Entry {
    /// An entry for the zone's id (`-` when empty; cut at 32 octets) and the name asked for, in uncompressed wire form.
    #[inline]
    pub fn new(time_ms: u64, zone: &[u8], qname: &[u8], client: IpAddr) -> Self {
        let mut entry = Self {
            time_ms,
            zone: [0; MAX_ZONE_ID],
            zone_len: 0,
            name: [0; name::MAX_NAME],
            name_len: 0,
            rtype: 0,
            rcode: 0,
            transport: Transport::Udp,
            client,
            subnet: None,
        };
        entry.zone_len = copy(&mut entry.zone, zone);
        entry.name_len = copy(&mut entry.name, qname);
        entry
    }

    /// Adds the line, its end included: version, time, zone id, name, type, response code, protocol, location of the
    /// answering node, resolver's address, client subnet.
    pub fn write_line(&self, location: &str, line: &mut String) {
        let zone = self.zone.get(..self.zone_len.into()).unwrap_or_default();
        let zone = std::str::from_utf8(zone).ok().filter(|id| !id.is_empty()).unwrap_or("-");
        line.push_str("1.0 ");
        push_time(self.time_ms, line);
        let _ = write!(line, " {zone} ");
        push_name(self.name.get(..self.name_len.into()).unwrap_or_default(), line);
        let protocol = match self.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        };
        let (rtype, rcode) = (rtype::to_text(self.rtype), Rcode(self.rcode));
        let _ = write!(line, " {rtype} {rcode} {protocol} {location} {} ", self.client);
        match self.subnet.and_then(|(address, length)| Prefix::new(address, length)) {
            Some(prefix) => drop(writeln!(line, "{prefix}")),
            None => line.push_str("-\n"),
        }
    }
}

/// Copies as much as fits and says how much.
#[inline]
fn copy(room: &mut [u8], octets: &[u8]) -> u8 {
    let len = octets.len().min(room.len()).min(255);
    if let (Some(room), Some(octets)) = (room.get_mut(..len), octets.get(..len)) {
        room.copy_from_slice(octets);
    }
    len as u8
}

/// Labels with dots between, without the last dot; anything that could break the line as `\ddd`.
fn push_name(wire: &[u8], line: &mut String) {
    let before = line.len();
    for label in name::labels(wire) {
        if line.len() > before {
            line.push('.');
        }
        for &octet in label {
            match octet {
                b'.' | b'\\' => line.extend(['\\', char::from(octet)]),
                0x21..=0x7e => line.push(char::from(octet)),
                _ => drop(write!(line, "\\{octet:03}")),
            }
        }
    }
    if line.len() == before {
        line.push('.');
    }
}

/// `2017-12-13T08:16:02.130Z`.
fn push_time(time_ms: u64, line: &mut String) {
    let (days, ms) = (time_ms / 86_400_000, time_ms % 86_400_000);
    let (year, month, day) = civil(days);
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    let _ = write!(line, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{:03}Z", ms / 1000 % 60, ms % 1000);
}

/// A response code by its IANA mnemonic.
struct Rcode(u16);

impl std::fmt::Display for Rcode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            0 => "NOERROR",
            1 => "FORMERR",
            2 => "SERVFAIL",
            3 => "NXDOMAIN",
            4 => "NOTIMP",
            5 => "REFUSED",
            9 => "NOTAUTH",
            16 => "BADVERS",
            23 => "BADCOOKIE",
            other => return write!(f, "RCODE{other}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(entry: &Entry, location: &str) -> String {
        let mut line = String::new();
        entry.write_line(location, &mut line);
        line
    }

    #[test]
    fn the_lines_of_the_route_53_guide() {
        let client = "192.168.1.1".parse().unwrap();
        let mut entry = Entry::new(1_513_152_962_130, b"Z123412341234", b"\x07example\x03com\0", client);
        entry.rtype = rtype::A;
        assert_eq!(
            line(&entry, "FRA6"),
            "1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com A NOERROR UDP FRA6 192.168.1.1 -\n"
        );
        entry.transport = Transport::Tcp;
        entry.rcode = 3;
        entry.rtype = 65_280;
        entry.subnet = Some(("198.51.100.77".parse().unwrap(), 24));
        assert_eq!(
            line(&entry, "-"),
            "1.0 2017-12-13T08:16:02.130Z Z123412341234 example.com TYPE65280 NXDOMAIN TCP - 192.168.1.1 198.51.100.0/24\n"
        );
    }

    #[test]
    fn the_root_and_no_zone_have_signs_of_their_own() {
        let entry = Entry::new(0, b"", b"\0", "::1".parse().unwrap());
        assert_eq!(line(&entry, "-"), "1.0 1970-01-01T00:00:00.000Z - . TYPE0 NOERROR UDP - ::1 -\n");
    }

    proptest! {
        #[test]
        fn any_entry_is_one_line_of_ten_fields(
            time_ms in 0u64..253_402_300_800_000, qname in prop::collection::vec(any::<u8>(), 0..300), rtype: u16, rcode in 0u16..4096,
            subnet: (u128, u8)
        ) {
            let mut entry = Entry::new(time_ms, b"Z1", &qname, IpAddr::V6(1.into()));
            (entry.rtype, entry.rcode) = (rtype, rcode);
            entry.subnet = Some((IpAddr::V6(subnet.0.into()), subnet.1));
            let line = line(&entry, "-");
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert_eq!(line.trim_end().split(' ').count(), 10);
            prop_assert!(line.is_ascii());
        }
    }
}
