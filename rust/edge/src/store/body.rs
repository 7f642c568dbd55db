//! How content is held in memory: small content as octets beside its head, large content in pages of its own, which grow
//! while it comes, leave without being copied, and go back to the system with the last who sends them.

use bytes::Bytes;
use edgeplane_http::Content;
use edgeplane_net::pages::{self, Pages};

use super::limits::{DISK_OPEN_SHARE, MEMORY_MAPPINGS, MEMORY_PAGES};

/// Decides which content gets pages of its own.
#[derive(Debug, Clone, Copy)]
pub struct Bodies {
    pages_from: u64,
    open_files: u64,
}

impl Bodies {
    /// For a memory tier of `capacity` octets in a process that may open `descriptors` files (RLIMIT_NOFILE).
    ///
    /// All content in memory weighs at most `capacity` together, so the number of mappings is bounded by their least size.
    pub fn new(capacity: u64, descriptors: u64) -> Self {
        let pages_from = capacity.div_ceil(MEMORY_MAPPINGS.default).max(MEMORY_PAGES.default);
        Self { pages_from, open_files: descriptors / DISK_OPEN_SHARE.default }
    }

    /// Files of the disk tier that may stay open.
    pub fn open_files(&self) -> u64 {
        self.open_files
    }

    /// Content from here on is held in pages of its own.
    pub fn pages_from(&self) -> u64 {
        self.pages_from
    }

    /// Content that holds no more memory than its weight says: pieces of larger buffers are copied out of them. Where no
    /// pages can be had, the allocator's memory does.
    pub fn hold(&self, pieces: &[Bytes]) -> Content {
        let length = pieces.iter().map(|piece| piece.len() as u64).sum();
        if length >= self.pages_from
            && let Ok(pages) = Pages::hold(length, pieces.iter().map(|piece| &piece[..]))
        {
            return Content::Pages(pages);
        }
        Content::Bytes(Bytes::from(pieces.concat()))
    }
}

/// Octets of memory that content made by `Bodies::hold` or `fill::Growing` occupies.
pub fn weight(content: &Content) -> u64 {
    match content {
        Content::None => 0,
        Content::Bytes(bytes) => bytes.len() as u64,
        // A file is on disk; if it were asked for here, it would count as what it is to become.
        Content::Pages(_) | Content::File { .. } => pages::weight(content.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(length: usize) -> Content {
        let octets = Bytes::from(vec![7; length]);
        let (first, second) = (octets.slice(..length / 3), octets.slice(length / 3..));
        Bodies::new(1 << 20, 1_024).hold(&[first, second])
    }

    #[test]
    fn large_content_is_in_pages_of_its_own_and_small_content_is_not() {
        let least = Bodies::new(1 << 20, 1_024).pages_from() as usize;
        let Content::Bytes(small) = held(least - 1) else { panic!("pages for little") };
        assert_eq!(small, vec![7; least - 1]);
        let large = held(least);
        let Content::Pages(pages) = &large else { panic!("octets for much") };
        assert_eq!(**pages, vec![7; least]);
        assert!(weight(&large) >= least as u64);
    }

    #[test]
    fn mappings_are_never_used_up() {
        for capacity in [256u64 << 20, 64 << 30, 1 << 40] {
            let bodies = Bodies::new(capacity, 1_024);
            assert!(capacity / bodies.pages_from() <= 32_768, "{capacity}");
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
