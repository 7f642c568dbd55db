//! Messages in a stream: two octets of length, then the message (RFC 1035 section 4.2.2), in pieces of any size.

use crate::limits;

/// Octets of a DNS header: nothing shorter is a message.
const HEADER: usize = 12;

/// Octets that have come and are not a whole message yet, or not taken yet.
#[derive(Default)]
pub struct Frames {
    octets: Vec<u8>,
    taken: usize,
}

/// The next thing in the stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<'a> {
    /// A message.
    Message(&'a [u8]),
    /// Nothing whole has come.
    Incomplete,
    /// A length that no query has: what follows cannot be told apart any more.
    Senseless,
}

impl Frames {
    /// Adds what came.
    pub fn push(&mut self, octets: &[u8]) {
        self.octets.drain(..self.taken);
        self.taken = 0;
        self.octets.extend_from_slice(octets);
    }

    /// Takes the next message.
    pub fn next(&mut self) -> Next<'_> {
        let rest = self.octets.get(self.taken..).unwrap_or_default();
        let Some((length, rest)) = rest.split_first_chunk() else {
            return Next::Incomplete;
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if !(HEADER..=limits::TCP_QUERY_SIZE.default as usize).contains(&length) {
            return Next::Senseless;
        }
        let Some(message) = rest.get(..length) else {
            return Next::Incomplete;
        };
        self.taken += 2 + length;
        Next::Message(message)
    }

    /// Whether nothing waits to be taken or completed.
    pub fn is_empty(&self) -> bool {
        self.taken == self.octets.len()
    }

    /// Gives back the memory of what was taken: most connections are idle most of the time, some with half a query.
    pub fn shrink(&mut self) {
        self.octets.drain(..self.taken);
        self.taken = 0;
        self.octets.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_that_no_query_has_end_the_stream() {
        for (length, senseless) in [(0, true), (11, true), (12, false), (4096, false), (4097, true), (65_535, true)] {
            let mut frames = Frames::default();
            frames.push(&u16::to_be_bytes(length));
            assert_eq!(frames.next() == Next::Senseless, senseless, "{length}");
        }
    }

    #[test]
    fn half_a_query_holds_no_more_than_itself() {
        let mut frames = Frames::default();
        frames.push(&[[&[0, 12][..], &[0; 12]].concat().repeat(1000), vec![0, 12, 0]].concat());
        while let Next::Message(_) = frames.next() {}
        frames.shrink();
        assert!(frames.octets.capacity() < 64, "{}", frames.octets.capacity());
        frames.push(&[0; 11]);
        assert_eq!(frames.next(), Next::Message(&[0; 12]));
    }

    proptest! {
        #[test]
        fn however_a_stream_is_cut_the_messages_are_the_same(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 12..300), 0..12),
            cuts in prop::collection::vec(1usize..80, 1..20)
        ) {
            let stream: Vec<u8> = messages.iter().flat_map(|m| [&u16::to_be_bytes(m.len() as u16)[..], m].concat()).collect();
            let (mut frames, mut seen, mut rest) = (Frames::default(), Vec::new(), &stream[..]);
            for cut in cuts.iter().cycle() {
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                frames.push(piece);
                while let Next::Message(message) = frames.next() {
                    seen.push(message.to_vec());
                }
                frames.shrink();
                rest = tail;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(frames.octets.len(), 0);
            prop_assert_eq!(seen, messages);
        }
    }
}
