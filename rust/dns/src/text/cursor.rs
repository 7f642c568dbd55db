//! Zone file text as tokens: blanks, comments, parentheses, quotes, lines (RFC 1035 section 5.1).
// Bounds are checked by the loops' conditions; the fuzz target `zonefile` runs over this file.
#![allow(clippy::indexing_slicing)]

/// A word or a quoted string as it stands in the text, escapes unresolved, the outer quotes left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub bytes: &'a [u8],
    pub quoted: bool,
}

impl Token<'_> {
    /// The token for a message, shortened where it is long.
    pub fn shown(&self) -> String {
        let head = &self.bytes[..self.bytes.len().min(80)];
        let dots = if head.len() < self.bytes.len() { "…" } else { "" };
        format!("{}{dots}", String::from_utf8_lossy(head))
    }

    /// The octets meant, escapes resolved.
    pub fn unescape(&self, out: &mut Vec<u8>) -> Result<(), String> {
        let mut rest = self.bytes;
        while let Some(at) = rest.iter().position(|&octet| octet == b'\\') {
            out.extend_from_slice(&rest[..at]);
            let (octet, len) = escape(&rest[at..])?;
            out.push(octet);
            rest = &rest[at + len..];
        }
        out.extend_from_slice(rest);
        Ok(())
    }
}

/// The octet that an escape at the start of `text` means, and how many octets it took (RFC 1035: `\X`, `\DDD`).
pub fn escape(text: &[u8]) -> Result<(u8, usize), String> {
    match text {
        [_, a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
            let value = [a, b, c].iter().fold(0u16, |sum, digit| sum * 10 + u16::from(**digit - b'0'));
            let octet = u8::try_from(value).map_err(|_| format!("\\{value} is over \\255"))?;
            Ok((octet, 4))
        }
        [_, octet, ..] if !octet.is_ascii_digit() => Ok((*octet, 2)),
        _ => Err("a backslash must be followed by a character or by three decimal digits up to 255".into()),
    }
}

/// A place in a text.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    /// Line of the place, counted from the line that the text starts on.
    pub line: u32,
    open: u32,
}

impl<'a> Cursor<'a> {
    /// The start of a text whose first line has the number `line`.
    pub fn new(text: &'a [u8], line: u32) -> Self {
        Self { text, at: 0, line, open: 0 }
    }

    /// Whether nothing is left.
    pub fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Whether the line starts with a blank, so that the owner of the record before is meant.
    pub fn at_blank(&self) -> bool {
        matches!(self.peek(), Some(b' ' | b'\t'))
    }

