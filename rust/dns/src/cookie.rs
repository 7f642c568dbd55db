//! DNS cookies: servers that share a secret make and take the same ones (RFC 7873, RFC 9018).
//!
//! ```text
//! option data = client cookie (8) ‖ server cookie (16)
//! server cookie = version 1 (1) ‖ reserved 0 (3) ‖ seconds since 1970 (4) ‖ SipHash-2-4 over all before and the address (8)
//! ```

use std::io::{self, Read};
use std::net::IpAddr;

use edgeplane_base::Faults;
use siphasher::sip::SipHasher24;

use crate::limits;

/// Number of the option (RFC 7873 section 4).
pub const OPTION_CODE: u16 = 10;
/// Octets of the option in an answer: code, length, client cookie, server cookie.
pub const OPTION_LEN: usize = 28;
const VERSION: u8 = 1;
/// Octets that the hash covers before the address: client cookie, version, reserved, timestamp.
const HASHED: usize = 16;

/// What a query's cookie says about its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieState {
    /// No legal length: answer FORMERR (RFC 7873 section 5.2.2).
    Malformed,
    /// A client cookie alone: the client asks for a server cookie.
    ClientOnly,
    /// A server cookie of ours for this address, not too old: the address is not forged.
    Good,
    /// A server cookie that is not ours, too old, or of another address.
    Bad,
}

/// Makes and checks server cookies under a secret, and checks those under the secret before.
pub struct Cookies {
    current: SipHasher24,
    previous: Option<SipHasher24>,
}

impl Cookies {
    /// Cookies under a secret of 16 octets, or of 32: the current secret, then the one before (RFC 9018 section 5).
    pub fn new(secret: &[u8]) -> Result<Self, Faults> {
        let (current, previous) = secret.split_at_checked(16).unwrap_or_default();
        match (key(current), key(previous), previous.is_empty()) {
            (Some(current), previous, empty) if empty || previous.is_some() => Ok(Self { current, previous }),
            _ => Err(Faults::one(
                "dns.cookie_secret",
                format!(
                    "has {} octets, but must have 16, or 32 with the secret before in the second half",
                    secret.len()
                ),
            )),
        }
    }

    /// A new secret from the system's random source.
    pub fn random_secret() -> io::Result<[u8; 16]> {
        let mut secret = [0; 16];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut secret)?;
        Ok(secret)
    }

    /// What the option's data says; `now_s` is the wall clock's seconds since 1970, modulo 2³².
    #[inline]
    pub fn check(&self, client: IpAddr, option: &[u8], now_s: u32) -> CookieState {
        self.judge(client, option, now_s).0
    }

    /// What the option's data says and the option to answer with; none when malformed.
    ///
    /// A good cookie that need not be renewed yet is sent back as it is, which saves the second hash.
    #[inline]
    pub fn reply(&self, client: IpAddr, option: &[u8], now_s: u32) -> (CookieState, Option<[u8; OPTION_LEN]>) {
        let (state, keep) = self.judge(client, option, now_s);
        let Some(client_cookie) = option.first_chunk::<8>().filter(|_| state != CookieState::Malformed) else {
            return (CookieState::Malformed, None);
        };
        let server_cookie = keep.unwrap_or_else(|| self.server_cookie(client, *client_cookie, now_s));
        (state, Some(option_octets(client_cookie, &server_cookie)))
    }

    /// A new server cookie for the client.
    pub fn server_cookie(&self, client: IpAddr, client_cookie: [u8; 8], now_s: u32) -> [u8; 16] {
        let mut hashed = [0; HASHED];
        let mut cookie = [0; 16];
        hashed[..8].copy_from_slice(&client_cookie);
        hashed[8] = VERSION;
        hashed[12..].copy_from_slice(&now_s.to_be_bytes());
        cookie[..8].copy_from_slice(&hashed[8..]);
        cookie[8..].copy_from_slice(&digest(&self.current, &hashed, client).to_le_bytes());
        cookie
    }

    /// The state, and the server cookie where it is good and young enough to be kept.
    #[inline]
    fn judge(&self, client: IpAddr, option: &[u8], now_s: u32) -> (CookieState, Option<[u8; 16]>) {
        match option.len() {
            8 => return (CookieState::ClientOnly, None),
            24 => {}
            16..=40 => return (CookieState::Bad, None),
            _ => return (CookieState::Malformed, None),
        }
        let Some((hashed, hash)) = option.split_first_chunk::<HASHED>() else {
            return (CookieState::Malformed, None);
        };
        let Some(age) = age(hashed, now_s) else {
            return (CookieState::Bad, None);
        };
        let same = |key: &SipHasher24| digest(key, hashed, client).to_le_bytes().ct_eq(hash);
        if same(&self.current) {
            let young = age <= limits::COOKIE_RENEW_S.default as i32;
            return (CookieState::Good, option.last_chunk().copied().filter(|_| young));
        }
        let rolled = self.previous.as_ref().is_some_and(same);
        (if rolled { CookieState::Good } else { CookieState::Bad }, None)
    }
}

