//! Heads of responses (RFC 9112 sections 2 to 6): found as they come, then read once, and judged until their framing leaves
//! no doubt.

use memchr::memchr;

use super::Failure;
use super::framing::Framing;
use crate::fields::{is_made_anew, members};
use crate::h1::{digits, field, is_value};
use crate::{Fields, Method, Request, Response, Version};

/// Octets that a response's head may have: eight times what nginx reads by default.
pub(super) const HEAD_OCTETS: usize = 65_536;
/// Fields that a response's head may have: hyper's and Apache httpd's limit.
const FIELDS: usize = 100;

/// A head, and what it says of the octets behind it.
#[derive(Debug)]
pub(super) struct Head {
    /// Without fields of the connection and without `Content-Length`; those of a 101 are all there but the latter.
    pub response: Response,
    /// `Content-Length`.
    pub length: Option<u64>,
    /// What follows.
    pub framing: Framing,
    /// Whether the connection may be used again.
    pub keeps_alive: bool,
}

impl Head {
    /// Whether another head follows.
    pub fn is_interim(&self) -> bool {
        self.response.status < 200 && self.response.status != 101
    }
}

/// Where the head at the front of the octets ends; none: its end has not come. `searched` octets were looked at before.
pub(super) fn end(octets: &[u8], searched: &mut usize) -> Result<Option<usize>, Failure> {
    let end = empty_line(octets, searched);
    let begun = octets.iter().zip(b"HTTP/1.").all(|(octet, expected)| octet == expected);
    match end {
        _ if !begun => malformed("it is not HTTP/1"),
        Some(end) if end > HEAD_OCTETS => Err(Failure::HeadTooBig),
        None if octets.len() > HEAD_OCTETS => Err(Failure::HeadTooBig),
        end => Ok(end),
    }
}

/// The end of the first empty line; a line may end without CR (RFC 9112 section 2.2).
fn empty_line(octets: &[u8], searched: &mut usize) -> Option<usize> {
    while let Some(at) = memchr(b'\n', octets.get(*searched..)?) {
        let next = *searched + at + 1;
        match octets.get(next..)? {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            // What comes next may be the empty line.
            [] | [b'\r'] => {
                *searched = next - 1;
                return None;
            }
            _ => *searched = next,
        }
    }
    *searched = octets.len();
    None
}

/// Reads a whole head; refuses one that can be read in two ways.
pub(super) fn read(octets: &[u8], asked: &Request) -> Result<Head, Failure> {
    let mut lines = Lines(octets);
    let (version, status) = status_line(lines.next().unwrap_or_default())?;
    let mut seen = Seen::default();
    let mut fields = Fields::with_capacity(USUAL_FIELDS, octets.len() + ADDED);
    for (number, line) in lines.take_while(|line| !line.is_empty()).enumerate() {
        if number == FIELDS {
            return Err(Failure::HeadTooBig);
        }
        let (name, value) = field(line).map_err(|refusal| Failure::Malformed(refusal.why.into()))?;
        let is_framing = seen.field(name, value)?;
        if !is_framing && (status == 101 || !is_made_anew(name)) {
            fields.push_lower(name, value);
        }
    }
    if status == 101 {
        seen.check_upgrade(asked, &fields)?;
    } else if !seen.nominated.is_empty() {
        fields.retain(|name, _| !seen.nominated.iter().any(|nominated| name.eq_ignore_ascii_case(nominated)));
    }
    let framing = seen.framing(asked.method, version, status)?;
    let keeps_alive = seen.keeps_alive(version) && !matches!(framing, Framing::UntilClose);
    Ok(Head { response: Response { status, fields }, length: seen.length, framing, keeps_alive })
}

/// Room for the fields of most responses, and for what a cache adds to them.
const USUAL_FIELDS: usize = 24;
const ADDED: usize = 320;

/// The lines of a head, without their ends.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (line, rest) = self.0.split_at_checked(memchr(b'\n', self.0)?)?;
        self.0 = rest.get(1..)?;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// `HTTP-version SP status-code SP [ reason-phrase ]`; the last space may be missing with the phrase, as old servers have it.
fn status_line(line: &[u8]) -> Result<(Version, u16), Failure> {
    let (version, rest) = line.split_at_checked(8).unwrap_or_default();
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        _ => return malformed("its version is neither 1.0 nor 1.1"),
    };
    let status = match rest {
        [b' ', status @ ..] if matches!(status.get(3), None | Some(b' ')) => status.get(..3).and_then(digits),
        _ => None,
    };
    match status {
        Some(status @ 100..=599) if is_value(rest) => Ok((version, status as u16)),
        Some(600..) => malformed("its status is above 599"),
        _ => malformed("its status line is none"),
    }
}

