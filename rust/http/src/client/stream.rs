//! Octets to and from a peer, in TLS or not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use edgeplane_net::socket::Socket;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

/// A connection's octets.
#[derive(Debug)]
pub enum Stream {
    /// As they are.
    Plain(Socket),
    /// In TLS.
    Tls(Box<TlsStream<Socket>>),
}

impl Stream {
    /// Whether no octet and no end lies unread in the socket now. TLS may have some of its own besides.
    pub fn is_silent(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_silent(),
            Self::Tls(tls) => tls.get_ref().0.is_silent(),
        }
    }

    pub fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

/// Does the same with either carrier, pinned.
macro_rules! with {
    ($stream:expr, $carrier:ident => $do:expr) => {
        match &mut *$stream {
            Stream::Plain(tcp) => {
                let $carrier = Pin::new(tcp);
                $do
            }
            Stream::Tls(tls) => {
                let $carrier = Pin::new(tls.as_mut());
                $do
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        with!(self, carrier => carrier.poll_read(cx, into))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        with!(self, carrier => carrier.poll_write(cx, octets))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(self, carrier => carrier.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        with!(self, carrier => carrier.poll_shutdown(cx))
    }
}
