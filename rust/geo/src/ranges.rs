//! The address line of one family, cut into ranges of equal value.
//!
//! ```text
//! address ─ root: which of its equal parts? ─┬► in one range: its value, and the scope
//!                                            ├► at most CROWD ranges: walk on from the first
//!                                            └► more: a node of its own, cut finer ─► …
//! ```
//! Prefixes stand close together in some places and nowhere in others. So a node spans from its first boundary to its
//! last, and a part of it that is still crowded becomes a node in turn: a lookup touches few cache lines in either.

use std::ops::Range;

/// The address of one family as a number.
pub(crate) trait Word: Copy + Ord + std::fmt::Debug {
    /// Bits of an address.
    const BITS: u32;
    /// Bits of the parts of one node at most. With 5.7 M and 3 M ranges a lookup took 249 and 636 ns at 16 and 20 bits of
    /// one node alone, 163 and 442 ns at 20 and 24; the gain ends there.
    const PART_BITS: u32;
    /// The lowest address.
    const ZERO: Self;
    /// The address before, if any.
    fn before(self) -> Option<Self>;
    /// The address `2^(BITS - length)` after, if any.
    fn after(self, length: u8) -> Option<Self>;
    /// Leading bits that two addresses share.
    fn common(self, other: Self) -> u32;
    /// Bits of the distance from `low`, which is no higher.
    fn bits_from(self, low: Self) -> u32;
    /// The part, each of `2^shift` addresses, in which this one lies, counted from the one of `low`, which is no higher.
    fn part(self, low: Self, shift: u32) -> usize;
    /// The beginning of the part, of those counted from 0, in which this one lies.
    fn aligned(self, shift: u32) -> Self;
    /// The first address of a part that is counted from this one.
    fn of_part(self, part: usize, shift: u32) -> Self;
    /// Octets of an address in a section.
    const SIZE: usize = (Self::BITS / 8) as usize;
    /// From `SIZE` little-endian octets.
    fn read(octets: &[u8]) -> Option<Self>;
    /// To little-endian octets.
    fn write(self, out: &mut Vec<u8>);
}

macro_rules! word {
    ($int:ty, $part_bits:literal) => {
        impl Word for $int {
            const BITS: u32 = <$int>::BITS;
            const PART_BITS: u32 = $part_bits;
            const ZERO: Self = 0;
            #[inline]
            fn before(self) -> Option<Self> {
                self.checked_sub(1)
            }
            fn after(self, length: u8) -> Option<Self> {
                self.checked_add((1 as $int).checked_shl(Self::BITS - u32::from(length))?)
            }
            #[inline]
            fn common(self, other: Self) -> u32 {
                (self ^ other).leading_zeros()
            }
            fn bits_from(self, low: Self) -> u32 {
                Self::BITS - self.wrapping_sub(low).leading_zeros()
            }
            #[inline]
            fn part(self, low: Self, shift: u32) -> usize {
                (self.wrapping_sub(low) >> shift) as usize
            }
            fn aligned(self, shift: u32) -> Self {
                self & Self::MAX.checked_shl(shift).unwrap_or(0)
            }
            fn of_part(self, part: usize, shift: u32) -> Self {
                self.wrapping_add((part as $int).checked_shl(shift).unwrap_or(0))
            }
            fn read(octets: &[u8]) -> Option<Self> {
                octets.try_into().ok().map(<$int>::from_le_bytes)
            }
            fn write(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
        }
    };
}
word!(u32, 20);
word!(u128, 22);

/// Each range begins at its address, ends before the next one's and has its value; neighbours differ in value. Address and
/// value stand side by side, so that the last step of a search brings both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranges<W> {
    ranges: Vec<(W, u32)>,
    root: Node<W>,
    /// Nodes below the root.
    nodes: Vec<Node<W>>,
    /// For each part of each node: the range that its first address lies in, `WHOLE` and the answer for all of it, or
    /// `NODE` and the number of a node.
    parts: Vec<u32>,
}

/// Some of the line, cut into equal parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node<W> {
    /// Where its first part begins, at a multiple of a part's addresses: then each part is a prefix.
    low: W,
    /// Last boundary of ranges within.
    high: W,
    /// Where its parts stand.
    parts: u32,
    /// Addresses of a part, as a power of two.
    shift: u32,
    /// The range before `low`.
    before: u32,
}