    /// Moves over blanks, comments and, inside parentheses, line ends; then the octet that comes, `None` at the entry's end.
    #[inline]
    pub fn skip(&mut self) -> Result<Option<u8>, String> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\n') if self.open > 0 => self.line_end(),
                Some(b'(') => {
                    self.open += 1;
                    self.at += 1;
                }
                Some(b')') => {
                    self.open = self.open.checked_sub(1).ok_or("a closing parenthesis without an opening one")?;
                    self.at += 1;
                }
                Some(b';') => self.comment(),
                Some(b'\n') => return Ok(None),
                Some(octet) => return Ok(Some(octet)),
                None if self.open > 0 => return Err("the text ends inside parentheses".into()),
                None => return Ok(None),
            }
        }
    }

    /// The next token of the entry; `None` at its end, again and again.
    #[inline]
    pub fn token(&mut self) -> Result<Option<Token<'a>>, String> {
        Ok(match self.skip()? {
            None => None,
            Some(b'"') => Some(self.quoted()?),
            Some(_) => Some(self.word(false)?),
        })
    }

    /// Like `token`, but `key="a b"` is one: a service parameter (RFC 9460 section 2.1). Everywhere else a quote begins
    /// a string of its own.
    pub fn parameter(&mut self) -> Result<Option<Token<'a>>, String> {
        Ok(match self.skip()? {
            None => None,
            Some(b'"') => Some(self.quoted()?),
            Some(_) => Some(self.word(true)?),
        })
    }

    /// The next token, or a fault that says what is missing.
    #[inline]
    pub fn expect(&mut self, what: &str) -> Result<Token<'a>, String> {
        match self.token()? {
            Some(token) => Ok(token),
            None => Err(format!("{what} is missing")),
        }
    }

    /// Whether RFC 3597's `\#` comes next.
    #[inline]
    pub fn at_unknown(&mut self) -> Result<bool, String> {
        let marked = self.skip()? == Some(b'\\') && self.text[self.at..].starts_with(b"\\#");
        Ok(marked
            && matches!(self.text.get(self.at + 2), None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' | b';')))
    }

    /// Nothing but blanks and comments may stand before the entry's end, which is taken too.
    #[inline]
    pub fn finish(&mut self) -> Result<(), String> {
        if let Some(token) = self.token()? {
            let open = if self.open > 0 { " inside parentheses that are not closed" } else { "" };
            return Err(format!("\"{}\" stands after the end of the data{open}", token.shown()));
        }
        self.line_end();
        Ok(())
    }

    /// Moves behind the entry's end, whatever stands before it: after a fault, on to the next.
    pub fn recover(&mut self) {
        loop {
            match self.token() {
                Ok(None) => break,
                Ok(Some(_)) => {}
                Err(_) if self.at_end() => break,
                Err(_) => self.at += 1,
            }
        }
        self.open = 0;
        self.line_end();
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    fn line_end(&mut self) {
        self.at = self.text.len().min(self.at + 1);
        self.line += 1;
    }

    fn comment(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|&octet| octet == b'\n').unwrap_or(rest.len());
    }

    fn quoted(&mut self) -> Result<Token<'a>, String> {
        let start = self.at + 1;
        self.at = start;
        self.find_quote()?;
        let bytes = &self.text[start..self.at];
        self.at += 1;
        Ok(Token { bytes, quoted: true })
    }

    /// Moves onto the next quote that no backslash stands before.
    fn find_quote(&mut self) -> Result<(), String> {
        loop {
            match self.peek() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.at += 2,
                Some(b'\n') | None => return Err("a quoted string is not closed on its line".into()),
                Some(_) => self.at += 1,
            }
        }
    }

    #[inline]
    fn word(&mut self, parameter: bool) -> Result<Token<'a>, String> {
        let start = self.at;
        while let Some(octet) = self.peek() {
            match octet {
                b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' | b';' => break,
                b'\\' if matches!(self.text.get(self.at + 1), None | Some(b'\n')) => {
                    self.at += 1;
                    return Err("a backslash at the end of a line".into());
                }
                b'\\' => self.at += 2,
                b'"' if parameter && self.text[start..self.at].ends_with(b"=") => {
                    self.at += 1;
                    self.find_quote()?;
                    self.at += 1;
                }
                b'"' if self.at > start => break,
                _ => self.at += 1,
            }
        }
        Ok(Token { bytes: &self.text[start..self.at], quoted: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        let mut cursor = Cursor::new(text.as_bytes(), 1);
        let mut words = Vec::new();
        while let Some(token) = cursor.token().unwrap() {
            words.push(token.shown());
        }
        words
    }

    #[test]
    fn parentheses_join_lines_and_quotes_hold_blanks() {
        assert_eq!(words("a (b ; not this\n \"c d\" )e\nnext"), ["a", "b", "c d", "e"]);
        assert_eq!(words("1 . alpn=\"h2, h3\" x\\ y\r\n"), ["1", ".", "alpn=", "h2, h3", "x\\ y"]);
    }

    #[test]
    fn a_service_parameter_takes_its_quoted_value_along() {
        let mut cursor = Cursor::new(b"alpn=\"h2, h3\" a\"b\" \"c\"\n", 1);
        let mut parameters = Vec::new();
        while let Some(token) = cursor.parameter().unwrap() {
            parameters.push(token.shown());
        }
        assert_eq!(parameters, ["alpn=\"h2, h3\"", "a", "b", "c"]);
    }

    #[test]
    fn recovery_goes_on_behind_the_entry_and_counts_lines() {
        let mut cursor = Cursor::new(b"bad ) x\n\"open\nthird", 1);
        cursor.token().unwrap();
        cursor.token().unwrap_err();
        cursor.recover();
        assert_eq!(cursor.line, 2);
        cursor.token().unwrap_err();
        cursor.recover();
        assert_eq!((cursor.line, cursor.token().unwrap().unwrap().bytes), (3, &b"third"[..]));
    }

    proptest! {
        #[test]
        fn any_octets_end(text in prop::collection::vec(prop::sample::select(b"ab01 \t\r\n();\"\\#$@.".to_vec()), 0..200)) {
            let mut cursor = Cursor::new(&text, 1);
            let mut entries = 0;
            while !cursor.at_end() {
                cursor.recover();
                entries += 1;
                prop_assert!(entries <= 201);
            }
        }
    }
}
