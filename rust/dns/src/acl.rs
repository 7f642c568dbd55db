//! Who may ask: a list of prefixes; an empty list lets everyone.

use std::net::IpAddr;

use edgeplane_base::{Fault, Faults};
use edgeplane_geo::Prefix;

/// The setting `query_acl`. Whom it does not let is answered REFUSED with extended error 18, Prohibited (RFC 8914).
#[derive(Debug, Clone, Default)]
pub struct Acl(Option<Cidrs>);

impl Acl {
    /// The list; faults name the setting `dns.query_acl`.
    pub fn new(prefixes: &[String]) -> Result<Self, Faults> {
        let cidrs = Cidrs::parse("dns.query_acl", prefixes)?;
        Ok(Self((!prefixes.is_empty()).then_some(cidrs)))
    }

    /// Whether the client may ask.
    #[inline]
    pub fn allows(&self, client: IpAddr) -> bool {
        self.0.as_ref().is_none_or(|cidrs| cidrs.contains(client))
    }
}

/// A set of addresses written as prefixes: sorted ranges without overlap, found by bisection.
#[derive(Debug, Clone, Default)]
pub struct Cidrs {
    ipv4: Vec<(u32, u32)>,
    ipv6: Vec<(u128, u128)>,
}

impl Cidrs {
    /// The union of all prefixes; every text that is not one becomes a fault at `place`.
    pub fn parse(place: &str, prefixes: &[String]) -> Result<Self, Faults> {
        let (mut cidrs, mut faults) = (Self::default(), Faults::default());
        for (n, text) in prefixes.iter().enumerate() {
            match text.parse() {
                Ok(prefix) => cidrs.add(prefix),
                Err(message) => faults.push(Fault::at(format!("{place}[{n}]"), message)),
            }
        }
        merge(&mut cidrs.ipv4, |last, first| last.checked_add(1).is_none_or(|next| first <= next));
        merge(&mut cidrs.ipv6, |last, first| last.checked_add(1).is_none_or(|next| first <= next));
        faults.into_result(cidrs)
    }

    /// Whether the address lies in one of the prefixes.
    #[inline]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => within(&self.ipv4, u32::from(address)),
            IpAddr::V6(address) => within(&self.ipv6, u128::from(address)),
        }
    }

    fn add(&mut self, prefix: Prefix) {
        let length = u32::from(prefix.length());
        match prefix.address() {
            IpAddr::V4(first) => {
                let first = u32::from(first);
                self.ipv4.push((first, first | u32::MAX.checked_shr(length).unwrap_or(0)));
            }
            IpAddr::V6(first) => {
                let first = u128::from(first);
                self.ipv6.push((first, first | u128::MAX.checked_shr(length).unwrap_or(0)));
            }
        }
    }
}

#[inline]
fn within<T: Ord + Copy>(ranges: &[(T, T)], address: T) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    after.checked_sub(1).and_then(|n| ranges.get(n)).is_some_and(|(_, last)| address <= *last)
}

/// Sorts ranges and joins those that `touch(last, next first)` each other.
fn merge<T: Ord + Copy>(ranges: &mut Vec<(T, T)>, touch: impl Fn(T, T) -> bool) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, kept| {
        let joined = touch(kept.1, next.0);
        if joined {
            kept.1 = kept.1.max(next.1);
        }
        joined
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(prefixes: &[&str]) -> Vec<String> {
        prefixes.iter().map(|&text| text.into()).collect()
    }

    #[test]
    fn an_empty_list_lets_everyone_and_any_other_only_its_own() {
        assert!(Acl::new(&[]).unwrap().allows("192.0.2.1".parse().unwrap()));
        let acl = Acl::new(&list(&["192.0.2.0/24", "2001:db8::/32"])).unwrap();
        for (client, may) in
            [("192.0.2.255", true), ("192.0.3.0", false), ("2001:db8::1", true), ("::1", false), ("0.0.0.0", false)]
        {
            assert_eq!(acl.allows(client.parse().unwrap()), may, "{client}");
        }
    }

    #[test]
    fn every_wrong_prefix_is_named() {
        let faults = Acl::new(&list(&["192.0.2.0/24", "192.0.2.0/33", "10.1.0.0/8"])).unwrap_err();
        let places: Vec<_> = faults.0.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places, ["dns.query_acl[1]", "dns.query_acl[2]"]);
    }

    #[test]
    fn the_whole_address_space_is_one_range() {
        let all = Cidrs::parse("x", &list(&["0.0.0.0/0", "128.0.0.0/1", "::/0"])).unwrap();
        assert_eq!((all.ipv4.len(), all.ipv6.len()), (1, 1));
        assert!(all.contains("255.255.255.255".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn agrees_with_asking_each_prefix(
            prefixes in prop::collection::vec((0u32..4096, 20u8..=32), 0..20), clients in prop::collection::vec(0u32..4200, 50)
        ) {
            let prefixes: Vec<_> = prefixes.iter().map(|&(a, l)| Prefix::new(IpAddr::V4(a.into()), l).unwrap()).collect();
            let texts: Vec<_> = prefixes.iter().map(ToString::to_string).collect();
            let cidrs = Cidrs::parse("x", &texts).unwrap();
            for client in clients {
                let client = IpAddr::V4(client.into());
                let lone = Prefix::new(client, 32).unwrap();
                prop_assert_eq!(cidrs.contains(client), prefixes.iter().any(|p| p.contains(&lone)), "{}", client);
            }
        }
    }
}
