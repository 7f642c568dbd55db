//! A flat longest-prefix table over both address families.

use std::net::IpAddr;

use crate::Prefix;
use crate::ranges::Ranges;

/// Address → value (`u32`), and how far around the address the value holds.
///
/// Nested prefixes are resolved when the table is built, so that a lookup is one step through a first-level index and
/// a short binary search, without allocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixTable {
    pub(crate) v4: Ranges<u32>,
    pub(crate) v6: Ranges<u128>,
}

impl PrefixTable {
    /// A table in which the longest prefix around an address gives its value, and `default` where there is none.
    /// Of two equal prefixes the later counts.
    pub fn build(prefixes: impl IntoIterator<Item = (Prefix, u32)>, default: u32) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (prefix, value) in prefixes {
            match prefix.address() {
                IpAddr::V4(address) => v4.push((u32::from(address), prefix.length(), value)),
                IpAddr::V6(address) => v6.push((u128::from(address), prefix.length(), value)),
            }
        }
        Self { v4: Ranges::build(v4, default), v6: Ranges::build(v6, default) }
    }

    /// The value at an address, and the scope: the length in bits of the shortest prefix around the address in which
    /// every address has this value (RFC 7871 section 7.2.1); 0 when the whole family has it.
    #[inline]
    pub fn lookup(&self, address: IpAddr) -> (u32, u8) {
        match address {
            IpAddr::V4(address) => self.v4.lookup(address.into()),
            IpAddr::V6(address) => self.v6.lookup(address.into()),
        }
    }

    /// Every value replaced; neighbours that became equal are merged. `f` is called once a range.
    pub fn map(&self, mut f: impl FnMut(u32) -> u32) -> Self {
        Self { v4: self.v4.map(&mut f), v6: self.v6.map(&mut f) }
    }

    /// Both tables' values joined by `f`, called once for each range in which neither changes.
    pub fn zip(&self, other: &Self, mut f: impl FnMut(u32, u32) -> u32) -> Self {
        Self { v4: self.v4.zip(&other.v4, &mut f), v6: self.v6.zip(&other.v6, &mut f) }
    }

    /// All values, one for each range.
    pub fn values(&self) -> impl Iterator<Item = u32> + '_ {
        self.v4.iter().map(|(_, value)| value).chain(self.v6.iter().map(|(_, value)| value))
    }

    /// Number of ranges of each family, IPv4 first; at least one each.
    pub fn ranges(&self) -> (usize, usize) {
        (self.v4.len(), self.v6.len())
    }
}

#[cfg(test)]
mod tests;
