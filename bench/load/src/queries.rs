//! Lines of text → query packets, encoded once before the first is sent.

use std::net::IpAddr;
use std::ops::Range;

/// What every query carries beside its question.
#[derive(Clone, Copy, Default)]
pub struct Edns {
    /// An OPT record even where a line asks for none.
    pub always: bool,
    /// A client cookie of eight bytes (RFC 7873); implies OPT.
    pub cookie: bool,
}

/// All packets in one piece of memory, in the order in which they are sent.
pub struct Queries {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    next: usize,
}

/// Where a packet lies: `start..end` whole, `start + 12..question` its question.
#[derive(Clone, Copy)]
pub struct Span {
    pub start: u32,
    pub question: u32,
    pub end: u32,
}

impl Span {
    /// The bytes of the whole packet.
    pub fn packet(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Queries {
    /// Reads lines `name type [@ecs=prefix]`; empty lines and comments (`;`, `#`) are left out.
    /// Errors name the line.
    pub fn parse(text: &str, edns: Edns) -> Result<Self, String> {
        let mut queries = Self { bytes: Vec::new(), spans: Vec::new(), next: 0 };
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with([';', '#']) {
                queries.push(line, edns).map_err(|what| format!("line {}: {what}", number + 1))?;
            }
        }
        if queries.spans.is_empty() { Err("no query in the file".into()) } else { Ok(queries) }
    }

    /// Queries in the file.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The next query in turn: its index, for [`Queries::question`]. Sets the packet's id.
    pub fn take(&mut self, id: u16) -> (u32, Span) {
        let index = self.next;
        self.next = if index + 1 == self.spans.len() { 0 } else { index + 1 };
        let span = self.span(index as u32);
        let start = span.start as usize;
        if let Some(place) = self.bytes.get_mut(start..start + 2) {
            place.copy_from_slice(&id.to_be_bytes());
        }
        (index as u32, span)
    }

    /// The question section of a query, without the header.
    pub fn question(&self, index: u32) -> &[u8] {
        let span = self.span(index);
        self.bytes.get(span.start as usize + 12..span.question as usize).unwrap_or(&[])
    }

    /// All packets; a [`Span`] cuts one out.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn span(&self, index: u32) -> Span {
        self.spans.get(index as usize).copied().unwrap_or(Span { start: 0, question: 0, end: 0 })
    }

    fn push(&mut self, line: &str, edns: Edns) -> Result<(), String> {
        let mut words = line.split_whitespace();
        let name = words.next().ok_or("no name")?;
        let kind = record_type(words.next().ok_or("no type")?)?;
        let subnet = words.next().map(client_subnet).transpose()?;
        let opt = edns.always || edns.cookie || subnet.is_some();
        let start = self.bytes.len();
        self.bytes.extend([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(opt)]);
        encode_name(name, &mut self.bytes)?;
        self.bytes.extend(kind.to_be_bytes());
        self.bytes.extend([0, 1]);
        let question = self.bytes.len();
        if opt {
            encode_opt(subnet, edns.cookie, &mut self.bytes);
        }
        self.spans.push(Span { start: start as u32, question: question as u32, end: self.bytes.len() as u32 });
        Ok(())
    }
}

/// Types by the names that the scenarios use, others as `TYPE123` (RFC 3597).
fn record_type(word: &str) -> Result<u16, String> {
    let known = [("A", 1), ("NS", 2), ("CNAME", 5), ("SOA", 6), ("PTR", 12), ("MX", 15), ("TXT", 16), ("AAAA", 28)];
    let more = [("SRV", 33), ("NAPTR", 35), ("DS", 43), ("HTTPS", 65), ("ANY", 255), ("CAA", 257)];
    let upper = word.to_ascii_uppercase();
    if let Some((_, number)) = known.iter().chain(&more).find(|(name, _)| *name == upper) {
        return Ok(*number);
    }
    let digits = upper.strip_prefix("TYPE").ok_or_else(|| format!("{word}: unknown type"))?;
    digits.parse().map_err(|_| format!("{word}: unknown type"))
}

