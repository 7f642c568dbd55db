//! How content is held in memory: small content as octets beside its head, large content in a sealed memory file, which
//! leaves by `sendfile` without being copied.

use bytes::Bytes;
use edgeplane_http::Content;
use edgeplane_net::memory_file;

use super::limits::{DISK_OPEN_SHARE, MEMORY_FILE, MEMORY_FILE_SHARE};

/// Decides which content gets a file of its own.
#[derive(Debug, Clone, Copy)]
pub struct Bodies {
    smallest_file: u64,
    open_files: u64,
}

impl Bodies {
    /// For a memory tier of `capacity` octets in a process that may open `descriptors` files (RLIMIT_NOFILE).
    ///
    /// All files in memory weigh at most `capacity` together, so their number is bounded by their least size.
    pub fn new(capacity: u64, descriptors: u64) -> Self {
        let files = (descriptors / MEMORY_FILE_SHARE.default).max(1);
        let open_files = descriptors / DISK_OPEN_SHARE.default;
        Self { smallest_file: capacity.div_ceil(files).max(MEMORY_FILE.default), open_files }
    }

    /// Files of the disk tier that may stay open.
    pub fn open_files(&self) -> u64 {
        self.open_files
    }

    /// Content from here on is held in a file.
    pub fn smallest_file(&self) -> u64 {
        self.smallest_file
    }

    /// Content that holds no more memory than its weight says: pieces of larger buffers are copied out of them. Where no
    /// file can be made, octets do.
    pub fn hold(&self, pieces: &[Bytes]) -> Content {
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        if length >= self.smallest_file
            && let Ok(file) = memory_file::create(c"edgeplane-body", pieces.iter().map(|piece| &piece[..]))
        {
            return Content::File { file, offset: 0, length };
        }
        Content::Bytes(Bytes::from(pieces.concat()))
    }
}

/// Octets of memory that content made by `Bodies::hold` occupies.
pub fn weight(content: &Content) -> u64 {
    match content {
        Content::None => 0,
        Content::Bytes(bytes) => bytes.len() as u64,
        Content::File { length, .. } => memory_file::weight(*length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    fn held(length: usize) -> Content {
        let octets = Bytes::from(vec![7; length]);
        let (first, second) = (octets.slice(..length / 3), octets.slice(length / 3..));
        Bodies::new(1 << 20, 1_024).hold(&[first, second])
    }

    #[test]
    fn large_content_is_in_a_file_and_small_content_is_not() {
        let least = Bodies::new(1 << 20, 1_024).smallest_file() as usize;
        let Content::Bytes(small) = held(least - 1) else { panic!("a file for little") };
        assert_eq!(small, vec![7; least - 1]);
        let large = held(least);
        let Content::File { file, offset: 0, length } = &large else { panic!("octets for much") };
        let mut octets = vec![0; *length as usize];
        file.read_exact_at(&mut octets, 0).unwrap();
        assert_eq!(octets, vec![7; least]);
        assert!(weight(&large) >= least as u64);
    }

    #[test]
    fn descriptors_are_never_used_up() {
        for (capacity, descriptors) in [(256u64 << 20, 1_024u64), (64 << 30, 65_536), (1 << 30, 1)] {
            let bodies = Bodies::new(capacity, descriptors);
            assert!(capacity / bodies.smallest_file() <= (descriptors / 4).max(1), "{capacity} {descriptors}");
        }
    }

    #[test]
    fn a_piece_does_not_keep_its_buffer() {
        let buffer = Bytes::from(vec![1; 100_000]);
        let held = Bodies::new(1 << 20, 1_024).hold(&[buffer.slice(..10)]);
        assert!(buffer.is_unique(), "the piece was copied out");
        assert_eq!(weight(&held), 10);
    }
}
