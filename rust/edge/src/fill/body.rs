//! Content that grows while many read it.
//!
//! Short content is kept in memory as it comes; from a length on it is put into pages of its own. Content that is too long
//! for memory goes on in a file on disk, or, where nothing keeps it, passes through a window that moves at the pace of those
//! who read.

use std::cell::Cell;
use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Entry};
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use edgeplane_http::Content;
use edgeplane_net::pages;
use tokio::sync::Notify;

use crate::store::body::has_pages;
use crate::store::hold;
use crate::store::limits::MEMORY_PIECES;

/// Content under way: one writer, many readers.
pub struct Growing {
    state: Mutex<State>,
    /// Octets that may come.
    most: u64,
    moved: Notify,
    /// For the writer: a reader went on, or away.
    passed: Notify,
}

struct State {
    pieces: Pieces,
    /// Octets in `pieces`.
    held: u64,
    /// What passes through, after `pieces`: in order, each with the offset of its first octet.
    window: VecDeque<(u64, Bytes)>,
    length: u64,
    end: End,
    /// How many readers are where.
    readers: BTreeMap<u64, usize>,
}

/// Octets that may be in the window, and a piece more.
const WINDOW: u64 = 1 << 20;

enum Pieces {
    /// In order, each with the offset of its first octet.
    Memory(Vec<(u64, Bytes)>),
    Pages(pages::Growing),
    /// Somebody else writes it.
    Disk(Arc<File>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Whole,
    Broken,
}

/// What a reader finds at an offset.
pub enum Piece {
    /// Content from there on.
    Content(Content),
    /// Nothing more: it is whole.
    End,
    /// It broke off.
    Broken,
}

impl Growing {
    /// Nothing yet. Content that is held in pages of its own comes into them where its length is `expected`; where nothing
    /// is, and `most` may come, as soon as it is long.
    pub fn new(expected: Option<u64>, most: u64) -> Self {
        let pages = expected.filter(|length| has_pages(*length)).and_then(|length| pages::Growing::new(length).ok());
        let pieces = pages.map_or(Pieces::Memory(Vec::new()), Pieces::Pages);
        Self::from_pieces(pieces, expected.unwrap_or(most))
    }

    /// Nothing yet, in a file that somebody else writes.
    pub fn on_disk(file: Arc<File>) -> Self {
        Self::from_pieces(Pieces::Disk(file), 0)
    }

    fn from_pieces(pieces: Pieces, most: u64) -> Self {
        let (window, readers) = (VecDeque::new(), BTreeMap::new());
        let state = State { pieces, held: 0, window, length: 0, end: End::Open, readers };
        Self { state: Mutex::new(state), most, moved: Notify::new(), passed: Notify::new() }
    }

    /// Adds a piece; fails where it is more than was expected.
    pub fn push(&self, piece: Bytes) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let mut state = crate::lock(&self.state);
        let at = state.length;
        let length = at + piece.len() as u64;
        match &mut state.pieces {
            Pieces::Memory(_) if length > self.most => return Err(io::ErrorKind::StorageFull.into()),
            Pieces::Memory(pieces) => {
                pieces.push((at, piece));
                // Where the system has no pages, all stays as it is.
                if at < MEMORY_PIECES.default
                    && length >= MEMORY_PIECES.default
                    && let Ok(pages) = in_pages(pieces, self.most)
                {
                    state.pieces = Pieces::Pages(pages);
                }
            }
            Pieces::Pages(pages) => pages.write(&piece)?,
            Pieces::Disk(_) => return Err(io::ErrorKind::Unsupported.into()),
        }
        (state.length, state.held) = (length, length);
        drop(state);
        self.moved.notify_waiters();
        Ok(())
    }

    /// What has come so far was copied to a file, which somebody else goes on writing.
    pub fn move_to_disk(&self, file: Arc<File>) {
        crate::lock(&self.state).pieces = Pieces::Disk(file);
    }

    /// Says that so many octets are in the file on disk.
    pub fn grown(&self, length: u64) {
        let mut state = crate::lock(&self.state);
        (state.length, state.held) = (length, length);
        drop(state);
        self.moved.notify_waiters();
    }

    /// Adds a piece that nobody keeps: what all readers have passed goes. To be called when `has_room` said so.
    pub fn pass(&self, piece: Bytes) {
        let mut state = crate::lock(&self.state);
        let at = state.length;
        state.length += piece.len() as u64;
        state.window.push_back((at, piece));
        drop(state);
        self.moved.notify_waiters();
    }

    /// Waits until the window has room; false when nobody reads any more.
    pub async fn has_room(&self) -> bool {
        loop {
            {
                let state = crate::lock(&self.state);
                match state.slowest() {
                    None => return false,
                    Some(at) if state.length - at.max(state.held).min(state.length) < WINDOW => return true,
                    Some(_) => {}
                }
            }
            self.passed.notified().await;
        }
    }

