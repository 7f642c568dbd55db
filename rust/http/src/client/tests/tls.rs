//! TLS to origins: the certificate must be the peer's, and good.

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::origin::{Hole, Origin, Step};
use super::*;

const ROOT: &[u8] = include_bytes!("data/root.pem");
const SERVER: &[u8] = include_bytes!("data/server.pem");
const EXPIRED: &[u8] = include_bytes!("data/expired.pem");
const KEY: &[u8] = include_bytes!("data/server.key");

/// An origin in TLS that says the name it was asked for; where it cuts, it closes without saying so.
async fn origin(certificate: &[u8], version: &'static SupportedProtocolVersion, response: &'static str) -> SocketAddr {
    origin_at("127.0.0.1:0".parse().unwrap(), Duration::ZERO, certificate, version, response).await
}

/// One that lets each connection wait before it begins with TLS.
async fn origin_at(
    address: SocketAddr,
    wait: Duration,
    certificate: &[u8],
    version: &'static SupportedProtocolVersion,
    response: &'static str,
) -> SocketAddr {
    let chain = vec![CertificateDer::from_pem_slice(certificate).unwrap()];
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(&[version]).unwrap().with_no_client_auth();
    let mut config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(KEY).unwrap()).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn_local(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tokio::time::sleep(wait).await;
            let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
            let mut head = [0; 1_024];
            let _ = stream.read(&mut head).await;
            let name = stream.get_ref().1.server_name().unwrap_or("none").to_owned();
            let _ = stream.write_all(response.replace("NAME", &name).as_bytes()).await;
            let _ = stream.flush().await;
        }
    });
    address
}

fn pair(address: SocketAddr, roots: &[u8], name: &str, minimum: MinimumTls) -> Pair {
    let mut store = RootCertStore::empty();
    if !roots.is_empty() {
        store.add(CertificateDer::from_pem_slice(roots).unwrap()).unwrap();
    }
    let client = Client::new(Arc::new(TlsRoots::of(store).unwrap()));
    let peer = Peer::new(name, address.port(), Some(Tls::new(name, minimum).unwrap()));
    Pair { client, peer: Arc::new(peer), address }
}

const SIZED: &str = "HTTP/1.1 200 OK\r\nX-Name: NAME\r\nContent-Length: 2\r\n\r\nok";

async fn connected(pair: &Pair) -> Result<(), Failure> {
    pair.client.connect(&pair.peer, [pair.address.ip()], PATIENCE).await.map(drop)
}

#[tokio::test]
async fn the_peers_name_is_asked_for_and_must_be_certified() {
    locally(async {
        for version in [&TLS12, &TLS13] {
            let address = origin(SERVER, version, SIZED).await;
            let good = pair(address, ROOT, "origin.test", MinimumTls::Tls12);
            let received = good.get().await.ok().unwrap();
            assert_eq!(received.response.fields.get("x-name"), Some(&b"origin.test"[..]));
            assert_eq!(read(received).await, Ok(b"ok".to_vec()));
            let by_address = pair(address, ROOT, "127.0.0.1", MinimumTls::Tls12);
            assert_eq!(connected(&by_address).await, Ok(()));
            for (roots, name) in [(ROOT, "other.test"), (ROOT, "127.0.0.2"), (&b""[..], "origin.test")] {
                let failure = connected(&pair(address, roots, name, MinimumTls::Tls12)).await.unwrap_err();
                assert!(matches!(failure, Failure::Tls(_)), "{name}: {failure:?}");
            }
        }
        let failure =
            connected(&pair(origin(EXPIRED, &TLS13, SIZED).await, ROOT, "origin.test", MinimumTls::Tls12)).await;
        assert!(matches!(&failure, Err(Failure::Tls(why)) if why.contains("expired")), "{failure:?}");
    })
    .await;
}

#[tokio::test]
async fn an_old_version_is_not_agreed_to() {
    locally(async {
        for (version, minimum, good) in [
            (&TLS12, MinimumTls::Tls12, true),
            (&TLS13, MinimumTls::Tls12, true),
            (&TLS12, MinimumTls::Tls13, false),
            (&TLS13, MinimumTls::Tls13, true),
        ] {
            let connected = connected(&pair(origin(SERVER, version, SIZED).await, ROOT, "origin.test", minimum)).await;
            assert_eq!(connected.is_ok(), good, "{version:?} {minimum:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_without_tls_is_no_peer() {
    locally(async {
        let plain = Origin::new(vec![vec![super::origin::write("HTTP/1.1 400 Bad Request\r\n\r\n")]]).await;
        let failure = connected(&pair(plain.address, ROOT, "origin.test", MinimumTls::Tls12)).await.unwrap_err();
        assert!(matches!(failure, Failure::Tls(_)), "{failure:?}");
    })
    .await;
}

/// One that takes connections and says nothing, as a load balancer whose servers died.
#[tokio::test(start_paused = true)]
async fn an_address_that_hangs_in_tls_does_not_hold_up_the_next_for_long() {
    locally(async {
        let mute = Origin::new(vec![vec![Step::Stall]]).await.address;
        let beside = |last| SocketAddr::from(([127, 0, 0, last], mute.port()));
        let silent = Hole::at(beside(2)).await;
        let hole = silent.address.ip();
        let good = origin_at(beside(3), Duration::ZERO, SERVER, &TLS13, SIZED).await;
        let slow = origin_at(beside(4), Duration::from_millis(1_500), SERVER, &TLS13, SIZED).await;
        let pair = pair(good, ROOT, "origin.test", MinimumTls::Tls12);
        for (addresses, connected, milliseconds) in [
            ([mute.ip(), hole, good.ip()], good, 1_250),
            ([good.ip(), mute.ip(), hole], good, 0),
            ([slow.ip(), hole, mute.ip()], slow, 1_500),
            ([hole, mute.ip(), slow.ip()], slow, 250 + 1_000 + 1_500),
        ] {
            let start = tokio::time::Instant::now();
            let connection = pair.client.connect(&pair.peer, addresses, PATIENCE).await.unwrap();
            assert_eq!((connection.address(), start.elapsed().as_millis()), (connected, milliseconds));
        }
    })
    .await;
}

#[tokio::test]
async fn content_that_ends_with_the_connection_must_be_ended_by_tls() {
    locally(async {
        let address = origin(SERVER, &TLS13, "HTTP/1.1 200 OK\r\n\r\ncut by whom?").await;
        let pair = pair(address, ROOT, "origin.test", MinimumTls::Tls12);
        assert_eq!(pair.whole(Method::Get).await, Err(Failure::Broken));
    })
    .await;
}
