//! Domain names in wire form (RFC 1035 section 3.1) and in text.

use std::fmt;

/// Longest name in octets, the root's zero octet included (RFC 1035 section 2.3.4).
pub const MAX_NAME: usize = 255;
/// Longest label in octets.
pub const MAX_LABEL: usize = 63;

/// An absolute name, uncompressed, with the case it was written in.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<[u8]>);

/// Why a text or some octets are not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// Two dots side by side, or a dot at the start.
    EmptyLabel,
    /// A label over 63 octets.
    LabelTooLong,
    /// A name over 255 octets.
    NameTooLong,
    /// A backslash that no character or three digits up to 255 follow.
    BadEscape,
    /// Octets that end before the root label, or a label type that is not a plain one.
    NotWire,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyLabel => "a label is empty (two dots side by side, or a dot at the start)",
            Self::LabelTooLong => "a label is longer than 63 octets",
            Self::NameTooLong => "the name is longer than 255 octets",
            Self::BadEscape => "a backslash must be followed by a character or by three decimal digits up to 255",
            Self::NotWire => "the octets are not an uncompressed name",
        })
    }
}

impl std::error::Error for NameError {}

impl Name {
    /// The root.
    pub fn root() -> Self {
        Self(Box::new([0]))
    }

    /// A name from its presentation form (RFC 1035 section 5.1); taken as absolute, with or without the last dot.
    pub fn from_text(text: &str) -> Result<Self, NameError> {
        let mut wire = Vec::with_capacity(text.len() + 2);
        let mut label = Vec::with_capacity(MAX_LABEL);
        if text == "." {
            return Ok(Self::root());
        }
        let mut octets = text.bytes();
        let mut ended = true;
        while let Some(octet) = octets.next() {
            ended = octet == b'.';
            match octet {
                b'.' => push_label(&mut wire, &mut label)?,
                b'\\' => label.push(escaped(&mut octets)?),
                other => label.push(other),
            }
        }
        if !ended {
            push_label(&mut wire, &mut label)?;
        }
        wire.push(0);
        Self::sized(wire)
    }

    /// A name from exactly one uncompressed wire form.
    pub fn from_wire(wire: &[u8]) -> Result<Self, NameError> {
        match Self::wire_len(wire) {
            Some(len) if len == wire.len() => Ok(Self(wire.into())),
            _ => Err(NameError::NotWire),
        }
    }

    /// Length of the uncompressed name at the start of `octets`, the root's octet included.
    pub fn wire_len(octets: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            match usize::from(*octets.get(at)?) {
                0 => return (at < MAX_NAME).then_some(at + 1),
                len if len <= MAX_LABEL => at += len + 1,
                _ => return None,
            }
        }
    }

    /// The octets, root label included.
    pub fn as_wire(&self) -> &[u8] {
        &self.0
    }

    /// The labels from the leftmost on, the root's left out.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        labels(&self.0)
    }

    /// The same name in lower case (ASCII letters only, RFC 4343).
    pub fn to_lower(&self) -> Self {
        Self(self.0.to_ascii_lowercase().into())
    }

    /// Whether this name is `other` or lies below it, whatever the case.
    pub fn is_within(&self, other: &Self) -> bool {
        let Some(cut) = self.0.len().checked_sub(other.0.len()) else {
            return false;
        };
        let mut at = 0;
        while at < cut {
            at += usize::from(self.0.get(at).copied().unwrap_or(0)) + 1;
        }
        at == cut && self.0.get(cut..).is_some_and(|tail| tail.eq_ignore_ascii_case(&other.0))
    }

    /// The name without its leftmost label; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let first = usize::from(*self.0.first()?);
        (first > 0).then(|| self.0.get(first + 1..).map(|tail| Self(tail.into())))?
    }

    fn sized(wire: Vec<u8>) -> Result<Self, NameError> {
        if wire.len() > MAX_NAME { Err(NameError::NameTooLong) } else { Ok(Self(wire.into())) }
    }
}

/// The labels of an uncompressed wire name from the leftmost on, the root's left out; stops where the octets end.
pub fn labels(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = wire;
    std::iter::from_fn(move || {
        let (&len, tail) = rest.split_first()?;
        let label = tail.get(..usize::from(len)).filter(|label| !label.is_empty())?;
        rest = tail.get(usize::from(len)..)?;
        Some(label)
    })
}

/// An uncompressed wire name and its ancestors, the root last.
pub fn suffixes(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(name), |name| name.get(labels(name).next()?.len() + 1..))
}

fn push_label(wire: &mut Vec<u8>, label: &mut Vec<u8>) -> Result<(), NameError> {
    match label.len() {
        0 => return Err(NameError::EmptyLabel),
        len if len > MAX_LABEL => return Err(NameError::LabelTooLong),
        len => wire.push(len as u8),
    }
    wire.append(label);
    Ok(())
}

fn escaped(octets: &mut std::str::Bytes<'_>) -> Result<u8, NameError> {
    let first = octets.next().ok_or(NameError::BadEscape)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut value = u16::from(first - b'0');
    for _ in 0..2 {
        let digit = octets.next().filter(u8::is_ascii_digit).ok_or(NameError::BadEscape)?;
        value = value * 10 + u16::from(digit - b'0');
    }
    u8::try_from(value).map_err(|_| NameError::BadEscape)
}

impl fmt::Display for Name {
    /// Absolute presentation form with the last dot; special and unprintable octets escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == 1 {
            return f.write_str(".");
        }
        for label in self.labels() {
            for &octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => write!(f, "\\{}", char::from(octet))?,
                    0x21..=0x7e => write!(f, "{}", char::from(octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_and_wire() {
        let name = Name::from_text("a\\.b.\\042.Example.").unwrap();
        assert_eq!(name.as_wire(), b"\x03a.b\x01*\x07Example\x00");
        assert_eq!(name.to_string(), "a\\.b.*.Example.");
        assert_eq!(Name::from_text("a..b"), Err(NameError::EmptyLabel));
        assert_eq!(Name::from_text("a\\25"), Err(NameError::BadEscape));
        assert_eq!(Name::from_text("").unwrap(), Name::root());
    }

    #[test]
    fn within_compares_whole_labels() {
        let zone = Name::from_text("Example.net").unwrap();
        assert!(Name::from_text("a.eXample.net").unwrap().is_within(&zone));
        assert!(zone.is_within(&zone));
        assert!(!Name::from_text("badexample.net").unwrap().is_within(&zone));
    }

    proptest! {
        #[test]
        fn text_round_trip(labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..=20), 0..8)) {
            let mut wire: Vec<u8> = labels.iter().flat_map(|l| std::iter::once(l.len() as u8).chain(l.iter().copied())).collect();
            wire.push(0);
            let name = Name::from_wire(&wire).unwrap();
            prop_assert_eq!(Name::from_text(&name.to_string()).unwrap(), name);
        }
    }
}
