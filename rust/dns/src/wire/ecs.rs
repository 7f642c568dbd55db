//! EDNS client subnet (RFC 7871 section 6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Number of the option.
pub const OPTION_CODE: u16 = 8;

/// The subnet for which an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ecs {
    /// Address family: 1 IPv4, 2 IPv6, 0 with an empty prefix.
    pub family: u16,
    /// Prefix length in bits.
    pub source: u8,
    /// The address, its bits behind the prefix zero.
    pub address: IpAddr,
}

impl Ecs {
    /// Reads the option's data; `None` where RFC 7871 section 7.1.2 wants FORMERR.
    pub fn read(data: &[u8]) -> Option<Self> {
        let (&[high, low, source, scope], octets) = data.split_first_chunk::<4>()?;
        let family = u16::from_be_bytes([high, low]);
        let most = match family {
            0 => 0,
            1 => 32,
            2 => 128,
            _ => return None,
        };
        if scope != 0 || source > most || octets.len() != usize::from(source).div_ceil(8) {
            return None;
        }
        let mut full = [0; 16];
        full.get_mut(..octets.len())?.copy_from_slice(octets);
        let bits = u128::from_be_bytes(full);
        if u32::from(source) + bits.trailing_zeros() < 128 && bits != 0 {
            return None;
        }
        let address = match family {
            2 => IpAddr::V6(Ipv6Addr::from_bits(bits)),
            _ => IpAddr::V4(Ipv4Addr::from_bits((bits >> 96) as u32)),
        };
        Some(Self { family, source, address })
    }

    /// Octets of the whole option in an answer.
    pub fn option_len(&self) -> usize {
        8 + usize::from(self.source).div_ceil(8)
    }

    /// The whole option with a scope (RFC 7871 section 7.2.1); the first `option_len` octets count.
    pub fn option(&self, scope: u8) -> [u8; 24] {
        let mut option = [0; 24];
        let octets = match self.address {
            IpAddr::V4(address) => {
                address.to_ipv6_mapped().octets().last_chunk::<4>().map(|o| u128::from(u32::from_be_bytes(*o)) << 96)
            }
            IpAddr::V6(address) => Some(address.to_bits()),
        };
        let head = [0, OPTION_CODE as u8, 0, (self.option_len() - 4) as u8, 0, self.family as u8, self.source, scope];
        for (to, from) in option.iter_mut().zip(head.into_iter().chain(octets.unwrap_or(0).to_be_bytes())) {
            *to = from;
        }
        option
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_refused() {
        assert_eq!(Ecs::read(&[0, 1, 24, 0, 192, 0, 2]).map(|e| e.address), Some("192.0.2.0".parse().unwrap()));
        for bad in [
            &[0, 1, 24, 1, 192, 0, 2][..],
            &[0, 1, 24, 0, 192, 0],
            &[0, 1, 24, 0, 192, 0, 2, 0],
            &[0, 1, 33, 0, 1, 2, 3, 4, 0],
            &[0, 3, 0, 0],
            &[0, 1, 23, 0, 192, 0, 1],
            &[0, 0, 8, 0, 1],
            &[0, 1],
            &[0, 2, 129, 0],
        ] {
            assert_eq!(Ecs::read(bad), None, "{bad:?}");
        }
        assert!(Ecs::read(&[0, 0, 0, 0]).is_some());
    }

    proptest! {
        #[test]
        fn an_answer_repeats_the_question(bits: u128, source in 0u8..=128, v6: bool) {
            let source = if v6 { source } else { source % 33 };
            let mask = if source == 0 { 0 } else { u128::MAX << (128 - u32::from(source)) };
            let octets = (bits & mask).to_be_bytes();
            let data = [&[0, 1 + u8::from(v6), source, 0][..], &octets[..usize::from(source).div_ceil(8)]].concat();
            let ecs = Ecs::read(&data).unwrap();
            let option = ecs.option(17);
            prop_assert_eq!(&option[..4], &[0, 8, 0, data.len() as u8]);
            prop_assert_eq!(option[7], 17);
            prop_assert_eq!([&option[4..7], &option[8..ecs.option_len()]].concat(), [&data[..3], &data[4..]].concat());
        }
    }
}
