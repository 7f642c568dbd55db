//! Where the content of a response ends, and what has come of it.

use bytes::{Buf, Bytes, BytesMut};

use crate::h1::Chunked;

/// What is left of a content.
#[derive(Debug)]
pub(super) enum Framing {
    /// Octets.
    Length(u64),
    /// Chunks.
    Chunked(Chunked),
    /// Everything until the peer closes.
    UntilClose,
}

impl Framing {
    /// Chunks, none of which was read.
    pub fn chunked() -> Self {
        Self::Chunked(Chunked::new())
    }

    /// Whether nothing is left; of what ends with its connection nobody knows.
    pub fn is_end(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked) => chunked.is_end(),
            Self::UntilClose => false,
        }
    }

    /// Takes what has come, if anything; an error says what is wrong with it. Trailer fields are not kept.
    pub fn take(&mut self, input: &mut BytesMut) -> Result<Option<Bytes>, &'static str> {
        if input.is_empty() || self.is_end() {
            return Ok(None);
        }
        Ok(match self {
            Self::Length(left) => {
                let piece = input.split_to(usize::try_from(*left).unwrap_or(usize::MAX).min(input.len()));
                *left -= piece.len() as u64;
                Some(piece.freeze())
            }
            Self::Chunked(chunked) => {
                let mut data = Vec::with_capacity(input.len());
                let used = chunked.decode(input, &mut data)?;
                input.advance(used);
                Some(data).filter(|data| !data.is_empty()).map(Bytes::from)
            }
            Self::UntilClose => Some(input.split().freeze()),
        })
    }
}
