//! What goes out: octets gathered for one write, then at most one larger piece of content.

use std::fs::File;
use std::future::Future;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use edgeplane_net::sendfile::read_resident;
use tokio::task::{JoinHandle, spawn_blocking};

use super::io::Io;
use super::limits::{FILE_PIECE, GATHER_SIZE, READ_PIECE};
use crate::Content;

/// Gathered octets and a piece behind them.
pub(crate) struct Output {
    octets: Vec<u8>,
    /// How many of `octets` are written.
    sent: usize,
    tail: Content,
    /// A part of the tail's file that is being read where waiting is allowed.
    reading: Option<JoinHandle<io::Result<Vec<u8>>>>,
    /// The file is known to be in memory up to here.
    resident: u64,
    written: u64,
}

impl Output {
    pub fn new() -> Self {
        Self { octets: Vec::new(), sent: 0, tail: Content::None, reading: None, resident: 0, written: 0 }
    }

    /// Where octets are added; only while there is no tail.
    #[inline]
    pub fn octets(&mut self) -> &mut Vec<u8> {
        debug_assert!(!self.has_tail());
        &mut self.octets
    }

    /// Adds content: up to `copy` octets are copied, a larger piece becomes the tail. Only while there is no tail.
    #[inline]
    pub fn push(&mut self, content: &Content, copy: usize) {
        debug_assert!(!self.has_tail());
        match content {
            Content::Bytes(bytes) if bytes.len() <= copy => self.octets.extend_from_slice(bytes),
            content if content.is_empty() => {}
            content => (self.tail, self.resident) = (content.clone(), 0),
        }
    }

    #[inline]
    pub fn has_tail(&self) -> bool {
        !matches!(self.tail, Content::None)
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty() && !self.has_tail()
    }

    /// Whether it should be written before more is added.
    #[inline]
    pub fn is_heavy(&self) -> bool {
        self.has_tail() || self.octets.len() >= GATHER_SIZE.default as usize
    }

    /// Octets that wait.
    pub fn waiting(&self) -> u64 {
        (self.octets.len() - self.sent) as u64 + self.tail.len()
    }

    /// Octets written since the beginning.
    #[inline]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Forgets everything, also how much was written.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.octets.shrink_to(4 * GATHER_SIZE.default as usize);
        (self.sent, self.tail, self.reading, self.written) = (0, Content::None, None, 0);
    }

    /// Writes all; whatever is left when it is not ready goes with the next call.
    pub fn poll_flush<I: Io>(&mut self, io: &mut I, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            match ready!(self.poll_write(io, cx))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.advance(count),
            }
        }
        Pin::new(io).poll_flush(cx)
    }

    fn poll_write<I: Io>(&mut self, io: &mut I, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let octets = self.octets.get(self.sent..).unwrap_or_default();
        match &self.tail {
            Content::None => Pin::new(io).poll_write(cx, octets),
            Content::Bytes(bytes) if octets.is_empty() => Pin::new(io).poll_write(cx, bytes),
            Content::Bytes(bytes) => Pin::new(io).poll_write_vectored(cx, &[IoSlice::new(octets), IoSlice::new(bytes)]),
            Content::File { .. } if I::SENDS_FILES && !octets.is_empty() => io.poll_send_more(cx, octets),
            Content::File { file, offset, length } if I::SENDS_FILES => {
                let (file, offset, length) = (file.clone(), *offset, piece(*length, FILE_PIECE.default));
                ready!(self.poll_resident(&file, offset, length, cx))?;
                io.poll_send_file(cx, &file, offset, length)
            }
            Content::File { .. } if self.sent > 0 || octets.len() as u64 >= READ_PIECE.default / 2 => {
                Pin::new(io).poll_write(cx, octets)
            }
            Content::File { file, offset, length } => {
                let (file, offset, length) = (file.clone(), *offset, piece(*length, READ_PIECE.default));
                ready!(self.poll_read(&file, offset, length, cx))?;
                Pin::new(io).poll_write(cx, &self.octets)
            }
        }
    }

    /// `count` octets were written.
    #[inline]
    fn advance(&mut self, count: usize) {
        self.written += count as u64;
        let of_octets = count.min(self.octets.len() - self.sent);
        self.sent += of_octets;
        if self.sent == self.octets.len() {
            self.octets.clear();
            self.sent = 0;
        }
        if count > of_octets {
            self.shorten(count - of_octets);
        }
    }

    /// `count` octets at the front of the tail are done.
    fn shorten(&mut self, count: usize) {
        match &mut self.tail {
            Content::None => {}
            Content::Bytes(bytes) => bytes.advance(count.min(bytes.len())),
            Content::File { offset, length, .. } => {
                *offset += count as u64;
                *length = length.saturating_sub(count as u64);
            }
        }
        if self.tail.is_empty() {
            self.tail = Content::None;
        }
    }

    /// Waits until a piece of a file is in memory, as far as its beginning tells, so that sending it does not hold up the
    /// thread. What cannot be told is taken to be.
    fn poll_resident(
        &mut self,
        file: &Arc<File>,
        at: u64,
        length: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if self.reading.is_none() {
            let is_cold = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
            if at < self.resident || !read_resident(file, &mut [0], at).is_err_and(is_cold) {
                self.resident = self.resident.max(at + length as u64);
                return Poll::Ready(Ok(()));
            }
        }
        ready!(self.poll_read_aside(file, at, length, cx))?;
        self.resident = at + length as u64;
        Poll::Ready(Ok(()))
    }

    /// Moves a piece of the tail's file behind the octets.
    fn poll_read(&mut self, file: &Arc<File>, at: u64, length: usize, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let before = self.octets.len();
        if self.reading.is_none() {
            self.octets.resize(before + length, 0);
            let read = read_resident(file, self.octets.get_mut(before..).unwrap_or_default(), at);
            self.octets.truncate(before + read.unwrap_or(0));
        }
        if self.octets.len() == before {
            let piece = ready!(self.poll_read_aside(file, at, length, cx))?;
            self.octets.extend_from_slice(&piece);
        }
        match self.octets.len() - before {
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            count => {
                self.shorten(count);
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Reads a piece of a file on a thread that may wait.
    fn poll_read_aside(
        &mut self,
        file: &Arc<File>,
        at: u64,
        length: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Vec<u8>>> {
        let reading = self.reading.get_or_insert_with(|| {
            let file = file.clone();
            spawn_blocking(move || read_piece(&file, at, length))
        });
        let outcome = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        Poll::Ready(outcome.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))
    }
}

fn piece(length: u64, most: u64) -> usize {
    length.min(most) as usize
}

fn read_piece(file: &File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut octets = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = octets.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at + filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    octets.truncate(filled);
    Ok(octets)
}
