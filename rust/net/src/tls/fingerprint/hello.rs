//! A ClientHello as it was sent (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2), from its records. GREASE values
//! (RFC 8701) are left out.

/// server_name, RFC 6066.
pub const SERVER_NAME: u16 = 0;
/// application_layer_protocol_negotiation, RFC 7301.
pub const ALPN: u16 = 16;
/// supported_groups and ec_point_formats, RFC 8422.
const GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
/// signature_algorithms and supported_versions, RFC 8446.
const SIGNATURES: u16 = 13;
const VERSIONS: u16 = 43;

/// Content type of a record, and kind of a message in it.
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
/// The longest fragment of a record in the clear.
const FRAGMENT: usize = 1 << 14;
const RANDOM: usize = 32;
const SESSION_ID: usize = 32;

/// What a client offers, each list in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hello {
    /// `legacy_version`.
    pub version: u16,
    pub ciphers: Vec<u16>,
    /// Kinds of extensions.
    pub extensions: Vec<u16>,
    pub groups: Vec<u16>,
    pub point_formats: Vec<u8>,
    pub signatures: Vec<u16>,
    pub versions: Vec<u16>,
    /// The first one that it likes.
    pub protocol: Option<Vec<u8>>,
}

impl Hello {
    /// From the octets with which a connection begins; none where they are none, and where they are not all there.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let message = first_message(octets)?;
        let mut body = Reader(&message);
        let version = body.u16()?;
        body.take(RANDOM)?;
        let session_id = body.short()?;
        let mut hello = Self { version, ciphers: body.long()?.u16s()?, ..Self::default() };
        body.short().filter(|compression| !compression.0.is_empty())?;
        if session_id.0.len() > SESSION_ID {
            return None;
        }
        if !body.0.is_empty() {
            hello.read_extensions(body.long()?)?;
        }
        body.0.is_empty().then_some(hello)
    }

    fn read_extensions(&mut self, mut extensions: Reader<'_>) -> Option<()> {
        while !extensions.0.is_empty() {
            let (kind, mut value) = (extensions.u16()?, extensions.long()?);
            match kind {
                GROUPS => self.groups = value.long()?.u16s()?,
                POINT_FORMATS => self.point_formats = value.short()?.0.to_vec(),
                SIGNATURES => self.signatures = value.long()?.u16s()?,
                VERSIONS => self.versions = value.short()?.u16s()?,
                ALPN => self.protocol = Some(value.long()?.short()?.0.to_vec()),
                _ => {}
            }
            if !is_grease(kind) {
                self.extensions.push(kind);
            }
        }
        Some(())
    }
}

/// The content of the first message, which may lie in several records.
fn first_message(octets: &[u8]) -> Option<Vec<u8>> {
    let (mut records, mut message) = (Reader(octets), Vec::new());
    loop {
        if let Some(whole) = content(&message)? {
            return Some(whole.to_vec());
        }
        let is_handshake = records.u8()? == HANDSHAKE && records.u16()? >> 8 == 3;
        let fragment = records.long()?.0;
        if !is_handshake || fragment.is_empty() || fragment.len() > FRAGMENT {
            return None;
        }
        message.extend_from_slice(fragment);
    }
}

/// The content of a ClientHello, once all of it is there; none where it is another message.
fn content(message: &[u8]) -> Option<Option<&[u8]>> {
    let Some((&kind, rest)) = message.split_first() else { return Some(None) };
    if kind != CLIENT_HELLO {
        return None;
    }
    let Some(([high, middle, low], rest)) = rest.split_first_chunk::<3>() else { return Some(None) };
    Some(rest.get(..u32::from_be_bytes([0, *high, *middle, *low]) as usize))
}

/// RFC 8701: both octets alike, and each ends in A.
fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Takes octets from the front; none where there are too few.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, octets: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(octets)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.first_chunk().map(|octets| u16::from_be_bytes(*octets))
    }

    /// What has its length in one octet before it.
    fn short(&mut self) -> Option<Self> {
        let length = self.u8()?;
        self.take(length.into()).map(Self)
    }

    /// What has its length in two octets before it.
    fn long(&mut self) -> Option<Self> {
        let length = self.u16()?;
        self.take(length.into()).map(Self)
    }

    /// All that is left, as numbers of two octets, without GREASE.
    fn u16s(&mut self) -> Option<Vec<u16>> {
        let mut numbers = Vec::with_capacity(self.0.len() / 2);
        while !self.0.is_empty() {
            numbers.push(self.u16()?);
        }
        numbers.retain(|number| !is_grease(*number));
        Some(numbers)
    }
}
