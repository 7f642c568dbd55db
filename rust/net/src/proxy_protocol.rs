//! Who the client is, told by a proxy in front: the PROXY protocol, versions 1 and 2 (HAProxy, `proxy-protocol.txt`).
//!
//! A header is believed, so it is to be read from peers alone that the node was told to trust.
#![allow(clippy::indexing_slicing)] // A wire room: every slice is taken after its length was checked; properties guard it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Longest header taken, in octets. Version 1 ends at 107; version 2 may be 65,551 long, of which all beyond the addresses
/// is skipped: the TLVs that load balancers send (certificate names, endpoint ids) stay far below this.
pub const LONGEST: usize = 2_048;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const LONGEST_LINE: usize = 107;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The proxy speaks for itself, or does not know (LOCAL, UNKNOWN, another family): the socket's addresses hold.
    Local,
    /// The proxy speaks for a client.
    Proxied {
        /// Who connected to the proxy.
        client: SocketAddr,
        /// What it connected to.
        local: SocketAddr,
    },
}

/// What the first octets of a connection hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// The beginning of a header; all octets belong to it.
    Partial,
    /// A header of this many octets.
    Whole(usize, Header),
}

/// Not a header; what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// Why no header was read.
#[derive(Debug)]
pub enum ReadError {
    /// It took too long.
    Slow,
    /// The proxy broke the protocol.
    Malformed(&'static str),
    /// The connection ended.
    Io(io::Error),
}

/// Reads the header from a connection that begins with one, and not an octet more.
pub async fn read(stream: &mut TcpStream, patience: Duration) -> Result<Header, ReadError> {
    tokio::time::timeout(patience, read_header(stream)).await.unwrap_or(Err(ReadError::Slow))
}

async fn read_header(stream: &mut TcpStream) -> Result<Header, ReadError> {
    let mut octets = [0; LONGEST];
    let mut held = 0;
    loop {
        let fresh = stream.peek(&mut octets[held..]).await.map_err(ReadError::Io)?;
        if fresh == 0 {
            return Err(ReadError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        let parsed = parse(&octets[..held + fresh]).map_err(|Malformed(why)| ReadError::Malformed(why))?;
        let end = match parsed {
            Parsed::Whole(length, _) => length,
            Parsed::Partial => held + fresh,
        };
        stream.read_exact(&mut octets[held..end]).await.map_err(ReadError::Io)?;
        held = end;
        if let Parsed::Whole(_, header) = parsed {
            return Ok(header);
        }
    }
}

/// Parses the first octets of a connection. Never `Partial` from `LONGEST` octets on.
pub fn parse(octets: &[u8]) -> Result<Parsed, Malformed> {
    let (signature, prefix) = (octets.len().min(SIGNATURE.len()), octets.len().min(6));
    if octets[..signature] == SIGNATURE[..signature] {
        return parse_binary(octets);
    }
    if octets[..prefix] == b"PROXY "[..prefix] {
        return parse_line(octets);
    }
    Err(Malformed("neither version's beginning"))
}

/// Version 2: signature, version and command, family and transport, length, addresses, TLVs.
fn parse_binary(octets: &[u8]) -> Result<Parsed, Malformed> {
    if let Some(&version) = octets.get(12)
        && version & 0xf0 != 0x20
    {
        return Err(Malformed("an unknown version"));
    }
    let Some((&[command, family, high, low], rest)) = octets.get(12..).and_then(<[u8]>::split_first_chunk) else {
        return Ok(Parsed::Partial);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST - 16 {
        return Err(Malformed("longer than 2,048 octets"));
    }
    let is_local = match command & 0x0f {
        0 => true,
        1 => false,
        _ => return Err(Malformed("an unknown command")),
    };
    let Some(body) = rest.get(..length) else { return Ok(Parsed::Partial) };
    let header = if is_local { Header::Local } else { addresses(family, body)? };
    Ok(Parsed::Whole(16 + length, header))
}

fn addresses(family: u8, body: &[u8]) -> Result<Header, Malformed> {
    let short = Malformed("too short for its addresses");
    match family {
        0x11 => {
            let block: &[u8; 12] = body.first_chunk().ok_or(short)?;
            let ip = |at: usize| IpAddr::from([block[at], block[at + 1], block[at + 2], block[at + 3]]);
            Ok(proxied(ip(0), ip(4), &block[8..]))
        }
        0x21 => {
            let block: &[u8; 36] = body.first_chunk().ok_or(short)?;
            let ip = |at: usize| IpAddr::from(std::array::from_fn::<u8, 16, _>(|n| block[at + n]));
            Ok(proxied(ip(0), ip(16), &block[32..]))
        }
        // Of no family, or of Unix sockets.
        0x00 => Ok(Header::Local),
        0x31 if body.len() >= 216 => Ok(Header::Local),
        0x31 => Err(short),
        _ => Err(Malformed("a family or transport that TCP cannot carry")),
    }
}

fn proxied(client: IpAddr, local: IpAddr, ports: &[u8]) -> Header {
    let port = |at: usize| u16::from_be_bytes([ports[at], ports[at + 1]]);
    Header::Proxied { client: SocketAddr::new(client, port(0)), local: SocketAddr::new(local, port(2)) }
}

/// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`, CR LF.
fn parse_line(octets: &[u8]) -> Result<Parsed, Malformed> {
    let within = &octets[..octets.len().min(LONGEST_LINE)];
    let Some(end) = within.iter().position(|&octet| octet == b'\n') else {
        return if octets.len() < LONGEST_LINE { Ok(Parsed::Partial) } else { Err(Malformed("a line without an end")) };
    };
    let line = within[..end].strip_suffix(b"\r").ok_or(Malformed("a line that ends without CR"))?;
    let line = std::str::from_utf8(line).map_err(|_| Malformed("a line that is not ASCII"))?;
    let mut words = line.split(' ').skip(1);
    let header = match words.next() {
        // The rest of the line is to be ignored.
        Some("UNKNOWN") => Header::Local,
        Some("TCP4") => line_addresses::<Ipv4Addr>(words)?,
        Some("TCP6") => line_addresses::<Ipv6Addr>(words)?,
        _ => return Err(Malformed("an unknown protocol")),
    };
    Ok(Parsed::Whole(end + 1, header))
}

fn line_addresses<'a, A>(mut words: impl Iterator<Item = &'a str>) -> Result<Header, Malformed>
where
    A: std::str::FromStr + Into<IpAddr>,
{
    let mut address = || words.next()?.parse::<A>().ok().map(Into::into);
    let wrong = Malformed("an address that is not one of its protocol");
    let (client, local) = (address().ok_or(wrong)?, address().ok_or(wrong)?);
    let mut port = || words.next().and_then(port);
    let wrong = Malformed("a port that is not one");
    let (client_port, local_port) = (port().ok_or(wrong)?, port().ok_or(wrong)?);
    match words.next() {
        Some(_) => Err(Malformed("more than addresses and ports")),
        None => Ok(Header::Proxied {
            client: SocketAddr::new(client, client_port),
            local: SocketAddr::new(local, local_port),
        }),
    }
}

/// Decimal, without leading zeros.
fn port(word: &str) -> Option<u16> {
    let plain = word.bytes().all(|octet| octet.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
    plain.then(|| word.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16).to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, body].concat()
    }

    fn encode(client: SocketAddr, local: SocketAddr, tlvs: &[u8]) -> Vec<u8> {
        let ports = [client.port().to_be_bytes(), local.port().to_be_bytes()].concat();
        match (client.ip(), local.ip()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                binary(0x21, 0x11, &[&a.octets()[..], &b.octets(), &ports, tlvs].concat())
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                binary(0x21, 0x21, &[&a.octets()[..], &b.octets(), &ports, tlvs].concat())
            }
            _ => unreachable!("both are of one family"),
        }
    }

    fn line(client: SocketAddr, local: SocketAddr) -> Vec<u8> {
        let family = if client.is_ipv4() { "TCP4" } else { "TCP6" };
        format!("PROXY {family} {} {} {} {}\r\n", client.ip(), local.ip(), client.port(), local.port()).into_bytes()
    }

    fn pairs() -> impl Strategy<Value = (SocketAddr, SocketAddr)> {
        let v4 = || any::<([u8; 4], u16)>().prop_map(SocketAddr::from);
        let v6 = || any::<([u8; 16], u16)>().prop_map(SocketAddr::from);
        prop_oneof![(v4(), v4()), (v6(), v6())]
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_parsed_and_its_beginnings_are_partial(
            (client, local) in pairs(), tlvs in prop::collection::vec(any::<u8>(), 0..300), after in any::<[u8; 3]>()
        ) {
            for header in [encode(client, local, &tlvs), line(client, local)] {
                let whole = Ok(Parsed::Whole(header.len(), Header::Proxied { client, local }));
                prop_assert_eq!(parse(&[&header[..], &after].concat()), whole);
                for end in 1..header.len() {
                    prop_assert_eq!(parse(&header[..end]), Ok(Parsed::Partial), "{} octets", end);
                }
            }
        }

        #[test]
        fn any_octets_are_judged_and_many_never_wait(octets in prop::collection::vec(any::<u8>(), 0..3_000), start in 0..3usize) {
            let beginning: &[u8] = [&b""[..], b"PROXY ", SIGNATURE][start];
            let octets = [beginning, &octets].concat();
            match parse(&octets) {
                Ok(Parsed::Whole(length, _)) => prop_assert!(length <= octets.len() && length <= LONGEST),
                Ok(Parsed::Partial) => prop_assert!(octets.len() < LONGEST),
                Err(_) => {}
            }
        }
    }

    #[test]
    fn proxies_that_speak_for_themselves_are_taken() {
        for header in [
            &b"PROXY UNKNOWN\r\n"[..],
            b"PROXY UNKNOWN ffff::1 anything at all\r\n",
            &binary(0x20, 0x00, b""),
            &binary(0x20, 0x11, b"short"),
            &binary(0x21, 0x00, b"ignored"),
            &binary(0x21, 0x31, &[0; 216]),
        ] {
            assert_eq!(parse(header), Ok(Parsed::Whole(header.len(), Header::Local)));
        }
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
        for wrong in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"PROXY\r\n",
            b"proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
            b"PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n",
            b"PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n",
            b"PROXY TCP4 1.1.1.01 2.2.2.2 1 2\r\n",
            b"PROXY TCP4 1.1.1.1 ::1 1 2\r\n",
            b"PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n",
            b"PROXY TCP6 ::1%1 ::1 1 2\r\n",
            b"PROXY TCP5 ::1 ::1 1 2\r\n",
            b"PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n",
            b"PROXY TCP4 1.1.1.1\xff 2.2.2.2 1 2\r\n",
            long.as_bytes(),
            b"\r\n\r\n\0\r\nQUIT\r",
            &binary(0x11, 0x11, &[0; 12]),
            &binary(0x22, 0x11, &[0; 12]),
            &binary(0x21, 0x11, &[0; 11]),
            &binary(0x21, 0x21, &[0; 35]),
            &binary(0x21, 0x31, &[0; 215]),
            &binary(0x21, 0x12, &[0; 12]),
            &binary(0x21, 0x41, &[0; 36]),
            &binary(0x21, 0x11, &[0; 2_033]),
        ] {
            assert!(parse(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }

    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connect = TcpStream::connect(listener.local_addr().unwrap());
        let (theirs, ours) = tokio::join!(connect, listener.accept());
        (theirs.unwrap(), ours.unwrap().0)
    }

    #[tokio::test]
    async fn a_header_in_pieces_is_read_and_not_an_octet_more() {
        let (client, local) = (address("192.0.2.1:5000"), address("198.51.100.2:443"));
        for header in [encode(client, local, &[4, 0, 1, 0]), line(client, local)] {
            let (mut theirs, mut ours) = connected().await;
            let send = async {
                for piece in [&header[..], b"GET"].concat().chunks(5) {
                    theirs.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
            };
            let (read, ()) = tokio::join!(read(&mut ours, Duration::from_secs(10)), send);
            assert_eq!(read.unwrap(), Header::Proxied { client, local });
            let mut rest = [0; 3];
            ours.read_exact(&mut rest).await.unwrap();
            assert_eq!(&rest, b"GET");
        }
    }

    #[tokio::test]
    async fn a_proxy_that_stops_or_leaves_is_given_up() {
        let (mut theirs, mut ours) = connected().await;
        theirs.write_all(b"PROXY TC").await.unwrap();
        assert!(matches!(read(&mut ours, Duration::from_millis(50)).await, Err(ReadError::Slow)));
        let (mut theirs, mut ours) = connected().await;
        theirs.write_all(b"PROXY TC").await.unwrap();
        drop(theirs);
        assert!(matches!(read(&mut ours, Duration::from_secs(10)).await, Err(ReadError::Io(_))));
        let (mut theirs, mut ours) = connected().await;
        theirs.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        assert!(matches!(read(&mut ours, Duration::from_secs(10)).await, Err(ReadError::Malformed(_))));
    }
}