    /// A reader from the start; none where the start is gone.
    pub fn reader(self: &Arc<Self>) -> Option<Reader> {
        let mut state = crate::lock(&self.state);
        let first = state.window.front().map_or(state.length, |(at, _)| *at);
        if first > state.held {
            return None;
        }
        state.moves(None, Some(0));
        Some(Reader { body: self.clone(), offset: Cell::new(0) })
    }

    /// Octets so far.
    pub fn len(&self) -> u64 {
        crate::lock(&self.state).length
    }

    /// Whether nothing has come.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Says that it is whole; gives it in one piece.
    pub fn finish(&self) -> Content {
        let content = {
            let mut state = crate::lock(&self.state);
            state.end = End::Whole;
            state.whole()
        };
        self.moved.notify_waiters();
        content
    }

    /// Says that it is whole, where nobody asks for it in one piece.
    pub fn end(&self) {
        crate::lock(&self.state).end = End::Whole;
        self.moved.notify_waiters();
    }

    /// Says that no more will come.
    pub fn break_off(&self) {
        let mut state = crate::lock(&self.state);
        if state.end == End::Open {
            state.end = End::Broken;
        }
        drop(state);
        self.moved.notify_waiters();
    }

    /// Waits for what stands at an offset.
    pub async fn at(&self, offset: u64) -> Piece {
        self.find(|state| state.at(offset)).await
    }

    async fn find(&self, mut look: impl FnMut(&mut State) -> Option<Piece>) -> Piece {
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            moved.as_mut().enable();
            if let Some(piece) = look(&mut crate::lock(&self.state)) {
                return piece;
            }
            moved.await;
        }
    }

    /// A reader goes on, or away; the writer is told where it may have waited for that.
    fn passed(&self, state: &mut State, from: u64, to: Option<u64>) {
        let waits = !state.window.is_empty();
        if state.moves(Some(from), to) && waits {
            self.passed.notify_one();
        }
    }
}

/// One of those who read. While it is there, what it has not passed stays.
pub struct Reader {
    body: Arc<Growing>,
    offset: Cell<u64>,
}

impl Reader {
    /// Waits for what stands at an offset; what stands before it counts as passed.
    pub async fn at(&self, offset: u64) -> Piece {
        let look = |state: &mut State| {
            self.body.passed(state, self.offset.replace(offset), Some(offset));
            state.at(offset)
        };
        self.body.find(look).await
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.body.passed(&mut crate::lock(&self.body.state), self.offset.get(), None);
    }
}

impl State {
    /// Where the slowest reader is; none: nobody reads.
    fn slowest(&self) -> Option<u64> {
        self.readers.first_key_value().map(|(at, _)| *at)
    }

    /// A reader comes, goes on, or goes away; whether that moved the slowest. What all have passed leaves the window.
    fn moves(&mut self, from: Option<u64>, to: Option<u64>) -> bool {
        if from == to {
            return false;
        }
        let before = self.slowest();
        if let Some(to) = to {
            *self.readers.entry(to).or_default() += 1;
        }
        if let Some(Entry::Occupied(mut readers)) = from.map(|from| self.readers.entry(from)) {
            *readers.get_mut() -= 1;
            if *readers.get() == 0 {
                readers.remove();
            }
        }
        let slowest = self.slowest();
        while self
            .window
            .front()
            .is_some_and(|(at, piece)| slowest.is_none_or(|slowest| at + piece.len() as u64 <= slowest))
        {
            self.window.pop_front();
        }
        slowest != before
    }

    fn at(&self, offset: u64) -> Option<Piece> {
        if offset < self.length {
            return Some(Piece::Content(self.content_at(offset)));
        }
        match self.end {
            End::Open => None,
            End::Whole => Some(Piece::End),
            End::Broken => Some(Piece::Broken),
        }
    }

    fn content_at(&self, offset: u64) -> Content {
        if offset >= self.held {
            let after = self.window.partition_point(|(start, _)| *start <= offset);
            let piece = self.window.get(after.saturating_sub(1));
            return piece
                .map_or(Content::None, |(start, piece)| Content::Bytes(piece.slice((offset - start) as usize..)));
        }
        let length = self.held - offset;
        match &self.pieces {
            Pieces::Pages(pages) => Content::Pages(pages.written().slice(offset as usize, length as usize)),
            Pieces::Disk(file) => Content::File { file: file.clone(), offset, length },
            Pieces::Memory(pieces) => {
                let after = pieces.partition_point(|(start, _)| *start <= offset);
                let piece = pieces.get(after.saturating_sub(1));
                piece.map_or(Content::None, |(start, piece)| Content::Bytes(piece.slice((offset - start) as usize..)))
            }
        }
    }

    /// One piece as it is, several copied together: what stays in the store is not to hold the buffers it came in.
    fn whole(&mut self) -> Content {
        match &mut self.pieces {
            Pieces::Pages(pages) => Content::Pages(pages.finish()),
            Pieces::Disk(file) => Content::File { file: file.clone(), offset: 0, length: self.length },
            Pieces::Memory(pieces) => hold(&pieces.iter().map(|(_, piece)| piece.clone()).collect::<Vec<_>>()),
        }
    }
}

