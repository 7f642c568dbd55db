//! As much DER as taking a private key out of its wrapping needs (X.690 section 8).

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;

/// Reads elements one after the other.
pub(crate) struct Reader<'d>(pub &'d [u8]);

impl<'d> Reader<'d> {
    /// The content of the next element, which has this tag.
    pub fn element(&mut self, tag: u8) -> Option<&'d [u8]> {
        let rest = self.0.strip_prefix(&[tag])?;
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// A reader of the sequence that comes next.
    pub fn sequence(&mut self) -> Option<Self> {
        self.element(SEQUENCE).map(Self)
    }
}

fn length(octets: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = octets.split_first()?;
    if first < 0x80 {
        return Some((first.into(), rest));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
    (1..=4).contains(&digits.len()).then(|| (digits.iter().fold(0, |sum, &digit| sum << 8 | usize::from(digit)), rest))
}
