//! The certificates of a node: loaded from PEM files, exchanged as a whole, joined by what is made at run time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use edgeplane_base::fault::{Fault, Faults};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::leaf::Leaf;
use super::table::Table;

/// The protocol by which an ACME server asks for a challenge (RFC 8737).
pub(super) const ACME_TLS: &[u8] = b"acme-tls/1";

/// A certificate chain and its key, each a PEM file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// End-entity certificate first, then the intermediate ones.
    pub certificate: PathBuf,
    /// PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// Certificates by name, for handshakes on all threads. A handshake sees one whole set, the old or the new.
#[derive(Debug)]
pub struct Certificates {
    table: ArcSwap<Table>,
    sources: Mutex<Sources>,
    challenges: ArcSwap<HashMap<String, Arc<CertifiedKey>>>,
    provider: CryptoProvider,
}

/// What the table is made from.
#[derive(Debug, Default)]
struct Sources {
    loaded: Table,
    put: Vec<(Vec<String>, Arc<CertifiedKey>)>,
}

/// What the files of a node gave.
#[derive(Default)]
struct Read {
    table: Table,
    faults: Faults,
    warnings: Faults,
    lacks_first: bool,
}

impl Default for Certificates {
    fn default() -> Self {
        Self {
            table: ArcSwap::default(),
            sources: Mutex::default(),
            challenges: ArcSwap::default(),
            provider: default_provider(),
        }
    }
}

impl Certificates {
    /// Reads all files, in order: the first certificate answers clients whose name nobody has. `now` in Unix seconds.
    /// Gives the certificates and what is doubtful about them; or every fault. Blocks on files.
    pub fn load(pairs: &[Pair], now: i64) -> Result<(Self, Faults), Faults> {
        let certificates = Self::default();
        let warnings = certificates.reload(pairs, now)?;
        Ok((certificates, warnings))
    }

    /// Like `load`, without those that cannot be used. Gives what is wrong with them, and what is doubtful about others. Where
    /// the first one is missing, no other answers in its place.
    pub fn load_usable(pairs: &[Pair], now: i64) -> (Self, Faults, Faults) {
        let certificates = Self::default();
        let mut read = certificates.read_all(pairs, now);
        if read.lacks_first {
            read.table.forget_default();
        }
        certificates.change(|sources| sources.loaded = read.table);
        (certificates, read.faults, read.warnings)
    }

    /// Reads all files anew and takes them in place of those loaded before; on a fault, nothing changes.
    pub fn reload(&self, pairs: &[Pair], now: i64) -> Result<Faults, Faults> {
        let read = self.read_all(pairs, now);
        read.faults.into_result(())?;
        self.change(|sources| sources.loaded = read.table);
        Ok(read.warnings)
    }

    /// Takes a certificate that was made at run time, in place of all others for its names; it outlives `reload`.
    pub fn put(&self, chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<(), String> {
        let (leaf, key) = self.certify(chain, key)?;
        self.change(|sources| {
            sources.put.retain(|(names, _)| *names != leaf.names);
            sources.put.push((leaf.names, key));
        });
        Ok(())
    }

    /// Answers TLS-ALPN-01 challenges (RFC 8737) for a name with this certificate; none: no longer.
    pub fn challenge(&self, name: &str, key: Option<Arc<CertifiedKey>>) {
        self.challenges.rcu(|challenges| {
            let mut challenges = HashMap::clone(challenges);
            match &key {
                Some(key) => challenges.insert(name.to_ascii_lowercase(), key.clone()),
                None => challenges.remove(&name.to_ascii_lowercase()),
            };
            challenges
        });
    }

    fn change(&self, change: impl FnOnce(&mut Sources)) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut sources);
        let mut table = sources.loaded.clone();
        sources.put.iter().for_each(|(names, key)| table.replace(names, key));
        self.table.store(Arc::new(table));
    }

    fn read_all(&self, pairs: &[Pair], now: i64) -> Read {
        let mut all = Read::default();
        for (number, pair) in pairs.iter().enumerate() {
            match self.read(pair) {
                Ok((leaf, key)) => {
                    all.warnings.0.extend(doubt(pair, &leaf, now));
                    all.table.add(&leaf.names, &key);
                }
                Err(fault) => {
                    all.lacks_first |= number == 0;
                    all.faults.push(fault);
                }
            }
        }
        all
    }

    fn read(&self, pair: &Pair) -> Result<(Leaf, Arc<CertifiedKey>), Fault> {
        let chain = read_chain(&pair.certificate)?;
        let key = read_key(&pair.key)?;
        let place = pair.certificate.display().to_string();
        self.certify(chain, key).map_err(|why| match why.as_str() {
            KEY_UNKNOWN => Fault::at(pair.key.display().to_string(), why),
            KEY_MISMATCH => Fault::at(place, format!("{why}: {}", pair.key.display())),
            _ => Fault::at(place, why),
        })
    }

    fn certify(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(Leaf, Arc<CertifiedKey>), String> {
        let leaf = chain.first().and_then(|der| Leaf::read(der)).ok_or("the first certificate cannot be read")?;
        if leaf.names.is_empty() && leaf.addresses == 0 {
            return Err("the certificate names no host: it has no subjectAltName of a DNS name or an address".into());
        }
        let key = self.provider.key_provider.load_private_key(key).map_err(|_| KEY_UNKNOWN)?;
        let key = CertifiedKey::new(chain, key);
        match key.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok((leaf, Arc::new(key))),
            Err(Error::InconsistentKeys(_)) => Err(KEY_MISMATCH.into()),
            Err(why) => Err(format!("the certificate cannot be used: {why}")),
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        if hello.alpn().is_some_and(|mut protocols| protocols.any(|protocol| protocol == ACME_TLS)) {
            return self.challenges.load().get(name?).cloned();
        }
        self.table.load().choose(name, hello.signature_schemes())
    }
}

const KEY_UNKNOWN: &str = "the private key is of no kind that can be used: RSA of 2,048 bits or more, ECDSA or Ed25519";
const KEY_MISMATCH: &str = "the certificate does not belong to the key";

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let place = || path.display().to_string();
    let text = std::fs::read(path).map_err(|why| Fault::at(place(), format!("cannot be read: {why}")))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(Fault::at(place(), "holds no certificate in PEM form")),
        Ok(chain) => Ok(chain),
        Err(why) => Err(Fault::at(place(), format!("is not PEM: {why}"))),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, Fault> {
    let place = || path.display().to_string();
    let text = std::fs::read(path).map_err(|why| Fault::at(place(), format!("cannot be read: {why}")))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|why| match why {
        pem::Error::NoItemsFound => Fault::at(place(), "holds no private key in PEM form"),
        why => Fault::at(place(), format!("is not PEM: {why}")),
    })
}

fn doubt(pair: &Pair, leaf: &Leaf, now: i64) -> Option<Fault> {
    let place = || pair.certificate.display().to_string();
    if leaf.not_after < now {
        return Some(Fault::at(place(), format!("the certificate expired {} s ago", now - leaf.not_after)));
    }
    (leaf.not_before > now)
        .then(|| Fault::at(place(), format!("the certificate is valid in {} s", leaf.not_before - now)))
}
