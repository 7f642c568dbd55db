//! Response codes (RFC 1035 section 4.1.1, RFC 6891 section 9) and extended errors (RFC 8914 section 4).

/// No error.
pub const NOERROR: u16 = 0;
/// The query is malformed.
pub const FORMERR: u16 = 1;
/// Something went wrong here.
pub const SERVFAIL: u16 = 2;
/// The name does not exist.
pub const NXDOMAIN: u16 = 3;
/// This kind of query is not offered.
pub const NOTIMP: u16 = 4;
/// Not answered for this client or name.
pub const REFUSED: u16 = 5;
/// A DNAME made the name too long (RFC 6672 section 2.2).
pub const YXDOMAIN: u16 = 6;
/// The EDNS version is not offered.
pub const BADVERS: u16 = 16;
/// The server cookie is missing or wrong (RFC 7873 section 5.4).
pub const BADCOOKIE: u16 = 23;

/// Extended error: the client may not ask.
pub const EDE_PROHIBITED: u16 = 18;
/// Extended error: the name is in no zone served here.
pub const EDE_NOT_AUTHORITATIVE: u16 = 20;
/// Extended error: the kind of query is not offered.
pub const EDE_NOT_SUPPORTED: u16 = 21;

/// The code's mnemonic.
pub fn to_text(rcode: u16) -> &'static str {
    match rcode {
        NOERROR => "NOERROR",
        FORMERR => "FORMERR",
        SERVFAIL => "SERVFAIL",
        NXDOMAIN => "NXDOMAIN",
        NOTIMP => "NOTIMP",
        REFUSED => "REFUSED",
        YXDOMAIN => "YXDOMAIN",
        BADVERS => "BADVERS",
        BADCOOKIE => "BADCOOKIE",
        _ => "RESERVED",
    }
}
