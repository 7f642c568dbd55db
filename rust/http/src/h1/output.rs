//! What goes out: octets gathered for one write, then at most one larger piece of content.

use std::fs::File;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use edgeplane_net::pages::Pages;
use edgeplane_net::reading::is_in_memory;
use edgeplane_net::sendfile::read_resident;
use tokio::task::JoinHandle;

use super::io::Io;
use super::limits::{DISK_PIECE, FILE_PIECE, GATHER_SIZE, KEPT_OUTPUT, READ_PIECE, SPLICE_SIZE};
use crate::Content;
use crate::file::{append_now, read_aside};

/// Gathered octets and a piece behind them.
pub(crate) struct Output {
    octets: Vec<u8>,
    /// How many of `octets` are written.
    sent: usize,
    tail: Content,
    /// A part of the tail's file that is being read where waiting is allowed.
    reading: Option<JoinHandle<io::Result<Vec<u8>>>>,
    /// The tail's file never waits for a disk.
    in_memory: bool,
    /// The tail's file is taken to be in memory up to here.
    resident: u64,
    written: u64,
}

impl Output {
    pub fn new() -> Self {
        let tail = Content::None;
        Self { octets: Vec::new(), sent: 0, tail, reading: None, in_memory: false, resident: 0, written: 0 }
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
            content => {
                self.in_memory = matches!(content, Content::File { file, .. } if is_in_memory(file));
                (self.tail, self.resident) = (content.clone(), 0);
            }
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

    /// Keeps no more memory than most answers need. Only when it is empty.
    #[inline]
    pub fn shrink(&mut self) {
        debug_assert!(self.is_empty());
        self.octets.shrink_to(KEPT_OUTPUT.default as usize);
    }

    /// Forgets everything, also how much was written.
    pub fn clear(&mut self) {
        self.octets.clear();
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
            Content::Bytes(bytes) => write_both(io, cx, octets, bytes),
            Content::Pages(pages) if !I::SENDS_FILES || !is_lent(pages) => write_both(io, cx, octets, pages),
            Content::Pages(_) if !octets.is_empty() => io.poll_send_more(cx, octets),
            Content::Pages(pages) => io.poll_send_pages(cx, pages),
            Content::File { .. } if I::SENDS_FILES && !octets.is_empty() => io.poll_send_more(cx, octets),
            Content::File { file, offset, length } if I::SENDS_FILES => {
                let most = if self.in_memory { FILE_PIECE.default } else { DISK_PIECE.default };
                let (file, offset, length) = (file.clone(), *offset, piece(*length, most));
                let length = ready!(self.poll_resident(&file, offset, length, cx))?;
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
            Content::Pages(pages) => {
                pages.count_sent(count);
                pages.advance(count);
            }
            Content::File { offset, length, .. } => {
                *offset += count as u64;
                *length = length.saturating_sub(count as u64);
            }
        }
        if self.tail.is_empty() {
            self.tail = Content::None;
        }
    }

    /// Waits until a piece of a file is in memory, as far as its ends tell, so that sending it does not hold up the thread;
    /// how much of it is. What cannot be told is taken to be.
    fn poll_resident(
        &mut self,
        file: &Arc<File>,
        at: u64,
        length: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.in_memory {
            return Poll::Ready(Ok(length));
        }
        if self.reading.is_none() && at < self.resident {
            return Poll::Ready(Ok(piece(length as u64, self.resident - at)));
        }
        let end = at + length as u64;
        if self.reading.is_some() || is_cold(file, at) || is_cold(file, end.saturating_sub(1)) {
            ready!(self.poll_read_aside(file, at, length, cx))?;
        }
        self.resident = end;
        Poll::Ready(Ok(length))
    }

    /// Moves a piece of the tail's file behind the octets.
    fn poll_read(&mut self, file: &Arc<File>, at: u64, length: usize, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let before = self.octets.len();
        if self.reading.is_none() {
            append_now(file, (at, length), self.in_memory, &mut self.octets);
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
        let reading = self.reading.get_or_insert_with(|| read_aside(file, (at, length)));
        let outcome = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        Poll::Ready(outcome.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))
    }
}

/// Whether pages leave without being copied.
#[inline]
fn is_lent(pages: &Pages) -> bool {
    pages.len() >= SPLICE_SIZE.default as usize && pages.is_popular()
}

fn piece(length: u64, most: u64) -> usize {
    length.min(most) as usize
}

/// Writes octets, and content behind them.
fn write_both<I: Io>(io: &mut I, cx: &mut Context<'_>, octets: &[u8], content: &[u8]) -> Poll<io::Result<usize>> {
    match octets.is_empty() {
        true => Pin::new(io).poll_write(cx, content),
        false => Pin::new(io).poll_write_vectored(cx, &[IoSlice::new(octets), IoSlice::new(content)]),
    }
}

/// Whether the disk would have to be waited for.
fn is_cold(file: &File, at: u64) -> bool {
    read_resident(file, &mut [0], at).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::*;
    use crate::sample;

    const LENGTH: u64 = 1 << 20;

    /// Takes so many octets at a time, and notes which parts of files it was to send.
    struct Socket<const SENDS_FILES: bool> {
        room: usize,
        taken: Vec<u8>,
        parts: Vec<(u64, usize)>,
        lent: usize,
    }

    impl<const SENDS_FILES: bool> Socket<SENDS_FILES> {
        fn new(room: usize) -> Self {
            Self { room, taken: Vec::new(), parts: Vec::new(), lent: 0 }
        }
    }

    impl<const SENDS_FILES: bool> Io for Socket<SENDS_FILES> {
        const COPY: usize = 64;
        const SENDS_FILES: bool = SENDS_FILES;

        fn poll_send_file(&mut self, _: &mut Context<'_>, _: &File, at: u64, length: usize) -> Poll<io::Result<usize>> {
            self.parts.push((at, length));
            Poll::Ready(Ok(length.min(self.room)))
        }

        fn poll_send_pages(&mut self, _: &mut Context<'_>, pages: &Pages) -> Poll<io::Result<usize>> {
            self.lent += pages.len().min(self.room);
            Poll::Ready(Ok(pages.len().min(self.room)))
        }
    }

    impl<const SENDS_FILES: bool> AsyncRead for Socket<SENDS_FILES> {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl<const SENDS_FILES: bool> AsyncWrite for Socket<SENDS_FILES> {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
            let count = octets.len().min(self.room);
            self.taken.extend_from_slice(&octets[..count]);
            Poll::Ready(Ok(count))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn pattern() -> Vec<u8> {
        (0..LENGTH).map(|n| (n % 251) as u8).collect()
    }

    fn memory() -> Arc<File> {
        sample::memory_file(&pattern())
    }

    /// A file on disk that is as long, and in memory since it was just read.
    fn disk() -> Arc<File> {
        let path = std::env::current_exe().unwrap();
        assert!(std::fs::read(&path).unwrap().len() as u64 >= LENGTH);
        Arc::new(File::open(path).unwrap())
    }

    /// Octets of some pages that leave without being copied.
    fn lent<const SENDS_FILES: bool>(pages: &Pages, room: usize) -> usize {
        let (mut output, mut socket) = (Output::new(), Socket::<SENDS_FILES>::new(room));
        output.octets().extend_from_slice(b"head");
        output.push(&Content::Pages(pages.clone()), 64);
        assert!(output.poll_flush(&mut socket, &mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(socket.taken.len() + socket.lent, 4 + pages.len());
        socket.lent
    }

    #[test]
    fn pages_are_lent_once_they_were_sent_often() {
        let pages = Pages::hold(LENGTH, [&pattern()[..]]).unwrap();
        let sent: Vec<_> = (0..8).map(|_| lent::<true>(&pages, 300_000)).collect();
        let whole = LENGTH as usize;
        assert_eq!(sent, [0, 0, 0, 0, 0, 0, whole, whole]);
        assert_eq!([12_287, 12_288].map(|length| lent::<true>(&pages.slice(1, length), whole)), [0, 12_288]);
        assert_eq!(lent::<false>(&pages, whole), 0);
    }

    /// Sends a file through a socket, without threads that could wait for it: there is no runtime.
    fn send<const SENDS_FILES: bool>(file: Arc<File>, room: usize) -> Socket<SENDS_FILES> {
        let (mut output, mut socket) = (Output::new(), Socket::new(room));
        output.push(&Content::File { file, offset: 0, length: LENGTH }, 64);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(output.poll_flush(&mut socket, &mut cx), Poll::Ready(Ok(()))));
        assert_eq!(output.written(), LENGTH);
        socket
    }

    #[test]
    fn a_memory_file_is_sent_in_large_pieces() {
        assert_eq!(send::<true>(memory(), usize::MAX).parts, [(0, 512 << 10), (512 << 10, 512 << 10)]);
    }

    #[test]
    fn a_file_on_disk_is_sent_as_far_as_was_looked() {
        let parts = send::<true>(disk(), 100 << 10).parts;
        assert_eq!(parts[..3], [(0, 128 << 10), (100 << 10, 28 << 10), (128 << 10, 128 << 10)]);
    }

    #[test]
    fn a_memory_file_is_read_without_another_thread() {
        assert!(send::<false>(memory(), 100_000).taken == pattern());
    }
}