/// In `Ranges::parts`: what follows is the number of a node.
const NODE: u32 = 1 << 31;
/// In `Ranges::parts`: all addresses of the part have one value and one scope, which follow: the scope in bits above
/// `VALUE_BITS`. A lookup that ends here has touched one cache line of a table of any size.
const WHOLE: u32 = 1 << 30;
const VALUE_BITS: u32 = 22;
/// Boundaries in a part that are not worth a node.
const CROWD: usize = 4;

impl<W: Word> Ranges<W> {
    /// Resolves nested prefixes; of two equal ones the later counts.
    pub fn build(mut prefixes: Vec<(W, u8, u32)>, default: u32) -> Self {
        prefixes.sort_by_key(|&(start, length, _)| (start, length));
        let mut line = Line::begin(default);
        let mut open: Vec<(Option<W>, u32)> = vec![(None, default)];
        for (start, length, value) in prefixes {
            line.close(&mut open, Some(start));
            line.cut(start, value);
            open.push((start.after(length), value));
        }
        line.close(&mut open, None);
        line.finish()
    }

    /// The value at an address and the length of the shortest prefix around it that has one value throughout.
    #[inline]
    pub fn lookup(&self, address: W) -> (u32, u8) {
        let entry = self.entry(address);
        if entry & WHOLE != 0 {
            return (entry & ((1 << VALUE_BITS) - 1), (entry >> VALUE_BITS) as u8);
        }
        self.of_range(self.walk(entry, address), address)
    }

    /// The value of a range, and the scope at an address in it.
    #[inline]
    fn of_range(&self, n: usize, address: W) -> (u32, u8) {
        let (start, value) = self.ranges.get(n).copied().unwrap_or((W::ZERO, 0));
        let left = start.before();
        let right = self.ranges.get(n + 1).map(|&(next, _)| next);
        let shared = |edge: Option<W>| edge.map_or(0, |edge| address.common(edge) + 1);
        (value, shared(left).max(shared(right)) as u8)
    }

    /// The range that an address lies in, which is this one or one of the `CROWD` after it.
    #[inline]
    fn walk(&self, from: u32, address: W) -> usize {
        let mut found = from as usize;
        while self.ranges.get(found + 1).is_some_and(|&(start, _)| start <= address) {
            found += 1;
        }
        found
    }

    /// What `parts` has for an address: a range, or `WHOLE` and the answer.
    #[inline]
    fn entry(&self, address: W) -> u32 {
        let mut node = &self.root;
        while node.low <= address {
            let part = address.min(node.high).part(node.low, node.shift);
            let entry = self.parts.get(node.parts as usize + part).copied().unwrap_or(0);
            match self.nodes.get((entry ^ NODE) as usize) {
                Some(crowded) => node = crowded,
                None => return entry,
            }
        }
        node.before
    }

    /// Ranges that a lookup walks over.
    #[cfg(test)]
    pub fn steps(&self, address: W) -> usize {
        let entry = self.entry(address);
        if entry & WHOLE == 0 { self.walk(entry, address) - entry as usize } else { 0 }
    }

    /// Every value replaced; neighbours that became equal are one range.
    pub fn map(&self, mut f: impl FnMut(u32) -> u32) -> Self {
        let mut line = Line::empty();
        self.iter().for_each(|(start, value)| line.cut(start, f(value)));
        line.finish()
    }

    /// The values of two tables joined, range by range.
    pub fn zip(&self, other: &Self, mut f: impl FnMut(u32, u32) -> u32) -> Self {
        let mut line = Line::empty();
        let (mut a, mut b) = (self.iter().peekable(), other.iter().peekable());
        let (mut x, mut y) = (0, 0);
        while let Some(start) = [a.peek(), b.peek()].into_iter().flatten().map(|&(start, _)| start).min() {
            if let Some((_, value)) = a.next_if(|&(s, _)| s == start) {
                x = value;
            }
            if let Some((_, value)) = b.next_if(|&(s, _)| s == start) {
                y = value;
            }
            line.cut(start, f(x, y));
        }
        line.finish()
    }