/// The pieces in pages, with room for `most` octets.
fn in_pages(pieces: &[(u64, Bytes)], most: u64) -> io::Result<pages::Growing> {
    let mut pages = pages::Growing::up_to(most)?;
    pieces.iter().try_for_each(|(_, piece)| pages.write(piece))?;
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    fn octets(content: &Content) -> Vec<u8> {
        match content {
            Content::None => Vec::new(),
            Content::Bytes(bytes) => bytes.to_vec(),
            Content::Pages(pages) => pages.to_vec(),
            Content::File { file, offset, length } => {
                let mut read = vec![0; *length as usize];
                file.read_exact_at(&mut read, *offset).unwrap();
                read
            }
        }
    }

    #[tokio::test]
    async fn readers_see_every_octet_at_their_own_pace() {
        let body = Growing::new(None, 1 << 20);
        let all: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
        let (mut seen, mut late) = (Vec::new(), Vec::new());
        for piece in all.chunks(7_001) {
            body.push(Bytes::copy_from_slice(piece)).unwrap();
            let Piece::Content(content) = body.at(seen.len() as u64).await else { panic!("content") };
            seen.extend(octets(&content));
        }
        assert_eq!(octets(&body.finish()), all);
        while let Piece::Content(content) = body.at(late.len() as u64).await {
            late.extend(octets(&content));
        }
        assert_eq!((seen, late), (all.clone(), all));
    }

    /// Content that a reader finds at an offset.
    async fn read(reader: &Reader, at: &mut u64, seen: &mut Vec<u8>) {
        let Piece::Content(content) = reader.at(*at).await else { panic!("content") };
        *at += content.len();
        seen.extend(octets(&content));
    }

    #[tokio::test]
    async fn what_nobody_keeps_passes_at_the_pace_of_the_slowest_reader() {
        let body = Arc::new(Growing::new(None, 1 << 20));
        let piece = |n: u8| Bytes::from(vec![n; 300_000]);
        body.push(piece(0)).unwrap();
        let (quick, slow) = (body.reader().unwrap(), body.reader().unwrap());
        let (mut quick_at, mut slow_at, mut quick_saw, mut slow_saw) = (0, 0, Vec::new(), Vec::new());
        let mut all = vec![0; 300_000];
        for n in 1..20u8 {
            let mut waited = 0;
            while tokio::time::timeout(std::time::Duration::ZERO, body.has_room()).await.is_err() {
                waited += 1;
                assert!(waited < 3, "the window never moves");
                read(&slow, &mut slow_at, &mut slow_saw).await;
                let _ = tokio::time::timeout(std::time::Duration::ZERO, slow.at(slow_at)).await;
            }
            body.pass(piece(n));
            all.extend([n; 300_000]);
            while quick_at < body.len() {
                read(&quick, &mut quick_at, &mut quick_saw).await;
            }
            assert!(crate::lock(&body.state).window.len() <= 6);
        }
        body.end();
        while slow_at < body.len() {
            read(&slow, &mut slow_at, &mut slow_saw).await;
        }
        assert!(matches!(slow.at(slow_at).await, Piece::End));
        assert!(quick_saw == all && slow_saw == all);
        assert!(body.reader().is_none(), "the start is gone");
        drop((quick, slow));
        assert!(!body.has_room().await, "nobody reads");
    }

    /// Nanoseconds that this thread has run.
    fn processor_time() -> u64 {
        let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        schedule.split(' ').next().unwrap().parse().unwrap()
    }

    /// Nanoseconds of a read where so many read, from a file or through a window; of many reads, as the clock is coarse.
    async fn nanoseconds(readers: u64, is_kept: bool) -> u64 {
        const READS: u64 = 200_000;
        let body = Arc::new(Growing::new(Some(READS * 100), 0));
        let readers: Vec<_> = (0..readers).map(|_| body.reader().unwrap()).collect();
        let begun = processor_time();
        for n in 0..READS / readers.len() as u64 {
            let piece = Bytes::from_static(&[7; 100]);
            if is_kept {
                body.push(piece).unwrap();
            } else {
                assert!(body.has_room().await);
                body.pass(piece);
            }
            for reader in &readers {
                assert!(matches!(reader.at(n * 100).await, Piece::Content(_)));
            }
        }
        (processor_time() - begun) / READS
    }

    #[tokio::test]
    async fn a_read_costs_the_same_however_many_read() {
        for is_kept in [true, false] {
            let (few, many) = (nanoseconds(100, is_kept).await, nanoseconds(5_000, is_kept).await);
            assert!(many < few * 5, "{few} ns with 100 readers, {many} ns with 5,000; kept: {is_kept}");
        }
    }

    #[tokio::test]
    async fn what_broke_off_is_no_end() {
        let body = Growing::new(Some(10), 0);
        body.push(Bytes::from_static(b"abc")).unwrap();
        body.break_off();
        assert!(matches!(body.at(3).await, Piece::Broken));
        assert!(matches!(body.at(1).await, Piece::Content(Content::Bytes(rest)) if rest == "bc"));
    }
}
