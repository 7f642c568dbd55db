//! Whom connections are made to: what makes two connections interchangeable.

use std::fmt::Write;

use rustls::pki_types::ServerName;

/// A server. Two connections to equal peers are interchangeable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Peer {
    host: Box<str>,
    port: u16,
    tls: Option<Tls>,
}

/// TLS to a peer. The certificate is always verified against `server_name`, which is also the SNI.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tls {
    pub(super) server_name: ServerName<'static>,
    pub(super) minimum: MinimumTls,
}

/// The lowest version of TLS that is agreed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
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
        Self { host: host.into(), port, tls }
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
    pub fn authority(&self) -> String {
        let usual = if self.tls.is_some() { 443 } else { 80 };
        let (opening, closing) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        let mut authority = String::with_capacity(self.host.len() + "[]:65535".len());
        [opening, &self.host, closing].into_iter().for_each(|part| authority.push_str(part));
        if self.port != usual {
            // Writing to memory does not fail.
            let _ = write!(authority, ":{}", self.port);
        }
        authority
    }
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