    /// Ranges as (first address, value), in order.
    pub fn iter(&self) -> impl Iterator<Item = (W, u32)> + '_ {
        self.ranges.iter().copied()
    }

    /// Number of ranges, at least one.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// From parts that a stranger may have made: the reason when they are not what `build` makes.
    pub fn checked(starts: Vec<W>, values: Vec<u32>) -> Result<Self, &'static str> {
        if starts.first() != Some(&W::ZERO) || starts.len() != values.len() {
            return Err("ranges do not begin at the lowest address");
        }
        if !starts.is_sorted_by(|a, b| a < b) {
            return Err("ranges are not in order");
        }
        if !values.is_sorted_by(|a, b| a != b) {
            return Err("neighbouring ranges have one value");
        }
        Ok(Self::indexed(starts.into_iter().zip(values).collect()))
    }

    /// Adds the nodes: about as many parts as ranges, so that a small table stays small.
    fn indexed(ranges: Vec<(W, u32)>) -> Self {
        let root = Node { low: W::ZERO, high: W::ZERO, parts: 0, shift: 0, before: 0 };
        let table = Self { ranges, root, nodes: Vec::new(), parts: Vec::new() };
        let mut index = Index { table: &table, nodes: Vec::new(), parts: Vec::new() };
        let root = index.node(1..table.ranges.len());
        let Index { nodes, parts, .. } = index;
        Self { root, nodes, parts, ..table }
    }
}

/// Nodes in the making.
struct Index<'a, W> {
    table: &'a Ranges<W>,
    nodes: Vec<Node<W>>,
    parts: Vec<u32>,
}

impl<W: Word> Index<'_, W> {
    /// A node over the boundaries at which these ranges begin. With more than `CROWD` of them a part is an eighth of the
    /// node or less, and a part of one address has one boundary: nodes come to an end.
    fn node(&mut self, within: Range<usize>) -> Node<W> {
        let (low, high) = (self.start(within.start), self.start(within.end - 1));
        let bits = (usize::BITS - within.len().leading_zeros()).min(W::PART_BITS);
        let shift = high.bits_from(low).saturating_sub(bits);
        let low = low.aligned(shift);
        let (at, before, last) = (self.parts.len(), within.start - 1, high.part(low, shift));
        self.parts.resize(at + last + 1, 0);
        let mut next = within.start;
        for part in 0..=last {
            let first = next;
            while next < within.end && self.start(next).part(low, shift) == part {
                next += 1;
            }
            let begins = low.of_part(part, shift);
            let entry = match next - first {
                // Whatever lies behind the last part is looked up in it.
                0 if part < last => self.whole(first - 1, begins),
                1 if part < last && self.start(first) == begins => self.whole(first, begins),
                ..=CROWD => first as u32 - 1,
                _ => self.crowded(first..next),
            };
            if let Some(place) = self.parts.get_mut(at + part) {
                *place = entry;
            }
        }
        Node { low, high, parts: at as u32, shift, before: before as u32 }
    }

    /// The entry of a part that lies in one range: a prefix, so that what is true of its first address is of all. The number
    /// of the range where its value has no room.
    fn whole(&self, range: usize, begins: W) -> u32 {
        let (value, scope) = self.table.of_range(range, begins);
        match value >> VALUE_BITS {
            0 => WHOLE | u32::from(scope) << VALUE_BITS | value,
            _ => range as u32,
        }
    }

    /// The entry of a part with a node of its own.
    fn crowded(&mut self, within: Range<usize>) -> u32 {
        let node = self.node(within);
        self.nodes.push(node);
        NODE | (self.nodes.len() as u32 - 1)
    }

    fn start(&self, range: usize) -> W {
        self.table.ranges.get(range).map_or(W::ZERO, |&(start, _)| start)
    }
}

/// Ranges in the making, from the lowest address up.
struct Line<W>(Vec<(W, u32)>);

impl<W: Word> Line<W> {
    fn empty() -> Self {
        Self(Vec::new())
    }

    fn begin(value: u32) -> Self {
        Self(vec![(W::ZERO, value)])
    }

    /// From `start` on the value is this one.
    fn cut(&mut self, start: W, value: u32) {
        self.0.pop_if(|(last, _)| *last == start);
        if self.0.last().is_none_or(|&(_, last)| last != value) {
            self.0.push((start, value));
        }
    }

    /// Ends the open prefixes that reach no further than `at`; `None` is the end of the line.
    fn close(&mut self, open: &mut Vec<(Option<W>, u32)>, at: Option<W>) {
        while let Some(end) = open.pop_if(|(end, _)| end.is_some_and(|end| at.is_none_or(|at| end <= at))) {
            let (Some(end), Some(&(_, outer))) = (end.0, open.last()) else {
                return;
            };
            self.cut(end, outer);
        }
    }

    fn finish(self) -> Ranges<W> {
        Ranges::indexed(self.0)
    }
}
