//! What a certificate says about itself (RFC 5280): its names and its time. Nothing here judges signatures.

use edgeplane_base::calendar::days;

/// The parts of an end-entity certificate that its owner may have got wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Leaf {
    /// DNS names of the subject, in lower case; wildcards as `*.example.net`.
    pub names: Vec<String>,
    /// IP addresses among the names.
    pub addresses: usize,
    /// Unix seconds from which it is valid.
    pub not_before: i64,
    /// Unix seconds until which it is valid.
    pub not_after: i64,
}

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
/// 2.5.29.17, subjectAltName.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

impl Leaf {
    /// Reads a DER certificate; none where it is not one.
    pub fn read(der: &[u8]) -> Option<Self> {
        let mut certificate = Der(Der(der).expect(SEQUENCE)?);
        let mut body = Der(certificate.expect(SEQUENCE)?);
        body.optional(VERSION);
        // Serial number, signature algorithm, issuer.
        body.skip(3)?;
        let mut validity = Der(body.expect(SEQUENCE)?);
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        let mut leaf = Self { not_before, not_after, ..Self::default() };
        while let Some((tag, value)) = body.next() {
            if tag == EXTENSIONS {
                leaf.read_extensions(value)?;
            }
        }
        Some(leaf)
    }

    fn read_extensions(&mut self, wrapped: &[u8]) -> Option<()> {
        let mut extensions = Der(Der(wrapped).expect(SEQUENCE)?);
        while let Some((_, extension)) = extensions.next() {
            let mut extension = Der(extension);
            if extension.expect(OID)? == SUBJECT_ALT_NAME {
                // The criticality, where it is written, stands between.
                let value = std::iter::from_fn(|| extension.next()).find(|(tag, _)| *tag == OCTET_STRING)?.1;
                self.read_names(Der(value).expect(SEQUENCE)?);
            }
        }
        Some(())
    }

    fn read_names(&mut self, names: &[u8]) {
        let mut names = Der(names);
        while let Some((tag, name)) = names.next() {
            match (tag, std::str::from_utf8(name)) {
                (DNS_NAME, Ok(name)) => self.names.push(name.to_ascii_lowercase()),
                (IP_ADDRESS, _) => self.addresses += 1,
                _ => {}
            }
        }
    }
}

/// What is left of a run of DER values.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value: its tag and its octets.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&short, rest) = rest.split_first()?;
        let (length, rest) = match short {
            0..=0x7f => (usize::from(short), rest),
            0x81..=0x84 => {
                let (octets, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
                (octets.iter().fold(0, |length, &octet| length << 8 | usize::from(octet)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    fn expect(&mut self, expected: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == expected).map(|(_, value)| value)
    }

    fn optional(&mut self, expected: u8) {
        if self.0.first() == Some(&expected) {
            self.next();
        }
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.next().map(|_| ()))
    }

    /// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` as Unix seconds (RFC 5280 section 4.1.2.5).
    fn time(&mut self) -> Option<i64> {
        let (tag, text) = self.next()?;
        let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
        let (year, rest) = text.split_at_checked(if tag == GENERALIZED_TIME { 4 } else { 2 })?;
        let written: i64 = number(year)?;
        let year = match tag {
            GENERALIZED_TIME => written,
            UTC_TIME if written < 50 => 2000 + written,
            UTC_TIME => 1900 + written,
            _ => return None,
        };
        let mut parts = (0..5).map(|n| number(rest.get(2 * n..2 * n + 2)?));
        let mut part = || parts.next().flatten();
        let (month, day, hour, minute, second) = (part()?, part()?, part()?, part()?, part()?);
        let in_range = rest.len() == 10 && (1..=12).contains(&month) && (1..=31).contains(&day);
        in_range.then(|| days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
    }
}

fn number(digits: &str) -> Option<i64> {
    digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_both_kinds_are_read() {
        let read = |tag: u8, text: &str| Der(&[&[tag, text.len() as u8], text.as_bytes()].concat()).time();
        assert_eq!(read(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(read(UTC_TIME, "380119031408Z"), Some(1 << 31));
        assert_eq!(read(GENERALIZED_TIME, "20380119031408Z"), Some(1 << 31));
        for wrong in ["", "Z", "380119031408", "38011903140Z", "381319031408Z", "38-119031408Z", "3801190314080Z"] {
            assert_eq!(read(UTC_TIME, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn octets_that_are_no_certificate_are_refused_quietly() {
        for wrong in [&[][..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x80, 0, 0], &[0x30, 2, 0x30, 0]]
        {
            assert_eq!(Leaf::read(wrong), None);
        }
    }
}
