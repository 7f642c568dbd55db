//! The client as rules see it: its request, its connection, where it is.

use std::net::{IpAddr, SocketAddr};

use edgeplane_geo::{Place, Prefix, Words};
use edgeplane_http::{Connection, Request};

use crate::plan::Places;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'v> {
    /// What was asked.
    pub request: &'v Request,
    /// How it came.
    pub connection: &'v Connection,
    /// The client: the connection's, or whom a trusted proxy names.
    pub client: SocketAddr,
    /// Where clients are, if that is known.
    pub places: Option<&'v Places>,
}

/// What is asked for, once what signs it is taken away and the default root object stands for `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The path as it was sent.
    pub path: &'a str,
    /// What stands after `?`.
    pub query: Option<&'a str>,
}

impl<'v> Viewer<'v> {
    /// A viewer; `trusted` are the proxies whose `X-Forwarded-For` is believed.
    pub fn new(
        request: &'v Request,
        connection: &'v Connection,
        trusted: &[Prefix],
        places: Option<&'v Places>,
    ) -> Self {
        Self { request, connection, client: client(request, connection.client, trusted), places }
    }

    /// What is known of where the client is.
    pub fn place(&self) -> Place {
        self.places.map(|places| places.of(self.client.ip())).unwrap_or_default()
    }

    /// The words for where the client is.
    pub(super) fn words(&self) -> Option<&'v Words> {
        self.places.and_then(|places| places.words(self.client.ip()))
    }

    /// `Host` as origins may see it: without a port, unless it is the one that the client connected to.
    pub fn authority(&self) -> &'v str {
        let host = self.request.host();
        let port = self.request.authority.get(host.len() + 1..).filter(|port| !port.starts_with('0'));
        let is_ours = port.is_some_and(|port| port.parse() == Ok(self.connection.local.port()));
        if is_ours { &self.request.authority } else { host }
    }

    /// Whether that has a port.
    pub fn says_port(&self) -> bool {
        self.authority().len() > self.request.host().len()
    }

    pub(super) fn user_agent(&self) -> &'v [u8] {
        self.request.fields.get("user-agent").unwrap_or_default()
    }
}

/// The last address in `X-Forwarded-For` that is not a trusted proxy's, as long as each one after it is; its port is not
/// known and counts as 0.
fn client(request: &Request, peer: SocketAddr, trusted: &[Prefix]) -> SocketAddr {
    if trusted.is_empty() || !is_trusted(peer.ip(), trusted) {
        return peer;
    }
    let Some(chain) = request.fields.combined("x-forwarded-for") else {
        return peer;
    };
    let mut found = peer;
    for hop in chain.rsplit(|&octet| octet == b',').map(<[u8]>::trim_ascii) {
        let Some(address) = str::from_utf8(hop).ok().and_then(|hop| hop.parse::<IpAddr>().ok()) else {
            return found;
        };
        found = SocketAddr::new(address.to_canonical(), 0);
        if !is_trusted(address, trusted) {
            return found;
        }
    }
    found
}

/// Whether one of the prefixes holds an address.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[Prefix]) -> bool {
    let address = address.to_canonical();
    let bits = if address.is_ipv4() { 32 } else { 128 };
    Prefix::new(address, bits).is_some_and(|lone| trusted.iter().any(|prefix| prefix.contains(&lone)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_see_no_port_but_the_listeners() {
        let local: SocketAddr = "192.0.2.80:8080".parse().unwrap();
        let connection = Connection { client: local, local, scheme: edgeplane_http::Scheme::Http, tls: None };
        let table = [
            ("cf.test", "cf.test"),
            ("cf.test:8080", "cf.test:8080"),
            ("cf.test:1337", "cf.test"),
            ("cf.test:80", "cf.test"),
            ("cf.test:08080", "cf.test"),
            ("cf.test:73616", "cf.test"),
            ("[2001:db8::1]:8080", "[2001:db8::1]:8080"),
            ("[2001:db8::1]:1", "[2001:db8::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("", ""),
        ];
        for (sent, seen) in table {
            let request = Request { authority: sent.into(), ..Request::default() };
            let viewer = Viewer::new(&request, &connection, &[], None);
            assert_eq!((viewer.authority(), viewer.says_port()), (seen, seen.ends_with("8080")), "{sent}");
        }
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let table = [
            ("10.0.0.1:5", "192.0.2.1", "192.0.2.1:0"),
            ("10.0.0.1:5", "203.0.113.9, 192.0.2.1, 10.0.0.2", "192.0.2.1:0"),
            ("10.0.0.1:5", "10.0.0.3", "10.0.0.3:0"),
            ("10.0.0.1:5", "192.0.2.1, unknown", "10.0.0.1:5"),
            ("10.0.0.1:5", "", "10.0.0.1:5"),
            ("[::ffff:10.0.0.1]:5", "2001:db8::1", "[2001:db8::1]:0"),
            ("192.0.2.7:5", "198.51.100.1", "192.0.2.7:5"),
        ];
        for (peer, chain, expected) in table {
            let mut request = Request::default();
            request.fields.push("X-Forwarded-For", chain);
            let seen = client(&request, peer.parse().unwrap(), &trusted);
            assert_eq!(seen, expected.parse().unwrap(), "{peer} {chain}");
        }
    }
}
