//! The table against a naive oracle that tries every prefix.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

/// The value of the longest prefix around an address; of equal ones the later.
fn longest(prefixes: &[(Prefix, u32)], address: IpAddr) -> u32 {
    let alone = Prefix::new(address, bits(address)).unwrap();
    let around = prefixes.iter().filter(|(prefix, _)| prefix.contains(&alone));
    around.max_by_key(|(prefix, _)| prefix.length()).map_or(DEFAULT, |&(_, value)| value)
}

const DEFAULT: u32 = 2;

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// First and last addresses of all prefixes and those beside them: the value can change nowhere else.
fn edges(prefixes: &[(Prefix, u32)]) -> Vec<IpAddr> {
    let around = |prefix: &Prefix| -> Vec<IpAddr> {
        let host = bits(prefix.address()) - prefix.length();
        match prefix.address() {
            IpAddr::V4(first) => {
                let (first, size) = (u32::from(first), u32::MAX.checked_shr(32 - u32::from(host)).unwrap_or(0));
                let near = [first.wrapping_sub(1), first, first + size, (first + size).wrapping_add(1)];
                near.map(|n| IpAddr::V4(n.into())).to_vec()
            }
            IpAddr::V6(first) => {
                let (first, size) = (u128::from(first), u128::MAX.checked_shr(128 - u32::from(host)).unwrap_or(0));
                let near = [first.wrapping_sub(1), first, first + size, (first + size).wrapping_add(1)];
                near.map(|n| IpAddr::V6(n.into())).to_vec()
            }
        }
    };
    prefixes.iter().flat_map(|(prefix, _)| around(prefix)).collect()
}

/// The shortest length at which no edge within the prefix has another value than the address.
fn exact_scope(value: u32, edges: &[(Prefix, u32)], address: IpAddr) -> u8 {
    let strangers = || edges.iter().filter(|(_, other)| *other != value).map(|(edge, _)| edge);
    let holds = |length: &u8| {
        let prefix = Prefix::new(address, *length).unwrap();
        !strangers().any(|stranger| prefix.contains(stranger))
    };
    (0..=bits(address)).find(holds).unwrap()
}

/// Addresses crowded into few bits at the top and the bottom, so that prefixes nest and touch.
fn address() -> impl Strategy<Value = IpAddr> {
    let crowded = (0u8..4, 0u8..4, any::<u16>());
    prop_oneof![
        crowded
            .clone()
            .prop_map(|(top, low, any)| Ipv4Addr::new(top << 6, low << 6, (any >> 14) as u8, any as u8).into()),
        crowded.prop_map(|(top, low, any)| {
            Ipv6Addr::from(u128::from(top) << 126 | u128::from(low) << 100 | u128::from(any)).into()
        }),
        any::<u32>().prop_map(|n| Ipv4Addr::from(n).into()),
        any::<u128>().prop_map(|n| Ipv6Addr::from(n).into()),
    ]
}

fn prefixes() -> impl Strategy<Value = Vec<(Prefix, u32)>> {
    let one = (address(), any::<u8>(), 0u32..4)
        .prop_map(|(address, n, value)| (Prefix::new(address, n % (bits(address) + 1)).unwrap(), value));
    prop::collection::vec(one, 0..24)
}

