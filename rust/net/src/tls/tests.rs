use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, date_time_ymd};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::server::TlsStream;

use super::*;

/// 2026-01-01.
const NOW: i64 = 1_767_225_600;

/// A folder of one test, gone with it.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("edgeplane-tls-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, made: &Made) -> Pair {
        let pair = Pair { certificate: self.0.join(format!("{name}.pem")), key: self.0.join(format!("{name}.key")) };
        std::fs::write(&pair.certificate, &made.certificate).unwrap();
        std::fs::write(&pair.key, &made.key).unwrap();
        pair
    }

    fn certificates(&self, names: &[&[&str]]) -> (Certificates, Vec<CertificateDer<'static>>) {
        let made: Vec<_> = names.iter().map(|names| Made::new(names)).collect();
        let pairs: Vec<_> = made.iter().enumerate().map(|(n, made)| self.write(&n.to_string(), made)).collect();
        (Certificates::load(&pairs, NOW).unwrap().0, made.iter().map(Made::der).collect())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[derive(Clone)]
struct Made {
    certificate: String,
    key: String,
}

impl Made {
    fn new(names: &[&str]) -> Self {
        Self::with(names, |_| {})
    }

    fn with(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = CertificateParams::new(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap();
        change(&mut params);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        Self { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap()
    }

    fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap()
    }
}

fn client(
    roots: &[CertificateDer<'static>],
    versions: &[&'static SupportedProtocolVersion],
    alpn: &str,
) -> ClientConfig {
    let mut store = RootCertStore::empty();
    roots.iter().for_each(|root| store.add(root.clone()).unwrap());
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_protocol_versions(versions).unwrap().with_root_certificates(store);
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    config
}

/// Shakes hands in memory; what the server learned, and the certificate that the client saw.
async fn shake(
    acceptor: &Acceptor,
    client: &Arc<ClientConfig>,
    name: &str,
) -> Result<(Facts, CertificateDer<'static>), String> {
    talk(client, name, 1 << 16, |io| acceptor.accept(io)).await
}

/// As `shake`, with `accept` and so many octets under way at most.
async fn talk<F>(
    client: &Arc<ClientConfig>,
    name: &str,
    room: usize,
    accept: impl FnOnce(DuplexStream) -> F,
) -> Result<(Facts, CertificateDer<'static>), String>
where
    F: Future<Output = Result<(TlsStream<DuplexStream>, Facts), HandshakeError>>,
{
    let (theirs, ours) = tokio::io::duplex(room);
    let connector = TlsConnector::from(client.clone());
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connect = async {
        let mut stream = connector.connect(name, theirs).await.map_err(|why| why.to_string())?;
        // Tickets come with the first octets.
        stream.read_exact(&mut [0; 2]).await.map_err(|why| why.to_string())?;
        Ok::<_, String>(stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned())
    };
    let accept = async {
        let (mut stream, facts) = accept(ours).await.map_err(|why| format!("{why:?}"))?;
        stream.write_all(b"ok").await.unwrap();
        stream.flush().await.unwrap();
        Ok::<_, String>(facts)
    };
    let (seen, facts) = tokio::join!(connect, accept);
    Ok((facts?, seen?))
}

#[tokio::test]
async fn a_name_gets_its_certificate_then_its_wildcard_then_the_first() {
    let folder = Folder::new("names");
    let names: [&[&str]; 3] = [&["default.test"], &["*.wild.test", "wild.test"], &["a.wild.test", "B.Test"]];
    let (certificates, ders) = folder.certificates(&names);
    let acceptor = Acceptor::new(Arc::new(certificates), &Settings::default()).unwrap();
    let client = Arc::new(client(&ders, &[&TLS13], "h2"));
    for (name, expected) in
        [("default.test", 0), ("x.wild.test", 1), ("wild.test", 1), ("a.wild.test", 2), ("b.test", 2)]
    {
        let (facts, seen) = shake(&acceptor, &client, name).await.unwrap();
        assert_eq!(seen, ders[expected], "{name}");
        assert_eq!(facts.server_name.as_deref(), Some(name));
        assert!(facts.http2 && facts.version == "TLSv1.3" && facts.cipher.starts_with("TLS_"), "{facts:?}");
    }
    for name in ["x.y.wild.test", "test", "nobody.example"] {
        let why = shake(&acceptor, &client, name).await.unwrap_err();
        assert!(why.contains("BadCertificate"), "{why}");
    }
}

#[tokio::test]
async fn both_versions_resume_their_sessions() {
    let folder = Folder::new("resume");
    let (certificates, ders) = folder.certificates(&[&["one.test"]]);
    let acceptor = Acceptor::new(Arc::new(certificates), &Settings::default()).unwrap();
    for (version, name) in [(&TLS13, "TLSv1.3"), (&TLS12, "TLSv1.2")] {
        let mut config = client(&ders, &[version], "http/1.1");
        config.resumption = Resumption::in_memory_sessions(4);
        let config = Arc::new(config);
        let (first, _) = shake(&acceptor, &config, "one.test").await.unwrap();
        let (second, _) = shake(&acceptor, &config, "one.test").await.unwrap();
        assert_eq!((first.version, first.resumed, first.http2), (name, false, false));
        assert!(second.resumed && !second.cipher.is_empty(), "{second:?}");
    }
}

#[tokio::test]
async fn a_client_with_another_protocol_alone_is_refused() {
    let folder = Folder::new("alpn");
    let (certificates, ders) = folder.certificates(&[&["one.test"]]);
    let acceptor = Acceptor::new(Arc::new(certificates), &Settings::default()).unwrap();
    assert!(shake(&acceptor, &Arc::new(client(&ders, &[&TLS13], "imap")), "one.test").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_given_up() {
    let folder = Folder::new("slow");
    let (certificates, _) = folder.certificates(&[&["one.test"]]);
    let acceptor = Acceptor::new(Arc::new(certificates), &Settings::default()).unwrap();
    let (_theirs, ours) = tokio::io::duplex(64);
    let before = tokio::time::Instant::now();
    assert!(matches!(acceptor.accept(ours).await, Err(HandshakeError::Slow)));
    assert_eq!(before.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn what_a_client_says_first_is_told_where_it_is_asked_for() {
    let folder = Folder::new("told");
    let (certificates, ders) = folder.certificates(&[&["one.test"]]);
    let acceptor = Acceptor::new(Arc::new(certificates), &Settings::default()).unwrap();
    for (version, name, begins) in [(&TLS13, "TLSv1.3", "t13d"), (&TLS12, "TLSv1.2", "t12d")] {
        let mut config = client(&ders, &[version], "h2");
        config.resumption = Resumption::disabled();
        let config = Arc::new(config);
        assert_eq!(shake(&acceptor, &config, "one.test").await.unwrap().0.fingerprints, None);
        for room in [40, 300, 1 << 16] {
            let (facts, seen) = talk(&config, "one.test", room, |io| acceptor.accept_and_tell(io)).await.unwrap();
            let told = facts.fingerprints.unwrap();
            assert!(told.ja4.starts_with(begins) && told.ja4[..10].ends_with("h2"), "{told:?}");
            assert_eq!((told.ja3.len(), facts.version, facts.http2, &seen), (32, name, true, &ders[0]));
            assert_eq!(facts.server_name.as_deref(), Some("one.test"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_listened_to_and_speaks_no_tls_is_told_so_and_given_up() {
    let folder = Folder::new("overheard");
    let (certificates, _) = folder.certificates(&[&["one.test"]]);
    let acceptor = Acceptor::new(Arc::new(certificates), &Settings::default()).unwrap();
    for (said, answer) in [(&b"GET / HTTP/1.1\r\nHost: one.test\r\n\r\n"[..], &[21, 3][..]), (b"\x16\x03", b"")] {
        let (mut theirs, ours) = tokio::io::duplex(1 << 16);
        theirs.write_all(said).await.unwrap();
        theirs.shutdown().await.unwrap();
        assert!(matches!(acceptor.accept_and_tell(ours).await, Err(HandshakeError::Failed(_))));
        let mut heard = Vec::new();
        theirs.read_to_end(&mut heard).await.unwrap();
        assert!(heard.starts_with(answer), "{heard:?}");
    }
    let (_theirs, ours) = tokio::io::duplex(64);
    assert!(matches!(acceptor.accept_and_tell(ours).await, Err(HandshakeError::Slow)));
}

fn message(pairs: &[Pair]) -> String {
    Certificates::load(pairs, NOW).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn each_fault_names_its_file_and_all_are_told() {
    let folder = Folder::new("faults");
    let (good, other) = (folder.write("good", &Made::new(&["a.test"])), folder.write("other", &Made::new(&["b.test"])));
    let nameless = folder.write("nameless", &Made::new(&[]));
    let pair = |certificate: &Path, key: &Path| Pair { certificate: certificate.into(), key: key.into() };
    let missing = folder.0.join("missing.pem");
    let wrong = [
        (pair(&good.certificate, &other.key), "good.pem: the certificate does not belong to the key: "),
        (pair(&good.key, &good.key), "good.key: holds no certificate"),
        (pair(&good.certificate, &good.certificate), "good.pem: holds no private key"),
        (pair(&missing, &good.key), "missing.pem: cannot be read"),
        (nameless, "nameless.pem: the certificate names no host"),
    ];
    for (pair, expected) in &wrong {
        let message = message(std::slice::from_ref(pair));
        assert!(message.contains(expected), "{message}");
    }
    let all: Vec<_> = wrong.iter().map(|(pair, _)| pair.clone()).collect();
    assert_eq!(message(&all).lines().count(), wrong.len());
}

#[tokio::test]
async fn those_that_can_be_used_answer_where_one_cannot() {
    let (folder, made) = (Folder::new("usable"), Made::new(&["a.test"]));
    let missing = folder.0.join("missing.pem");
    let pairs = [Pair { certificate: missing.clone(), key: missing }, folder.write("good", &made)];
    let (certificates, faults, _) = Certificates::load_usable(&pairs, NOW);
    assert!(matches!(&faults.0[..], [only] if only.place.ends_with("missing.pem")), "{faults}");
    let acceptor = Acceptor::new(Arc::new(certificates), &Settings::default()).unwrap();
    let client = Arc::new(client(&[made.der()], &[&TLS13], "h2"));
    assert_eq!(shake(&acceptor, &client, "a.test").await.unwrap().1, made.der());
    let other = shake(&acceptor, &client, "other.test").await.unwrap_err();
    assert!(!other.contains("BadCertificate"), "the second is shown to nobody in place of the first: {other}");
}

#[test]
fn time_that_passed_or_is_to_come_is_a_warning() {
    let folder = Folder::new("time");
    let old = folder.write("old", &Made::with(&["a.test"], |params| params.not_after = date_time_ymd(2025, 12, 31)));
    let early = folder.write("early", &Made::with(&["a.test"], |params| params.not_before = date_time_ymd(2026, 1, 2)));
    let (_, warnings) = Certificates::load(&[old, early], NOW).unwrap();
    let warnings = warnings.to_string();
    assert!(warnings.contains("old.pem: the certificate expired 86400 s ago"), "{warnings}");
    assert!(warnings.contains("early.pem: the certificate is valid in 86400 s"), "{warnings}");
}

#[tokio::test]
async fn what_was_put_at_run_time_goes_first_and_outlives_a_reload() {
    let folder = Folder::new("put");
    let (certificates, loaded) = folder.certificates(&[&["a.test"], &["b.test"]]);
    let certificates = Arc::new(certificates);
    let acceptor = Acceptor::new(certificates.clone(), &Settings::default()).unwrap();
    let made = Made::new(&["b.test"]);
    certificates.put(vec![made.der()], made.private()).unwrap();
    let pair = Pair { certificate: folder.0.join("0.pem"), key: folder.0.join("0.key") };
    certificates.reload(&[pair], NOW).unwrap();
    let client = Arc::new(client(&[made.der(), loaded[0].clone()], &[&TLS13], "h2"));
    assert_eq!(shake(&acceptor, &client, "b.test").await.unwrap().1, made.der());
    assert_eq!(shake(&acceptor, &client, "a.test").await.unwrap().1, loaded[0]);
    assert!(certificates.put(vec![made.der()], Made::new(&["b.test"]).private()).is_err());
}

#[tokio::test]
async fn a_challenge_is_answered_with_its_certificate_alone_and_ends_the_connection() {
    let folder = Folder::new("challenge");
    let (certificates, _) = folder.certificates(&[&["a.test"]]);
    let certificates = Arc::new(certificates);
    let acceptor = Acceptor::new(certificates.clone(), &Settings::default()).unwrap();
    let made = Made::new(&["a.test"]);
    let asking = Arc::new(client(&[made.der()], &[&TLS13], "acme-tls/1"));
    assert!(shake(&acceptor, &asking, "a.test").await.unwrap_err().contains("Failed"));
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&made.private()).unwrap();
    certificates.challenge("A.test", Some(Arc::new(CertifiedKey::new(vec![made.der()], key))));
    assert!(shake(&acceptor, &asking, "a.test").await.unwrap_err().contains("Challenge"));
    certificates.challenge("a.test", None);
    assert!(shake(&acceptor, &asking, "a.test").await.unwrap_err().contains("Failed"));
}

#[tokio::test]
async fn of_several_keys_the_client_gets_one_that_it_can_check() {
    let folder = Folder::new("kinds");
    let mut modern = Made::new(&["a.test"]);
    let params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    (modern.certificate, modern.key) = (params.self_signed(&key).unwrap().pem(), key.serialize_pem());
    let usual = Made::new(&["a.test"]);
    let pairs = [folder.write("modern", &modern), folder.write("usual", &usual)];
    let acceptor = Acceptor::new(Arc::new(Certificates::load(&pairs, NOW).unwrap().0), &Settings::default()).unwrap();
    let all = Arc::new(client(&[modern.der(), usual.der()], &[&TLS13], "h2"));
    assert_eq!(shake(&acceptor, &all, "a.test").await.unwrap().1, modern.der());
    let mut provider = default_provider();
    provider.signature_verification_algorithms.mapping = &provider.signature_verification_algorithms.mapping[..2];
    let mut store = RootCertStore::empty();
    store.add(usual.der()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(&[&TLS13]).unwrap();
    let limited = Arc::new(builder.with_root_certificates(store).with_no_client_auth());
    assert_eq!(shake(&acceptor, &limited, "a.test").await.unwrap().1, usual.der());
}

/// Fault H8, small: handshakes on one thread, reloads of good and bad sets on another, and none fails.
#[test]
fn no_handshake_fails_while_certificates_change() {
    let folder = Folder::new("rotation");
    let sets: Vec<_> = (0..4).map(|_| Made::new(&["a.test"])).collect();
    let pairs: Vec<_> = sets.iter().enumerate().map(|(n, made)| folder.write(&n.to_string(), made)).collect();
    let bad = Pair { certificate: pairs[0].certificate.clone(), key: pairs[1].key.clone() };
    let certificates = Arc::new(Certificates::load(&pairs[..1], NOW).unwrap().0);
    let acceptor = Acceptor::new(certificates.clone(), &Settings::default()).unwrap();
    let roots: Vec<_> = sets.iter().map(Made::der).collect();
    let done = AtomicBool::new(false);
    let (mut seen, mut changes) = (std::collections::HashSet::new(), 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let mut config = client(&roots, &[&TLS13], "h2");
            config.resumption = Resumption::disabled();
            let config = Arc::new(config);
            for _ in 0..300 {
                seen.insert(runtime.block_on(shake(&acceptor, &config, "a.test")).unwrap().1);
            }
            done.store(true, Relaxed);
        });
        let end = Instant::now() + Duration::from_secs(60);
        while !done.load(Relaxed) && Instant::now() < end {
            certificates.reload(&pairs[changes % 4..][..1], NOW).unwrap();
            assert!(certificates.reload(&[pairs[2].clone(), bad.clone()], NOW).is_err());
            changes += 1;
        }
    });
    assert!(done.load(Relaxed) && changes > 10 && seen.len() == 4, "{changes} changes, {} seen", seen.len());
}
