//! An address range written as address and length, the CIDR notation of RFC 4632 and RFC 4291.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A prefix with its host bits cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// The prefix of `length` bits around `address`; `None` when the family has fewer bits.
    pub fn new(address: IpAddr, length: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(a) => IpAddr::V4((u32::from(a) & mask(length, 32)? as u32).into()),
            IpAddr::V6(a) => IpAddr::V6((u128::from(a) & mask(length, 128)?).into()),
        };
        Some(Self { address, length })
    }

    /// The first address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Bits that are fixed: 0 to 32 or 0 to 128.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Whether every address of `other` lies in this prefix.
    pub fn contains(&self, other: &Prefix) -> bool {
        self.length <= other.length && Prefix::new(other.address, self.length).as_ref() == Some(self)
    }
}

/// The `length` highest of `bits` bits; `None` when there are not so many.
fn mask(length: u8, bits: u8) -> Option<u128> {
    let host = u32::from(bits.checked_sub(length)?);
    Some(u128::MAX.checked_shl(host).unwrap_or(0))
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl FromStr for Prefix {
    type Err = String;

    /// Reads `192.0.2.0/24`, `2001:db8::/32` or a lone address; host bits must be clear.
    fn from_str(text: &str) -> Result<Self, String> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let wrong = || format!("\"{text}\" is not a prefix such as 192.0.2.0/24 or 2001:db8::/32");
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let full = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(full), |l| l.parse().ok()).ok_or_else(wrong)?;
        let prefix = Prefix::new(address, length).ok_or_else(wrong)?;
        if prefix.address == address {
            return Ok(prefix);
        }
        Err(format!("\"{text}\" has bits set after its length: write {prefix}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Prefix;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn text_goes_round() {
        for text in ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.1/32", "::/0", "2001:db8::/32", "::1/128"] {
            assert_eq!(prefix(text).to_string(), text);
        }
        assert_eq!(prefix("192.0.2.1"), prefix("192.0.2.1/32"));
    }

    #[test]
    fn faults_say_what_to_write() {
        for text in ["", "192.0.2.0/33", "::/129", "192.0.2/24", "192.0.2.0/", "a/8", "10.0.0.0/-1"] {
            assert!(text.parse::<Prefix>().unwrap_err().contains("is not a prefix"), "{text}");
        }
        assert!("10.1.0.0/8".parse::<Prefix>().unwrap_err().contains("write 10.0.0.0/8"));
    }

    #[test]
    fn a_prefix_contains_what_is_longer_and_inside() {
        assert!(prefix("10.0.0.0/8").contains(&prefix("10.2.0.0/16")));
        assert!(!prefix("10.2.0.0/16").contains(&prefix("10.0.0.0/8")));
        assert!(!prefix("0.0.0.0/0").contains(&prefix("2001:db8::/32")));
    }
}
