//! A request's content, as its framing says.

use super::buffer::Buffer;
use super::chunked::Chunked;
use super::settings::Settings;
use crate::SessionError;
use crate::request::Framing;

/// What is left of it.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// Octets.
    Length(u64),
    /// Chunks, and the octets of data that are allowed yet.
    Chunked(Chunked, u64),
    /// What cannot be read any more.
    Broken(SessionError),
}

impl Incoming {
    pub fn new(framing: Framing, settings: &Settings) -> Self {
        match framing {
            Framing::None => Self::Length(0),
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunked::new(), settings.content_size),
        }
    }

    /// Whether all of it was read.
    pub fn is_end(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunked, _) => chunked.is_end(),
            Self::Broken(_) => false,
        }
    }

    /// Whether it is known to be longer than `most`, or can never be read.
    pub fn is_longer_than(&self, most: u64) -> bool {
        match self {
            Self::Length(left) => *left > most,
            Self::Chunked(..) => false,
            Self::Broken(_) => true,
        }
    }

    /// Moves what was read to `data`.
    pub fn take(&mut self, input: &mut Buffer, data: &mut Vec<u8>) -> Result<(), SessionError> {
        let outcome = match self {
            Self::Length(left) => {
                let run = run(input.unread(), *left);
                data.extend_from_slice(run);
                *left -= run.len() as u64;
                Ok(run.len())
            }
            Self::Chunked(chunked, allowed) => take_chunks(chunked, allowed, input.unread(), data),
            Self::Broken(error) => Err(error.clone()),
        };
        match outcome {
            Ok(used) => input.consume(used),
            Err(error) => {
                *self = Self::Broken(error.clone());
                return Err(error);
            }
        }
        Ok(())
    }
}

fn run(octets: &[u8], left: u64) -> &[u8] {
    octets.get(..usize::try_from(left).unwrap_or(usize::MAX)).unwrap_or(octets)
}

fn take_chunks(
    chunked: &mut Chunked,
    allowed: &mut u64,
    octets: &[u8],
    data: &mut Vec<u8>,
) -> Result<usize, SessionError> {
    let before = data.len();
    let used = chunked.decode(octets, data).map_err(SessionError::Malformed)?;
    *allowed = allowed.checked_sub((data.len() - before) as u64).ok_or(SessionError::TooLarge)?;
    Ok(used)
}