/// Whether a field says what a response is and who may keep it: no option of a connection takes that away (RFC 9110 section
/// 7.6.1), or what must not be stored would be.
fn is_for_all(name: &[u8]) -> bool {
    const KEEPING: [&str; 7] =
        ["cache-control", "cdn-cache-control", "expires", "pragma", "set-cookie", "surrogate-control", "vary"];
    KEEPING.iter().any(|kept| name.eq_ignore_ascii_case(kept.as_bytes()))
        || name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"content-"))
}

fn malformed<T>(why: &'static str) -> Result<T, Failure> {
    Err(Failure::Malformed(why.into()))
}

/// What was seen of the fields that frame a message or belong to a connection.
#[derive(Default)]
struct Seen {
    length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    /// Names of other fields of the connection.
    nominated: Vec<Vec<u8>>,
}

impl Seen {
    /// Looks at a field; whether it says where the message ends.
    fn field(&mut self, name: &[u8], value: &[u8]) -> Result<bool, Failure> {
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"connection") => self.connection(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                self.length(value)?;
                return Ok(true);
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.transfer_encoding(value)?,
            _ => {}
        }
        Ok(false)
    }

    /// The one value of `Content-Length`, however often it is said (RFC 9112 section 6.3).
    fn length(&mut self, value: &[u8]) -> Result<(), Failure> {
        for part in value.split(|&octet| octet == b',') {
            let said = digits(part.trim_ascii());
            if said.is_none() || self.length.is_some() && self.length != said {
                return malformed("its Content-Length is no number, or two");
            }
            self.length = said;
        }
        Ok(())
    }

    /// `chunked`, once.
    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Failure> {
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return malformed("its Transfer-Encoding is not chunked");
        }
        self.chunked = true;
        Ok(())
    }

    fn connection(&mut self, value: &[u8]) {
        for option in members(value) {
            match option {
                close if close.eq_ignore_ascii_case(b"close") => self.close = true,
                keep if keep.eq_ignore_ascii_case(b"keep-alive") => self.keep_alive = true,
                name if is_made_anew(name) || is_for_all(name) => {}
                name => self.nominated.push(name.to_vec()),
            }
        }
    }

    fn keeps_alive(&self, version: Version) -> bool {
        !self.close && (self.keep_alive || version == Version::Http11)
    }

    /// Where the content ends (RFC 9112 section 6.3).
    fn framing(&self, method: Method, version: Version, status: u16) -> Result<Framing, Failure> {
        match (self.chunked, self.length) {
            (true, Some(_)) => malformed("it has Transfer-Encoding and Content-Length"),
            (true, None) if version == Version::Http10 => malformed("it has Transfer-Encoding in HTTP/1.0"),
            _ if method == Method::Head || matches!(status, 100..=199 | 204 | 304) => Ok(Framing::Length(0)),
            (true, None) => Ok(Framing::chunked()),
            (false, Some(length)) => Ok(Framing::Length(length)),
            (false, None) => Ok(Framing::UntilClose),
        }
    }

    /// A protocol that was not asked for is none that we may pass on.
    fn check_upgrade(&self, asked: &Request, fields: &Fields) -> Result<(), Failure> {
        let Some(token) = &asked.upgrade else { return malformed("it switches protocols unasked") };
        let given = fields.get("upgrade").is_some_and(|given| given.eq_ignore_ascii_case(token));
        if given { Ok(()) } else { malformed("it switches to another protocol than asked") }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::fields::is_token;

    fn head(status: u16, lines: &[(&str, &str)]) -> Vec<u8> {
        let lines: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("HTTP/1.1 {status} Words\r\n{lines}\r\n").into_bytes()
    }

    fn judged(lines: &[(&str, &str)]) -> Result<Option<u64>, Failure> {
        read(&head(200, lines), &Request::default()).map(|head| head.length)
    }

    #[test]
    fn options_of_the_connection_go_with_it_but_not_what_says_who_may_keep_the_rest() {
        let lines = [
            ("connection", "X-Hop, Cache-Control, set-cookie, content-type"),
            ("cache-control", "no-store"),
            ("set-cookie", "a=1"),
            ("content-type", "text/plain"),
            ("x-hop", "1"),
        ];
        let fields = read(&head(200, &lines), &Request::default()).unwrap().response.fields;
        let names: Vec<_> = fields.iter().map(|(name, _)| name.to_vec()).collect();
        assert_eq!(names, [&b"cache-control"[..], b"set-cookie", b"content-type"]);
    }

    #[test]
    fn framing_that_can_be_read_twice_is_refused() {
        assert_eq!(judged(&[]), Ok(None));
        assert_eq!(judged(&[("content-length", "7")]), Ok(Some(7)));
        assert_eq!(judged(&[("content-length", "7"), ("content-length", "7")]), Ok(Some(7)));
        assert_eq!(judged(&[("content-length", "7, 7")]), Ok(Some(7)));
        assert_eq!(judged(&[("transfer-encoding", "Chunked")]), Ok(None));
        for lines in [
            &[("content-length", "7"), ("content-length", "8")][..],
            &[("content-length", "7, 8")],
            &[("content-length", "+7")],
            &[("content-length", "-7")],
            &[("content-length", "0x7")],
            &[("content-length", "7 7")],
            &[("content-length", "")],
            &[("content-length", "99999999999999999999")],
            &[("content-length", "7"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "gzip, chunked")],
            &[("transfer-encoding", "chunked, chunked")],
            &[("transfer-encoding", "xchunked")],
            &[("transfer-encoding", "identity")],
            &[("transfer-encoding", "chunked;q=1")],
            &[("transfer-encoding", "")],
        ] {
            assert!(matches!(judged(lines), Err(Failure::Malformed(_))), "{lines:?}");
        }
        let old = read(b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &Request::default());
        assert!(matches!(old, Err(Failure::Malformed(_))));
    }

    #[test]
    fn fields_of_the_connection_stay_on_it() {
        let lines = [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("content-length", "0"),
            ("ETag", "\"a\""),
            ("vary", "accept"),
            ("vary", "cookie"),
        ];
        let Head { response, keeps_alive, .. } = read(&head(200, &lines), &Request::default()).unwrap();
        let names: Vec<_> =
            response.fields.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned()).collect();
        assert_eq!(names, ["etag", "vary", "vary"]);
        assert!(!keeps_alive);
    }

    #[test]
    fn a_switch_of_protocols_must_have_been_asked_for() {
        let switching = |upgrade: Option<&'static [u8]>, lines: &[(&str, &str)]| {
            let asked = Request { upgrade: upgrade.map(Bytes::from_static), ..Request::default() };
            read(&head(101, lines), &asked).is_ok()
        };
        assert!(switching(Some(b"websocket"), &[("upgrade", "WebSocket")]));
        assert!(!switching(None, &[("upgrade", "websocket")]));
        assert!(!switching(Some(b"websocket"), &[("upgrade", "h2c")]));
        assert!(!switching(Some(b"websocket"), &[]));
    }

    #[test]
    fn the_end_is_found_wherever_the_head_is_cut() {
        for whole in ["HTTP/1.1 200 OK\r\na: b\r\n\r\n", "HTTP/1.1 200\na: b\n\n", "HTTP/1.0 200 OK\r\n\n"] {
            let followed = [whole.as_bytes(), b"\r\n\r\n"].concat();
            for cut in 0..whole.len() {
                let mut searched = 0;
                assert_eq!(end(&followed[..cut], &mut searched), Ok(None), "{cut}");
                assert_eq!(end(&followed, &mut searched), Ok(Some(whole.len())), "{cut}");
            }
            assert_eq!(read(whole.as_bytes(), &Request::default()).unwrap().response.status, 200);
        }
    }

    const PIECES: [&str; 18] = [
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 404\n",
        "\r\n",
        "\n",
        "\r",
        ":",
        ": ",
        "X-a",
        "Content-Length",
        "Transfer-Encoding",
        "chunked",
        "Connection",
        "close, x-a",
        "7",
        ",",
        " ",
        "\0",
        "\u{e9}",
    ];

    proptest! {
        #[test]
        fn what_is_read_is_made_of_whole_fields_wherever_it_is_cut(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[2..]), 0..24),
            start in prop::sample::select(&PIECES[..2]),
            cut in any::<prop::sample::Index>(),
        ) {
            let octets = [&[start][..], &pieces, &["\r\n\r\n"]].concat().concat().into_bytes();
            let cut = cut.index(octets.len());
            let (mut at_once, mut in_pieces) = (0, 0);
            let found = end(&octets, &mut at_once).unwrap().unwrap();
            match end(&octets[..cut], &mut in_pieces).unwrap() {
                Some(early) => prop_assert_eq!(early, found),
                None => prop_assert_eq!(end(&octets, &mut in_pieces).unwrap(), Some(found)),
            }
            if let Ok(Head { response, framing, length, .. }) = read(&octets[..found], &Request::default()) {
                for (name, value) in response.fields.iter() {
                    prop_assert!(is_token(name) && is_value(value) && !is_made_anew(name));
                }
                prop_assert!(length.is_none() || matches!(framing, Framing::Length(said) if Some(said) == length));
            }
        }
    }

    #[test]
    fn what_cannot_become_a_head_is_not_waited_for() {
        for octets in [&b"220 mail.example ESMTP"[..], b"HTTP/2", b"\r\nHTTP/1.1 200 OK"] {
            assert!(matches!(end(octets, &mut 0), Err(Failure::Malformed(_))));
        }
    }
}
