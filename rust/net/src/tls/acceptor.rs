//! The handshake.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::server::{ResolvesServerCert, ServerSessionMemoryCache};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{StartHandshake, TlsAcceptor};

use super::certificates::ACME_TLS;
use super::fingerprint::{Fingerprints, HEARD};

/// Read at once while a ClientHello comes; most are shorter.
const PIECE: usize = 2_048;

/// How handshakes are made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Longest time that a handshake takes.
    pub patience: Duration,
    /// Protocols in the order in which we like them (RFC 7301).
    pub alpn: Vec<&'static str>,
    /// Sessions of TLS 1.2 remembered for clients without tickets, at about 200 octets each.
    pub sessions: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { patience: Duration::from_secs(10), alpn: vec!["h2", "http/1.1"], sessions: 4_096 }
    }
}

/// What a handshake agreed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: &'static str,
    /// As OpenSSL and access logs call it: `TLS_AES_128_GCM_SHA256`, `ECDHE-RSA-AES128-GCM-SHA256`.
    pub cipher: &'static str,
    /// The name that the client asked for, in lower case.
    pub server_name: Option<Arc<str>>,
    /// Whether a session was resumed.
    pub resumed: bool,
    /// Whether the protocol is HTTP/2 (`h2`); else it is HTTP/1.1.
    pub http2: bool,
    /// Of what the client said first, where that was asked for.
    pub fingerprints: Option<Arc<Fingerprints>>,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum HandshakeError {
    /// The client took too long.
    Slow,
    /// It was the question of an ACME server (RFC 8737), and is answered.
    Challenge,
    /// The client went away, or does not speak TLS as we do; rustls's sentence.
    Failed(io::Error),
}

/// Makes TLS connections; cheap to clone, one for all threads, so that tickets of one are good at the others.
#[derive(Clone)]
pub struct Acceptor {
    inner: TlsAcceptor,
    config: Arc<ServerConfig>,
    patience: Duration,
}

impl Acceptor {
    /// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption alone, tickets under keys that change every six
    /// hours, no early data (it could be replayed). The error is that of a system without randomness.
    pub fn new(certificates: Arc<dyn ResolvesServerCert>, settings: &Settings) -> Result<Self, rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_protocol_versions(&[&TLS13, &TLS12])?.with_no_client_auth();
        let mut config = builder.with_cert_resolver(certificates);
        config.alpn_protocols = settings.alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config.alpn_protocols.push(ACME_TLS.to_vec());
        config.ticketer = Ticketer::new()?;
        config.session_storage = ServerSessionMemoryCache::new(settings.sessions);
        config.max_early_data_size = 0;
        let config = Arc::new(config);
        Ok(Self { inner: TlsAcceptor::from(config.clone()), config, patience: settings.patience })
    }

    /// Shakes hands.
    pub async fn accept<IO>(&self, io: IO) -> Result<(TlsStream<IO>, Facts), HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.finish(self.inner.accept(io)).await
    }

    /// As `accept`, with fingerprints among the facts.
    pub async fn accept_and_tell<IO>(&self, io: IO) -> Result<(TlsStream<IO>, Facts), HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let mut fingerprints = None;
        let (stream, facts) = self.finish(self.overhear(io, &mut fingerprints)).await?;
        Ok((stream, Facts { fingerprints: fingerprints.map(Arc::new), ..facts }))
    }

    /// Reads the ClientHello itself, and hands all that was read to what shakes hands.
    async fn overhear<IO>(&self, mut io: IO, told: &mut Option<Fingerprints>) -> io::Result<TlsStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut acceptor, mut heard) = (rustls::server::Acceptor::default(), Vec::new());
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            piece.clear();
            if io.read_buf(&mut piece).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            heard.extend(piece.iter().take(HEARD.saturating_sub(heard.len())));
            feed(&mut acceptor, &piece)?;
            match acceptor.accept() {
                Ok(None) => {}
                Ok(Some(accepted)) => {
                    *told = Fingerprints::of(&heard);
                    drop((heard, piece));
                    return StartHandshake::from_parts(accepted, io).into_stream(self.config.clone()).await;
                }
                Err((why, mut alert)) => {
                    let mut octets = Vec::new();
                    alert.write_all(&mut octets)?;
                    io.write_all(&octets).await?;
                    io.flush().await?;
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
            }
        }
    }

    async fn finish<IO>(
        &self,
        handshake: impl Future<Output = io::Result<TlsStream<IO>>>,
    ) -> Result<(TlsStream<IO>, Facts), HandshakeError> {
        let shaken = tokio::time::timeout(self.patience, handshake).await;
        let stream = shaken.map_err(|_| HandshakeError::Slow)?.map_err(HandshakeError::Failed)?;
        let session = stream.get_ref().1;
        if session.alpn_protocol() == Some(ACME_TLS) {
            return Err(HandshakeError::Challenge);
        }
        let facts = facts(session);
        Ok((stream, facts))
    }
}

/// Hands octets over. What does not fit, of a message longer than any that is taken, is an error.
fn feed(acceptor: &mut rustls::server::Acceptor, mut octets: &[u8]) -> io::Result<()> {
    while !octets.is_empty() {
        if acceptor.read_tls(&mut octets)? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    Ok(())
}

fn facts(session: &ServerConnection) -> Facts {
    Facts {
        version: match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        },
        cipher: session.negotiated_cipher_suite().map_or("", |suite| cipher(suite.suite())),
        server_name: session.server_name().map(|name| name.to_ascii_lowercase().into()),
        resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
        http2: session.alpn_protocol() == Some(b"h2"),
        fingerprints: None,
    }
}

fn cipher(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        other => other.as_str().unwrap_or(""),
    }
}
