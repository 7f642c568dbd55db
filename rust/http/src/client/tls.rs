//! TLS to peers: which roots are trusted, which versions are spoken.

use std::sync::Arc;

use edgeplane_net::socket::Socket;
use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Failure, MinimumTls, Tls};

/// Trusted roots, made ready for both minimum versions. Shared by all workers, and with it the sessions to be resumed.
pub struct TlsRoots {
    tls12: Arc<ClientConfig>,
    tls13: Arc<ClientConfig>,
}

impl TlsRoots {
    /// The system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` where they are set). Reads files: not for a worker's thread.
    /// Roots that cannot be read are told of and left out.
    pub fn system() -> Result<Self, String> {
        let loaded = rustls_native_certs::load_native_certs();
        for error in &loaded.errors {
            tracing::warn!(%error, "a root certificate of the system cannot be read");
        }
        let mut roots = RootCertStore::empty();
        let (_taken, left) = roots.add_parsable_certificates(loaded.certs);
        if left > 0 {
            tracing::warn!(left, "root certificates of the system that are not understood");
        }
        Self::of(roots)
    }

    /// No roots: TLS is agreed on with nobody.
    pub fn none() -> Result<Self, String> {
        Self::of(RootCertStore::empty())
    }

    /// These roots; an error says that the library cannot do TLS at all.
    pub fn of(roots: RootCertStore) -> Result<Self, String> {
        let roots = Arc::new(roots);
        Ok(Self { tls12: config(&roots, &[&TLS13, &TLS12])?, tls13: config(&roots, &[&TLS13])? })
    }

    pub(super) async fn handshake(&self, tls: &Tls, tcp: Socket) -> Result<TlsStream<Socket>, Failure> {
        let config = match tls.minimum {
            MinimumTls::Tls12 => &self.tls12,
            MinimumTls::Tls13 => &self.tls13,
        };
        let handshake = TlsConnector::from(config.clone()).connect(tls.server_name.clone(), tcp);
        handshake.await.map_err(|error| Failure::Tls(error.to_string()))
    }
}

fn config(
    roots: &Arc<RootCertStore>,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Arc<ClientConfig>, String> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(versions).map_err(|error| error.to_string())?;
    let mut config = builder.with_root_certificates(roots.clone()).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
