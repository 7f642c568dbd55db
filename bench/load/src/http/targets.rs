//! Lines of text → requests, made once before the first is sent.

use std::ops::Range;

/// All requests in one piece of memory, in the order in which they are sent.
pub struct Targets {
    octets: Vec<u8>,
    spans: Vec<Range<usize>>,
    next: usize,
    /// How often the last one was followed by the first.
    pub wraps: u64,
}

impl Targets {
    /// A GET for each line, `/path?query`; empty lines are left out. Begins with number `skip`.
    pub fn parse(text: &str, host: &str, skip: usize) -> Result<Self, String> {
        let mut targets = Self { octets: Vec::new(), spans: Vec::new(), next: 0, wraps: 0 };
        for line in text.lines().filter(|line| !line.is_empty()) {
            if !line.starts_with('/') || line.contains([' ', '\t']) {
                return Err(format!("{line}: not a path"));
            }
            let start = targets.octets.len();
            targets.octets.extend(format!("GET {line} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes());
            targets.spans.push(start..targets.octets.len());
        }
        if targets.spans.is_empty() {
            return Err("no target in the file".into());
        }
        targets.next = skip % targets.spans.len();
        Ok(targets)
    }

    /// The next request in turn.
    pub fn take(&mut self) -> &[u8] {
        let span = self.spans.get(self.next).cloned().unwrap_or(0..0);
        self.next += 1;
        if self.next == self.spans.len() {
            self.next = 0;
            self.wraps += 1;
        }
        self.octets.get(span).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_in_turn_and_start_again() {
        let mut targets = Targets::parse("/a\n\n/b?c=d\n", "example.org", 1).unwrap();
        assert_eq!(targets.take(), b"GET /b?c=d HTTP/1.1\r\nHost: example.org\r\n\r\n");
        assert_eq!(targets.wraps, 1);
        assert_eq!(targets.take(), b"GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n");
        assert!(Targets::parse("a", "h", 0).is_err() && Targets::parse("\n", "h", 0).is_err());
    }
}
