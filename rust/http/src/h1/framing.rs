//! The fields of a request that say where it ends and what becomes of its connection (RFC 9112 sections 6 and 9).

use bytes::Bytes;

use super::refusal::{Refusal, bad};
use super::settings::Settings;
use crate::fields::members;
use crate::request::Framing;
use crate::{Fields, Method, Request, Version};

/// The one protocol that is changed to (RFC 6455 section 11.2).
const WEBSOCKET: &[u8] = b"websocket";

/// What was seen of them so far.
#[derive(Default)]
pub(crate) struct Seen<'a> {
    pub host: Option<&'a [u8]>,
    length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    upgrades: bool,
    /// Whether `Connection` names other fields.
    nominates: bool,
    wants_websocket: bool,
    expects: Option<bool>,
}

impl<'a> Seen<'a> {
    /// Looks at a field.
    #[inline]
    pub fn field(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Refusal> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(value),
            6 if name.eq_ignore_ascii_case(b"expect") => self.expect(value),
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.upgrade(value),
            10 if name.eq_ignore_ascii_case(b"connection") => self.connection(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.transfer_encoding(value),
            _ => Ok(()),
        }
    }

    fn host(&mut self, value: &'a [u8]) -> Result<(), Refusal> {
        match self.host.replace(value) {
            Some(_) => Err(bad("two Host fields")),
            None => Ok(()),
        }
    }

    fn length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let length = digits(value).ok_or(bad("Content-Length is not a number"))?;
        match self.length.replace(length) {
            Some(_) => Err(bad("two Content-Length fields")),
            None => Ok(()),
        }
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if !value.eq_ignore_ascii_case(b"chunked") {
            return Err(bad("Transfer-Encoding is not chunked"));
        }
        match std::mem::replace(&mut self.chunked, true) {
            true => Err(bad("two Transfer-Encoding fields")),
            false => Ok(()),
        }
    }

    fn connection(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for option in members(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.upgrades |= option.eq_ignore_ascii_case(b"upgrade");
            self.nominates |= !OPTIONS.iter().any(|known| option.eq_ignore_ascii_case(known));
        }
        Ok(())
    }

    /// An upgrade to anything but WebSocket is ignored, as any may be (RFC 9110 section 7.8): its client waits for 101 before
    /// it goes on, and nobody gets round a cache by asking for a protocol that does not exist.
    fn upgrade(&mut self, value: &'a [u8]) -> Result<(), Refusal> {
        self.wants_websocket |= members(value).any(|protocol| protocol.eq_ignore_ascii_case(WEBSOCKET));
        Ok(())
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let known = value.eq_ignore_ascii_case(b"100-continue");
        self.expects = Some(known && self.expects.unwrap_or(true));
        Ok(())
    }

    /// Puts what was seen into the request; whether its connection stays open after it.
    pub fn settle(&self, request: &mut Request, settings: &Settings) -> Result<bool, Refusal> {
        request.framing = self.framing(request.version, settings)?;
        if self.nominates {
            drop_nominated(&mut request.fields);
        }
        if request.version == Version::Http10 {
            return Ok(self.keep_alive && !self.close);
        }
        request.expects_continue = match self.expects {
            Some(false) => return Err(Refusal::new(417, "an expectation that nobody knows")),
            expects => expects.is_some() && !matches!(request.framing, Framing::None | Framing::Length(0)),
        };
        // WebSocket begins with a GET without content (RFC 6455 section 4.1).
        let is_bare = request.method == Method::Get && matches!(request.framing, Framing::None | Framing::Length(0));
        if is_bare && self.upgrades && self.wants_websocket {
            request.upgrade = Some(Bytes::from_static(WEBSOCKET));
        }
        Ok(!self.close)
    }

    fn framing(&self, version: Version, settings: &Settings) -> Result<Framing, Refusal> {
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(bad("both Transfer-Encoding and Content-Length")),
            (true, None) if version == Version::Http10 => Err(bad("Transfer-Encoding in HTTP/1.0")),
            (true, None) => Ok(Framing::Chunked),
            (false, Some(length)) if length > settings.content_size => Err(Refusal::new(413, "content too large")),
            (false, Some(length)) => Ok(Framing::Length(length)),
            (false, None) => Ok(Framing::None),
        }
    }
}

/// What `Connection` names beside fields that a client wants to end here.
const OPTIONS: [&[u8]; 5] = [b"close", b"keep-alive", b"upgrade", b"te", b"http2-settings"];

/// Takes out the fields that `Connection` names (RFC 9110 section 7.6.1). Nobody behind may see them: what a cache would tell
/// requests apart by, the origin would not.
#[cold]
fn drop_nominated(fields: &mut Fields) {
    let named: Vec<Vec<u8>> = fields.members("connection").map(<[u8]>::to_ascii_lowercase).collect();
    fields.retain(|name, _| {
        name.eq_ignore_ascii_case(b"connection") || !named.iter().any(|named| name.eq_ignore_ascii_case(named))
    });
}

/// A number in digits alone; at most 19 of them, which never overflow.
pub(crate) fn digits(value: &[u8]) -> Option<u64> {
    let number = |number: u64, &digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'));
    if value.is_empty() || value.len() > 19 {
        return None;
    }
    value.iter().try_fold(0, number)
}