/// Labels without escapes, which no scenario needs.
fn encode_name(name: &str, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    for label in name.trim_end_matches('.').split('.').filter(|_| name != ".") {
        if label.is_empty() || label.len() > 63 || label.contains('\\') {
            return Err(format!("{name}: not a plain domain name"));
        }
        out.push(label.len() as u8);
        out.extend(label.as_bytes());
    }
    out.push(0);
    if out.len() - start > 255 { Err(format!("{name}: longer than 255 bytes")) } else { Ok(()) }
}

/// `@ecs=192.0.2.0/24` → the option's data after family: source prefix, scope 0, address cut to the prefix (RFC 7871 § 6).
fn client_subnet(word: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("{word}: not @ecs=address/length");
    let (address, length) = word.strip_prefix("@ecs=").and_then(|p| p.split_once('/')).ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let length: u8 = length.parse().map_err(|_| wrong())?;
    let (family, octets) = match address {
        IpAddr::V4(v4) => (1, v4.octets().to_vec()),
        IpAddr::V6(v6) => (2, v6.octets().to_vec()),
    };
    let used = usize::from(length).div_ceil(8);
    let kept = octets.get(..used).ok_or_else(wrong)?;
    let mut data = vec![0, family, length, 0];
    data.extend(kept);
    if let (Some(last), true) = (data.last_mut(), !length.is_multiple_of(8)) {
        *last &= 0xff << (8 - length % 8);
    }
    Ok(data)
}

fn encode_opt(subnet: Option<Vec<u8>>, cookie: bool, out: &mut Vec<u8>) {
    let mut options = Vec::new();
    let mut add = |code: u8, data: &[u8]| {
        options.extend([0, code, 0, data.len() as u8]);
        options.extend(data);
    };
    if let Some(subnet) = subnet {
        add(8, &subnet);
    }
    if cookie {
        add(10, b"edgeload");
    }
    out.extend([0, 0, 41]);
    out.extend(1232u16.to_be_bytes());
    out.extend([0, 0, 0, 0, 0, options.len() as u8]);
    out.extend(options);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str, edns: Edns) -> Vec<u8> {
        let mut queries = Queries::parse(line, edns).unwrap();
        let (_, span) = queries.take(0x1234);
        queries.bytes()[span.packet()].to_vec()
    }

    #[test]
    fn a_plain_query() {
        let want = b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x1c\0\x01";
        assert_eq!(one("www.example. AAAA", Edns::default()), want);
    }

    #[test]
    fn options_in_order_and_lengths() {
        let packet = one("a. A @ecs=192.0.2.129/25", Edns { always: false, cookie: true });
        let want = b"\0\0\x29\x04\xd0\0\0\0\0\0\x18\0\x08\0\x08\0\x01\x19\0\xc0\0\x02\x80\0\x0a\0\x08edgeload";
        assert_eq!(packet[19..], want[..]);
        assert_eq!(packet[11], 1);
    }

    #[test]
    fn queries_come_in_turn_and_start_again() {
        let mut queries = Queries::parse("a. A\n; comment\n\nb. TYPE65\n", Edns::default()).unwrap();
        assert_eq!([queries.take(0).0, queries.take(1).0, queries.take(2).0], [0, 1, 0]);
        assert_eq!(queries.question(1), b"\x01b\0\0\x41\0\x01");
    }

    #[test]
    fn faults_name_the_line() {
        for bad in ["a..b A", "a", "a NONE", "a A @ecs=1.2.3.4", "a A @ecs=1.2.3.4/33"] {
            let error = Queries::parse(&format!("ok. A\n{bad}"), Edns::default()).err().unwrap();
            assert!(error.starts_with("line 2: "), "{error}");
        }
    }
}