/// Comparison whose time does not depend on where the octets differ.
trait ConstantTimeEq {
    fn ct_eq(&self, other: &[u8]) -> bool;
}

impl ConstantTimeEq for [u8; 8] {
    #[inline]
    fn ct_eq(&self, other: &[u8]) -> bool {
        let difference = self.iter().zip(other).fold(0, |seen, (a, b)| seen | (a ^ b));
        other.len() == self.len() && std::hint::black_box(difference) == 0
    }
}

/// Seconds since the cookie was made, negative when made in the future; `None` when out of bounds or not version 1.
#[inline]
fn age(hashed: &[u8; HASHED], now_s: u32) -> Option<i32> {
    let made = u32::from_be_bytes(*hashed.last_chunk()?);
    let age = now_s.wrapping_sub(made).cast_signed();
    let taken = -(limits::COOKIE_FUTURE_S.default as i32)..=limits::COOKIE_AGE_S.default as i32;
    (hashed[8] == VERSION && taken.contains(&age)).then_some(age)
}

#[inline]
fn digest(key: &SipHasher24, hashed: &[u8; HASHED], client: IpAddr) -> u64 {
    let mut message = [0; HASHED + 16];
    message[..HASHED].copy_from_slice(hashed);
    match client {
        IpAddr::V4(address) => {
            message[HASHED..HASHED + 4].copy_from_slice(&address.octets());
            key.hash(&message[..HASHED + 4])
        }
        IpAddr::V6(address) => {
            message[HASHED..].copy_from_slice(&address.octets());
            key.hash(&message)
        }
    }
}

fn option_octets(client_cookie: &[u8; 8], server_cookie: &[u8; 16]) -> [u8; OPTION_LEN] {
    let mut octets = [0; OPTION_LEN];
    octets[..2].copy_from_slice(&OPTION_CODE.to_be_bytes());
    octets[3] = (OPTION_LEN - 4) as u8;
    octets[4..12].copy_from_slice(client_cookie);
    octets[12..].copy_from_slice(server_cookie);
    octets
}

