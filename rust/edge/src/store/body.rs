//! How content is held in memory: small content as octets beside its head, longer content in pages of its own, which grow
//! while it comes, leave without being copied once many want them, and are another's when nobody sends them any more.

use bytes::Bytes;
use edgeplane_http::Content;
use edgeplane_net::pages::{self, Pages};

use super::limits::MEMORY_PAGES;

/// Whether content of this length is held in pages of its own.
pub fn has_pages(length: u64) -> bool {
    length >= MEMORY_PAGES.default.max(pages::page_size() as u64)
}

/// Content that holds no more memory than its weight says: pieces of larger buffers are copied out of them. Where no pages
/// can be had, the allocator's memory does.
pub fn hold(pieces: &[Bytes]) -> Content {
    let length = pieces.iter().map(|piece| piece.len() as u64).sum();
    if has_pages(length)
        && let Ok(pages) = Pages::hold(length, pieces.iter().map(|piece| &piece[..]))
    {
        return Content::Pages(pages);
    }
    Content::Bytes(Bytes::from(pieces.concat()))
}

/// Octets of memory that content made by `hold` or `fill::Growing` occupies.
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
        hold(&[first, second])
    }

    #[test]
    fn large_content_is_in_pages_of_its_own_and_small_content_is_not() {
        let least = MEMORY_PAGES.default as usize;
        let Content::Bytes(small) = held(least - 1) else { panic!("pages for little") };
        assert_eq!(small, vec![7; least - 1]);
        let large = held(least);
        let Content::Pages(pages) = &large else { panic!("octets for much") };
        assert_eq!(**pages, vec![7; least]);
        assert!(weight(&large) >= least as u64);
    }

    #[test]
    fn a_piece_does_not_keep_its_buffer() {
        let buffer = Bytes::from(vec![1; 100_000]);
        let held = hold(&[buffer.slice(..10)]);
        assert!(buffer.is_unique(), "the piece was copied out");
        assert_eq!(weight(&held), 10);
    }
}
