//! Octets to and from a peer, and when they went.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use edgeplane_base::metrics::Counter;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

/// Octets that a connection carried. Written by its thread alone.
#[derive(Debug)]
pub(super) struct Traffic {
    pub received: Counter,
    start: Instant,
    /// Microseconds from the start to when octets were last sent.
    sent_us: AtomicU64,
}

impl Traffic {
    fn new() -> Arc<Self> {
        Arc::new(Self { received: Counter::default(), start: Instant::now(), sent_us: AtomicU64::new(0) })
    }

    /// When octets were last sent.
    pub fn sent_at(&self) -> Instant {
        self.start + Duration::from_micros(self.sent_us.load(Relaxed))
    }

    fn sent(&self) {
        self.sent_us.store(self.start.elapsed().as_micros() as u64, Relaxed);
    }
}

/// A connection's octets, in TLS or not.
pub(super) struct Stream {
    carrier: Carrier,
    pub traffic: Arc<Traffic>,
}

enum Carrier {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    pub fn plain(tcp: TcpStream) -> Self {
        Self { carrier: Carrier::Plain(tcp), traffic: Traffic::new() }
    }

    pub fn tls(tls: TlsStream<TcpStream>) -> Self {
        Self { carrier: Carrier::Tls(Box::new(tls)), traffic: Traffic::new() }
    }
}

/// Does the same with either carrier, pinned.
macro_rules! with {
    ($stream:expr, $carrier:ident => $do:expr) => {
        match &mut $stream.carrier {
            Carrier::Plain(tcp) => {
                let $carrier = Pin::new(tcp);
                $do
            }
            Carrier::Tls(tls) => {
                let $carrier = Pin::new(tls.as_mut());
                $do
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = with!(self, carrier => carrier.poll_read(cx, into));
        self.traffic.received.add((into.filled().len() - before) as u64);
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let polled = with!(self, carrier => carrier.poll_write(cx, octets));
        self.note(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = with!(self, carrier => carrier.poll_write_vectored(cx, slices));
        self.note(polled)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.carrier {
            Carrier::Plain(tcp) => tcp.is_write_vectored(),
            Carrier::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(self, carrier => carrier.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(self, carrier => carrier.poll_shutdown(cx))
    }
}

impl Stream {
    fn note(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(polled, Poll::Ready(Ok(_))) {
            self.traffic.sent();
        }
        polled
    }
}