fn key(octets: &[u8]) -> Option<SipHasher24> {
    octets.try_into().ok().map(SipHasher24::new_with_key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The secret of RFC 9018 appendix A.1 to A.3.
    const SECRET: &str = "e5e973e5a6b2a43f48e7dc849e37bfcf";

    fn octets(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|n| u8::from_str_radix(&hex[n..n + 2], 16).unwrap()).collect()
    }

    fn cookies(secret: &str) -> Cookies {
        Cookies::new(&octets(secret)).unwrap()
    }

    fn data(reply: Option<[u8; OPTION_LEN]>) -> Vec<u8> {
        reply.unwrap()[4..].to_vec()
    }

    #[test]
    fn rfc_9018_a_1_a_client_learns_a_cookie() {
        let client = "198.51.100.100".parse().unwrap();
        let (state, reply) = cookies(SECRET).reply(client, &octets("2464c4abcf10c957"), 0x5cf7_9f11);
        assert_eq!(state, CookieState::ClientOnly);
        assert_eq!(reply.unwrap()[..4], [0, 10, 0, 24]);
        assert_eq!(data(reply), octets("2464c4abcf10c957010000005cf79f111f8130c3eee29480"));
    }

    #[test]
    fn rfc_9018_a_2_the_same_client_gets_a_fresh_one() {
        let client = "198.51.100.100".parse().unwrap();
        let sent = octets("2464c4abcf10c957010000005cf79f111f8130c3eee29480");
        let (state, reply) = cookies(SECRET).reply(client, &sent, 0x5cf7_a871);
        assert_eq!(state, CookieState::Good);
        assert_eq!(data(reply), octets("2464c4abcf10c957010000005cf7a871d4a564a1442aca77"));
    }

    #[test]
    fn rfc_9018_a_3_reserved_octets_are_hashed_as_they_came() {
        let client = "203.0.113.203".parse().unwrap();
        let sent = octets("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5");
        let (state, reply) = cookies(SECRET).reply(client, &sent, 0x5cf7_8f71 + 60);
        assert_eq!(state, CookieState::Good);
        assert_eq!(data(reply), sent, "young enough to be kept");
        let (_, reply) = cookies(SECRET).reply(client, &sent, 0x5cf7_a9ac);
        assert_eq!(data(reply), octets("fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"));
    }

    #[test]
    fn rfc_9018_a_4_the_secret_before_is_taken_and_the_new_one_used() {
        let both = cookies("445536bcd2513298075a5d379663c962dd3bdf9344b678b185a6f5cb60fca715");
        let client = "2001:db8:220:1:59de:d0f4:8769:82b8".parse().unwrap();
        let sent = octets("22681ab97d52c298010000005cf7c57926556bd0934c72f8");
        let (state, reply) = both.reply(client, &sent, 0x5cf7_c609);
        assert_eq!(state, CookieState::Good);
        assert_eq!(data(reply), octets("22681ab97d52c298010000005cf7c609a6bb79d16625507a"));
        let alone = cookies("445536bcd2513298075a5d379663c962");
        assert_eq!(alone.check(client, &sent, 0x5cf7_c609), CookieState::Bad);
    }

    #[test]
    fn age_is_bounded_on_both_sides_and_wraps() {
        let (cookies, client) = (cookies(SECRET), "192.0.2.1".parse().unwrap());
        for made in [1_700_000_000, 5, u32::MAX - 5] {
            let option = [&[7; 8][..], &cookies.server_cookie(client, [7; 8], made)].concat();
            let at = |seconds: i32| cookies.check(client, &option, made.wrapping_add_signed(seconds));
            assert_eq!(
                [at(-301), at(-300), at(3600), at(3601)].map(|s| s == CookieState::Good),
                [false, true, true, false]
            );
            let (_, kept) = cookies.reply(client, &option, made.wrapping_add(1800));
            let (_, renewed) = cookies.reply(client, &option, made.wrapping_add(1801));
            assert_eq!((data(kept) == option, data(renewed) == option), (true, false));
        }
    }

    #[test]
    fn lengths_of_rfc_7873_section_5_2_2() {
        let (cookies, client) = (cookies(SECRET), "::1".parse().unwrap());
        for len in 0..64 {
            let expected = match len {
                8 => CookieState::ClientOnly,
                16..=40 => CookieState::Bad,
                _ => CookieState::Malformed,
            };
            assert_eq!(cookies.check(client, &vec![1; len], 0x0101_0101), expected, "{len}");
            assert_eq!(cookies.reply(client, &vec![1; len], 0).1.is_none(), expected == CookieState::Malformed);
        }
    }

    #[test]
    fn secrets_have_16_or_32_octets() {
        for len in 0..64 {
            assert_eq!(Cookies::new(&vec![0; len]).is_ok(), len == 16 || len == 32, "{len}");
        }
        assert_ne!(Cookies::random_secret().unwrap(), Cookies::random_secret().unwrap());
    }

    proptest! {
        #[test]
        fn a_flipped_bit_or_another_address_is_bad(
            client_cookie: [u8; 8], address: u32, other: u32, now_s: u32, bit in 0usize..192
        ) {
            prop_assume!(address != other);
            let cookies = cookies(SECRET);
            let client = IpAddr::V4(address.into());
            let mut option = [&client_cookie[..], &cookies.server_cookie(client, client_cookie, now_s)].concat();
            prop_assert_eq!(cookies.check(client, &option, now_s), CookieState::Good);
            prop_assert_eq!(cookies.check(IpAddr::V4(other.into()), &option, now_s), CookieState::Bad);
            option[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(cookies.check(client, &option, now_s), CookieState::Bad);
        }
    }
}
