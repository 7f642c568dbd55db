//! Frames written by hand, for what no client would send.

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};

use super::*;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const ENHANCE_YOUR_CALM: u32 = 0xb;
pub(super) const PROTOCOL_ERROR: u32 = 0x1;

/// A frame as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error of RST_STREAM and GOAWAY.
    pub fn error(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field as HPACK has it without its tables.
pub(super) fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    assert!(name.len() < 127 && value.len() < 127);
    [&[0, name.len() as u8], name, &[value.len() as u8], value].concat()
}

pub(super) fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| field(name.as_bytes(), value.as_bytes())).collect()
}

/// GET of a path, then more fields.
pub(super) fn request(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let pseudo = fields(&[(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", path)]);
    [pseudo, fields(more)].concat()
}

/// The two directions of a connection whose preface went.
pub(super) struct Raw {
    pub reader: ReadHalf<DuplexStream>,
    pub writer: WriteHalf<DuplexStream>,
}

impl Served {
    pub(super) async fn raw(&mut self) -> Raw {
        let (reader, mut writer) = split(self.io.take().unwrap());
        writer.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        writer.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
        Raw { reader, writer }
    }
}

impl Raw {
    pub async fn send(&mut self, octets: &[u8]) {
        let _ = self.writer.write_all(octets).await;
    }

    pub async fn next(&mut self) -> Option<Frame> {
        next(&mut self.reader).await
    }

    /// The next frame of a kind.
    pub async fn until(&mut self, kind: u8) -> Option<Frame> {
        while let Some(frame) = self.next().await {
            if frame.kind == kind {
                return Some(frame);
            }
        }
        None
    }
}

pub(super) async fn next(reader: &mut ReadHalf<DuplexStream>) -> Option<Frame> {
    let mut header = [0; 9];
    reader.read_exact(&mut header).await.ok()?;
    let [a, b, c, kind, flags, stream @ ..] = header;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    reader.read_exact(&mut payload).await.ok()?;
    Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
}
