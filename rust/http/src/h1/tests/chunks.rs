//! Chunked content.

use proptest::prelude::*;

use super::super::chunked::Chunked;
use super::{malformed, once};

/// The data and how many octets were used; none where the end did not come.
fn decode(pieces: &[&[u8]]) -> Result<Option<(Vec<u8>, usize)>, &'static str> {
    let (mut chunked, mut data, mut unread, mut used) = (Chunked::new(), Vec::new(), Vec::new(), 0);
    for piece in pieces {
        unread.extend_from_slice(piece);
        let count = chunked.decode(&unread, &mut data)?;
        unread.drain(..count);
        used += count;
    }
    Ok(chunked.is_end().then_some((data, used)))
}

fn encode(pieces: &[Vec<u8>], extension: &str, trailers: &str) -> Vec<u8> {
    let chunk = |piece: &Vec<u8>| [format!("{:X}{extension}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
    let mut octets: Vec<u8> = pieces.iter().filter(|piece| !piece.is_empty()).flat_map(chunk).collect();
    octets.extend_from_slice(format!("000{extension}\r\n{trailers}\r\n").as_bytes());
    octets
}

#[test]
fn malformed_chunks_are_refused_and_end_the_connection() {
    for chunks in malformed::CHUNKS {
        let name = String::from_utf8_lossy(chunks);
        assert!(decode(&[chunks]).is_err(), "{name:?}");
        let (head, next) = (
            b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"GET /hit HTTP/1.1\r\nHost: a\r\n\r\n",
        );
        let (answer, site) = once([head, *chunks, &next[..]].concat());
        assert_eq!(answer, "", "{name:?}");
        assert!(site.log.borrow()[0].contains("Malformed"), "{name:?}: {:?}", site.log);
        assert_eq!(site.log.borrow().len(), 1, "{name:?}: {:?}", site.log);
    }
}

#[test]
fn extensions_and_trailers_have_limits() {
    let within = format!(";a={}", "b".repeat(253));
    assert!(decode(&[&encode(&[vec![1]], &within, "")]).unwrap().is_some());
    assert!(decode(&[&encode(&[vec![1]], &format!("{within}b"), "")]).is_ok(), "the digits leave room");
    assert!(decode(&[&encode(&[vec![1]], &within.repeat(2), "")]).is_err());
    assert!(decode(&[&encode(&vec![vec![1]; 40], &within, "")]).is_err());
    assert!(decode(&[&encode(&[], "", &"a: b\r\n".repeat(1300))]).unwrap().is_some());
    assert!(decode(&[&encode(&[], "", &"a: b\r\n".repeat(1400))]).is_err());
    assert!(decode(&[b"1;", &[b'a'; 400]]).is_err(), "without waiting for the line's end");
    assert!(decode(&[b"0\r\n", &[b'a'; 9000]]).is_err(), "without waiting for the line's end");
}

proptest! {
    #[test]
    fn data_comes_out_as_it_went_in_however_it_is_cut(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..6),
        extension in "(;[a-z]{1,5}(=\"[ -!#-~]{0,5}\")?)?",
        trailers in "([a-z]{1,5}: [!-~]{1,5}\r\n){0,3}",
        cut in any::<prop::sample::Index>(),
    ) {
        let octets = encode(&pieces, &extension, &trailers);
        let follows = [&octets[..], b"GET /"].concat();
        prop_assert_eq!(decode(&[&follows]), Ok(Some((pieces.concat(), octets.len()))));
        let (first, second) = follows.split_at(cut.index(follows.len()));
        prop_assert_eq!(decode(&[first, second]), Ok(Some((pieces.concat(), octets.len()))));
        let single: Vec<_> = follows.chunks(1).collect();
        prop_assert_eq!(decode(&single), Ok(Some((pieces.concat(), octets.len()))));
    }

    #[test]
    fn any_octets_are_read_without_a_panic(octets in prop::collection::vec(any::<u8>(), 0..100), size in "[0-9a-f]{0,17}") {
        let _ = decode(&[&octets]);
        let _ = decode(&[size.as_bytes(), b"\r\n", &octets]);
    }
}