/// Many prefixes close together in some places, ever closer in some: nodes below nodes.
fn crowds() -> impl Strategy<Value = Vec<(Prefix, u32)>> {
    let one = (0u32..3, any::<u32>(), 0u32..32, 20u8..=32, 0u32..4, any::<bool>()).prop_map(
        |(crowd, offset, closeness, length, value, v6)| {
            let address = (crowd << 30).wrapping_add(offset >> closeness);
            let address: IpAddr =
                if v6 { Ipv6Addr::from(u128::from(address) << 40).into() } else { Ipv4Addr::from(address).into() };
            (Prefix::new(address, if v6 { 56 + length } else { length }).unwrap(), value)
        },
    );
    prop::collection::vec(one, 200..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn lookups_in_crowds_agree_with_trying_every_prefix(prefixes in crowds()) {
        let table = PrefixTable::build(prefixes.iter().copied(), DEFAULT);
        for address in edges(&prefixes) {
            prop_assert_eq!(table.lookup(address).0, longest(&prefixes, address), "{}", address);
        }
    }
}

proptest! {
    #[test]
    fn lookups_agree_with_trying_every_prefix(prefixes in prefixes(), more in prop::collection::vec(address(), 10)) {
        let table = PrefixTable::build(prefixes.iter().copied(), DEFAULT);
        let alone = |edge: IpAddr| (Prefix::new(edge, bits(edge)).unwrap(), longest(&prefixes, edge));
        let valued: Vec<_> = edges(&prefixes).into_iter().map(alone).collect();
        for address in edges(&prefixes).into_iter().chain(more) {
            let value = longest(&prefixes, address);
            prop_assert_eq!(table.lookup(address), (value, exact_scope(value, &valued, address)), "{}", address);
        }
    }

    #[test]
    fn a_mapped_table_is_the_table_of_mapped_values(prefixes in prefixes()) {
        let halve = |value: u32| value / 2;
        let mapped = PrefixTable::build(prefixes.iter().copied(), DEFAULT).map(halve);
        let made = PrefixTable::build(prefixes.iter().map(|&(prefix, value)| (prefix, halve(value))), halve(DEFAULT));
        prop_assert_eq!(mapped, made);
    }

    #[test]
    fn zipped_tables_hold_both_values(a in prefixes(), b in prefixes()) {
        let (left, right) = (PrefixTable::build(a.iter().copied(), 0), PrefixTable::build(b.iter().copied(), 1));
        let both = left.zip(&right, |x, y| x * 10 + y);
        for address in edges(&a).into_iter().chain(edges(&b)) {
            let ((x, sx), (y, sy)) = (left.lookup(address), right.lookup(address));
            prop_assert_eq!(both.lookup(address), (x * 10 + y, sx.max(sy)));
        }
    }

    #[test]
    fn octets_go_round(prefixes in prefixes()) {
        let table = PrefixTable::build(prefixes, DEFAULT);
        prop_assert_eq!(PrefixTable::from_bytes(&table.to_bytes()), Ok(table));
    }

    #[test]
    fn hostile_octets_never_panic(
        prefixes in prefixes(), at: prop::sample::Index, value: u8, cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut octets = PrefixTable::build(prefixes, DEFAULT).to_bytes();
        let at = at.index(octets.len());
        octets[at] = value;
        if let Some(cut) = cut {
            octets.truncate(cut.index(octets.len()));
        }
        if let Ok(table) = PrefixTable::from_bytes(&octets) {
            prop_assert_eq!(table.to_bytes(), octets, "what is taken is what would be written");
        }
    }

    #[test]
    fn any_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = PrefixTable::from_bytes(&octets);
    }
}

#[test]
fn values_and_scopes_by_hand() {
    let entries = [("10.0.0.0/8", 1), ("10.1.0.0/16", 2), ("10.1.2.0/24", 1), ("2001:db8::/32", 7), ("11.0.0.0/8", 1)];
    let table = PrefixTable::build(entries.map(|(prefix, value)| (prefix.parse().unwrap(), value)), 0);
    let at = |address: &str| table.lookup(address.parse().unwrap());
    assert_eq!(at("10.1.2.3"), (1, 24));
    assert_eq!(at("10.1.3.4"), (2, 24));
    assert_eq!(at("10.1.128.1"), (2, 17));
    assert_eq!(at("10.128.0.1"), (1, 9));
    assert_eq!(at("11.0.0.1"), (1, 8));
    assert_eq!(at("128.0.0.1"), (0, 1));
    assert_eq!(at("2001:db8::1"), (7, 32));
    assert_eq!(at("::"), (0, 3));
    assert_eq!(table.ranges(), (7, 3));
    assert_eq!(PrefixTable::build([], 5).lookup("::1".parse().unwrap()), (5, 0));
}

/// A lookup walks over few ranges, however unevenly they lie.
#[test]
fn crowds_have_nodes_of_their_own() {
    let hosts = (0..5_000u32).map(|n| n * 2 + ((n / 1_000) << 28));
    let prefix = |host: u32| Prefix::new(IpAddr::V4(host.into()), 32).unwrap();
    let table = PrefixTable::build(hosts.clone().map(|host| (prefix(host), 1)), 0).v4;
    assert!(hosts.flat_map(|host| [host, host + 1]).chain([u32::MAX]).all(|host| table.steps(host) <= 4));
}

#[test]
fn octets_that_are_not_sorted_are_refused() {
    let octets = |starts: [u32; 2], values: [u32; 2]| {
        let words = [2, 1].into_iter().chain(starts).chain(values).flat_map(u32::to_le_bytes);
        words.chain([0; 20]).collect::<Vec<u8>>()
    };
    assert!(PrefixTable::from_bytes(&octets([0, 9], [1, 2])).is_ok());
    for (starts, values) in [([1, 9], [1, 2]), ([0, 0], [1, 2]), ([9, 0], [1, 2]), ([0, 9], [1, 1])] {
        assert!(PrefixTable::from_bytes(&octets(starts, values)).is_err(), "{starts:?} {values:?}");
    }
    assert_eq!(PrefixTable::from_bytes(&[0; 8]), Err(crate::Malformed("ranges do not begin at the lowest address")));
    assert_eq!(PrefixTable::from_bytes(&[255; 64]), Err(crate::Malformed("the prefix table is cut short")));
}
