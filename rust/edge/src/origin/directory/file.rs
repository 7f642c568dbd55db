//! A file's content, read piece by piece on threads for what blocks. A file that changes meanwhile is an error.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;

use bytes::Bytes;

use super::super::OriginError;

/// Octets read at once.
const PIECE: u64 = 256 * 1024;

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub inode: u64,
    pub length: u64,
    pub modified_s: i64,
    modified_ns: i64,
    changed_s: i64,
    changed_ns: i64,
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            inode: metadata.ino(),
            length: metadata.len(),
            modified_s: metadata.mtime(),
            modified_ns: metadata.mtime_nsec(),
            changed_s: metadata.ctime(),
            changed_ns: metadata.ctime_nsec(),
        }
    }

    /// A strong entity tag: length, time of modification in nanoseconds, inode.
    pub fn etag(&self) -> String {
        let modified = i128::from(self.modified_s) * 1_000_000_000 + i128::from(self.modified_ns);
        format!("\"{:x}-{modified:x}-{:x}\"", self.length, self.inode)
    }
}

/// The rest of a file.
#[derive(Debug)]
pub(in super::super) struct FileContent {
    file: Arc<File>,
    stamp: Stamp,
    offset: u64,
    first: Option<Bytes>,
}

impl FileContent {
    /// Reads the first piece at once: for a small file that is all. To be called on a thread for what blocks.
    pub(super) fn open(file: File, stamp: Stamp) -> Result<Self, OriginError> {
        let mut content = Self { file: Arc::new(file), stamp, offset: 0, first: None };
        let first = read(&content.file, &stamp, 0)?;
        content.offset = first.len() as u64;
        content.first = Some(first);
        Ok(content)
    }

    /// The next piece; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, OriginError> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Ok(Some(first));
        }
        if self.offset >= self.stamp.length {
            return Ok(None);
        }
        let (file, stamp, offset) = (self.file.clone(), self.stamp, self.offset);
        let reading = tokio::task::spawn_blocking(move || read(&file, &stamp, offset)).await;
        let piece = reading.map_err(|_| OriginError::File(io::ErrorKind::Other))??;
        self.offset += piece.len() as u64;
        Ok(Some(piece))
    }
}

/// A piece. The last one is only given when the file is still what it was at the start.
fn read(file: &File, stamp: &Stamp, offset: u64) -> Result<Bytes, OriginError> {
    let length = (stamp.length - offset).min(PIECE);
    let mut piece = vec![0; length as usize];
    file.read_exact_at(&mut piece, offset).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => OriginError::Changed,
        kind => OriginError::File(kind),
    })?;
    let is_last = offset + length == stamp.length;
    if is_last && file.metadata().map(|metadata| Stamp::of(&metadata)).ok().as_ref() != Some(stamp) {
        return Err(OriginError::Changed);
    }
    Ok(piece.into())
}
