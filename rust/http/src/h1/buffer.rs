//! What was read of a connection and not used yet.

use super::limits::BUFFER_SIZE;

/// A window on initialised memory.
pub(crate) struct Buffer {
    octets: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub fn new() -> Self {
        Self { octets: vec![0; BUFFER_SIZE.default as usize].into_boxed_slice(), start: 0, end: 0 }
    }

    #[inline]
    pub fn unread(&self) -> &[u8] {
        self.octets.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// `count` octets were used.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Room to read into, of at most `max` octets in all; empty where that is full.
    #[inline]
    pub fn room(&mut self, max: usize) -> &mut [u8] {
        if self.end == self.octets.len() {
            self.make_room(max);
        }
        self.octets.get_mut(self.end..).unwrap_or_default()
    }

    /// `count` octets were put at the front of `room`.
    #[inline]
    pub fn filled(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.octets.len());
    }

    /// Grows to `size`, to read content in larger pieces.
    pub fn widen(&mut self, size: usize) {
        if self.octets.len() < size {
            let mut wider = vec![0; size].into_boxed_slice();
            wider.iter_mut().zip(self.unread()).for_each(|(to, from)| *to = *from);
            (self.end, self.start) = (self.end - self.start, 0);
            self.octets = wider;
        }
    }

    /// Whether it is larger than a new one.
    pub fn is_wide(&self) -> bool {
        self.octets.len() > BUFFER_SIZE.default as usize
    }

    fn make_room(&mut self, max: usize) {
        if self.start > 0 {
            self.octets.copy_within(self.start..self.end, 0);
            (self.end, self.start) = (self.end - self.start, 0);
        } else {
            self.widen((self.octets.len() * 2).min(max));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_before_it_grows_and_stops_at_its_limit() {
        let mut buffer = Buffer::new();
        let size = buffer.room(9000).len();
        buffer.room(9000).fill(b'x');
        buffer.filled(size);
        buffer.consume(size - 1);
        assert_eq!(buffer.room(9000).len(), size - 1, "moved");
        buffer.room(9000).fill(b'y');
        buffer.filled(size - 1);
        assert_eq!(buffer.room(9000).len(), size, "grown");
        buffer.filled(size);
        assert_eq!(buffer.room(9000).len(), 9000 - 2 * size);
        buffer.filled(9000);
        assert!(buffer.room(9000).is_empty());
        assert_eq!((buffer.unread().len(), &buffer.unread()[..2]), (9000, &b"xy"[..]));
        buffer.consume(9001);
        assert!(buffer.is_empty());
    }
}
