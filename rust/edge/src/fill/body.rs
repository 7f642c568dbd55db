//! Content that grows while many read it.
//!
//! Short content is kept in memory; from a length on it goes to a memory file, from which it leaves by `sendfile`.

use std::io;
use std::sync::Mutex;

use bytes::{Bytes, BytesMut};
use edgeplane_http::Content;
use edgeplane_net::memory_file::MemoryFile;
use tokio::sync::Notify;

/// Content under way: one writer, many readers.
pub struct Growing {
    state: Mutex<State>,
    file_from: u64,
    moved: Notify,
}

struct State {
    pieces: Pieces,
    length: u64,
    end: End,
}

enum Pieces {
    /// In order, each with the offset of its first octet.
    Memory(Vec<(u64, Bytes)>),
    File(MemoryFile),
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
    /// Nothing yet. Content of `file_from` octets and more goes to a memory file, from the start where that is `expected`.
    pub fn new(expected: Option<u64>, file_from: u64) -> io::Result<Self> {
        let pieces = match expected {
            Some(length) if length >= file_from => Pieces::File(memory_file()?),
            _ => Pieces::Memory(Vec::new()),
        };
        let state = Mutex::new(State { pieces, length: 0, end: End::Open });
        Ok(Self { state, file_from, moved: Notify::new() })
    }

    /// Adds a piece.
    pub fn push(&self, piece: Bytes) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        let mut state = crate::lock(&self.state);
        let at = state.length;
        let length = at + piece.len() as u64;
        match &mut state.pieces {
            Pieces::Memory(pieces) if length < self.file_from => pieces.push((at, piece)),
            Pieces::Memory(pieces) => {
                let mut file = memory_file()?;
                for (_, piece) in pieces.iter() {
                    file.write(piece)?;
                }
                file.write(&piece)?;
                state.pieces = Pieces::File(file);
            }
            Pieces::File(file) => file.write(&piece)?,
        }
        state.length = length;
        drop(state);
        self.moved.notify_waiters();
        Ok(())
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
        loop {
            let mut moved = std::pin::pin!(self.moved.notified());
            moved.as_mut().enable();
            if let Some(piece) = crate::lock(&self.state).at(offset) {
                return piece;
            }
            moved.await;
        }
    }
}

impl State {
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
        match &self.pieces {
            Pieces::File(file) => Content::File { file: file.file().clone(), offset, length: self.length - offset },
            Pieces::Memory(pieces) => {
                let after = pieces.partition_point(|(start, _)| *start <= offset);
                let piece = pieces.get(after.saturating_sub(1));
                piece.map_or(Content::None, |(start, piece)| Content::Bytes(piece.slice((offset - start) as usize..)))
            }
        }
    }

    /// One piece as it is, several copied together: what stays in the store is not to hold the buffers it came in.
    fn whole(&self) -> Content {
        match &self.pieces {
            Pieces::File(file) => Content::File { file: file.file().clone(), offset: 0, length: self.length },
            Pieces::Memory(pieces) => {
                let mut whole = BytesMut::with_capacity(self.length as usize);
                pieces.iter().for_each(|(_, piece)| whole.extend_from_slice(piece));
                Content::Bytes(whole.freeze())
            }
        }
    }
}

fn memory_file() -> io::Result<MemoryFile> {
    MemoryFile::new(c"edgeplane-content")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    fn octets(content: &Content) -> Vec<u8> {
        match content {
            Content::None => Vec::new(),
            Content::Bytes(bytes) => bytes.to_vec(),
            Content::File { file, offset, length } => {
                let mut read = vec![0; *length as usize];
                file.read_exact_at(&mut read, *offset).unwrap();
                read
            }
        }
    }

    #[tokio::test]
    async fn readers_see_every_octet_at_their_own_pace() {
        let body = Growing::new(None, 65_536).unwrap();
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

    #[tokio::test]
    async fn what_broke_off_is_no_end() {
        let body = Growing::new(Some(10), 65_536).unwrap();
        body.push(Bytes::from_static(b"abc")).unwrap();
        body.break_off();
        assert!(matches!(body.at(3).await, Piece::Broken));
        assert!(matches!(body.at(1).await, Piece::Content(Content::Bytes(rest)) if rest == "bc"));
    }
}
