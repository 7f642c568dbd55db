//! The address line of one family, cut into ranges of equal value.

/// The address of one family as a number.
pub(crate) trait Word: Copy + Ord + std::fmt::Debug {
    /// Bits of an address.
    const BITS: u32;
    /// Bits of the first-level index at most. IPv6 in use begins with 001, so that three of its bits tell nothing. With
    /// 5.7 M and 3 M ranges a lookup took 249 and 636 ns at 16 and 20 bits, 163 and 442 ns at 20 and 24; the gain ends there.
    const INDEX_BITS: u32;
    /// The lowest address.
    const ZERO: Self;
    /// The address before, if any.
    fn before(self) -> Option<Self>;
    /// The address `2^(BITS - length)` after, if any.
    fn after(self, length: u8) -> Option<Self>;
    /// Leading bits that two addresses share.
    fn common(self, other: Self) -> u32;
    /// The bits left of `shift`.
    fn top(self, shift: u32) -> usize;
    /// `slot` moved left by `shift`.
    fn from_top(slot: usize, shift: u32) -> Self;
    /// Octets of an address in a section.
    const SIZE: usize = (Self::BITS / 8) as usize;
    /// From `SIZE` little-endian octets.
    fn read(octets: &[u8]) -> Option<Self>;
    /// To little-endian octets.
    fn write(self, out: &mut Vec<u8>);
}

macro_rules! word {
    ($int:ty, $index_bits:literal) => {
        impl Word for $int {
            const BITS: u32 = <$int>::BITS;
            const INDEX_BITS: u32 = $index_bits;
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
            #[inline]
            fn top(self, shift: u32) -> usize {
                (self >> shift) as usize
            }
            fn from_top(slot: usize, shift: u32) -> Self {
                (slot as $int) << shift
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
    /// Slot `s` holds the range that `s << shift` lies in; one slot more holds the last range.
    index: Vec<u32>,
    shift: u32,
}

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
        let n = self.position(address);
        let (start, value) = self.ranges.get(n).copied().unwrap_or((W::ZERO, 0));
        let left = start.before();
        let right = self.ranges.get(n + 1).map(|&(next, _)| next);
        let shared = |edge: Option<W>| edge.map_or(0, |edge| address.common(edge) + 1);
        (value, shared(left).max(shared(right)) as u8)
    }

    /// The range that an address lies in.
    #[inline]
    fn position(&self, address: W) -> usize {
        let slot = address.top(self.shift);
        let (Some(&low), Some(&high)) = (self.index.get(slot), self.index.get(slot + 1)) else {
            return 0;
        };
        let (low, high) = (low as usize, high as usize);
        let within = self.ranges.get(low + 1..=high).unwrap_or(&[]);
        low + within.partition_point(|&(start, _)| start <= address)
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

    /// Adds the first-level index: about as many slots as ranges, so that a small table stays small.
    fn indexed(ranges: Vec<(W, u32)>) -> Self {
        let bits = (usize::BITS - ranges.len().leading_zeros()).clamp(1, W::INDEX_BITS);
        let shift = W::BITS - bits;
        let mut index = Vec::with_capacity((1 << bits) + 1);
        let mut n = 0;
        for slot in 0..1usize << bits {
            let first = W::from_top(slot, shift);
            while ranges.get(n + 1).is_some_and(|&(start, _)| start <= first) {
                n += 1;
            }
            index.push(n as u32);
        }
        index.push(ranges.len() as u32 - 1);
        Self { ranges, index, shift }
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
