//! Whom connections are made to: what makes two connections interchangeable.

use std::hash::{Hash, Hasher};

use rustls::pki_types::ServerName;

/// A server. Two connections to equal peers are interchangeable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    host: Box<str>,
    port: u16,
    tls: Option<Tls>,
    authority: Box<str>,
}

/// TLS to a peer. The certificate is always verified against `server_name`, which is also the SNI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    pub(super) server_name: ServerName<'static>,
    pub(super) minimum: MinimumTls,
}

/// The lowest version of TLS that is agreed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MinimumTls {
    /// TLS 1.2, and 1.3 where the peer speaks it.
    #[default]
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
}

impl Peer {
    /// A peer; the host is a name or an address in lower case, an IPv6 address without brackets.
    pub fn new(host: &str, port: u16, tls: Option<Tls>) -> Self {
        let authority = authority(host, port, tls.is_some()).into();
        Self { host: host.into(), port, tls, authority }
    }

    /// Name or address.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How TLS is spoken; none: it is not.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// What `Host` says of it: the port where it is not the scheme's own.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

/// What the rest is looked up by: peers that differ in TLS alone are few.
impl Hash for Peer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.authority.hash(state);
    }
}

fn authority(host: &str, port: u16, is_secure: bool) -> String {
    let usual = if is_secure { 443 } else { 80 };
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    if port == usual { host } else { format!("{host}:{port}") }
}

impl Tls {
    /// TLS with SNI and verification for a name or address; an error says that it is neither.
    pub fn new(server_name: &str, minimum: MinimumTls) -> Result<Self, String> {
        let parsed = ServerName::try_from(server_name.to_owned());
        let server_name = parsed.map_err(|_| format!("\"{server_name}\" is not a name that a certificate can have"))?;
        Ok(Self { server_name, minimum })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_port_is_not_said() {
        let tls = || Some(Tls::new("a.example", MinimumTls::Tls12).unwrap());
        for (host, port, tls, expected) in [
            ("a.example", 80, None, "a.example"),
            ("a.example", 443, None, "a.example:443"),
            ("a.example", 443, tls(), "a.example"),
            ("a.example", 80, tls(), "a.example:80"),
            ("2001:db8::1", 80, None, "[2001:db8::1]"),
            ("2001:db8::1", 8080, None, "[2001:db8::1]:8080"),
        ] {
            assert_eq!(Peer::new(host, port, tls).authority(), expected);
        }
    }
}
