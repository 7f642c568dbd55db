//! The section against a naive model: a map from name and type to rdata.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::section::node;
use super::*;
use crate::wire::name::labels;
use crate::wire::{Name, rtype};

const SOA: &[u8] = b"\x02ns\x02ex\x00\x05admin\x02ex\x00\0\0\0\x07\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x3c";

fn name(text: &str) -> Name {
    Name::from_text(text).unwrap()
}

fn builder(records: &[(&str, u16, &[u8])]) -> ZoneBuilder {
    let mut builder = ZoneBuilder::new(name("ex."));
    let file = builder.file("ex.zone");
    let base: [(&str, u16, &[u8]); 2] = [("ex.", rtype::SOA, SOA), ("ex.", rtype::NS, b"\x02ns\x02EX\x00")];
    for (line, (owner, rtype, rdata)) in base.iter().chain(records).enumerate() {
        let owner = name(owner);
        let record = Record { owner: owner.as_wire(), rtype: *rtype, ttl: 300, rdata };
        builder.add(record, Place { file, line: line as u32 + 1 });
    }
    builder
}

fn open(records: &[(&str, u16, &[u8])]) -> Zone {
    Zone::open(builder(records).finish().unwrap().section).unwrap()
}

fn faults(records: &[(&str, u16, &[u8])]) -> Vec<String> {
    builder(records).finish().unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn flags_and_empty_non_terminals() {
    let zone = open(&[
        ("sub.ex.", rtype::NS, b"\x02ns\x03sub\x02ex\x00"),
        ("ns.sub.ex.", rtype::A, &[192, 0, 2, 1]),
        ("*.w.ex.", rtype::A, &[192, 0, 2, 2]),
        ("a.b.c.ex.", rtype::A, &[192, 0, 2, 3]),
        ("d.ex.", rtype::DNAME, b"\x03net\x00"),
        ("x.d.ex.", rtype::A, &[192, 0, 2, 4]),
    ]);
    let flags = |text: &str| zone.find(name(text).as_wire()).map(|node| node.flags());
    assert_eq!(flags("sub.ex."), Some(node::CUT));
    assert_eq!(flags("ns.sub.ex."), Some(node::OCCLUDED));
    assert_eq!(flags("w.ex."), Some(node::WILD));
    assert_eq!(flags("b.c.ex."), Some(0));
    assert_eq!(flags("d.ex."), Some(node::DNAME));
    assert_eq!(flags("x.d.ex."), Some(node::OCCLUDED));
    assert_eq!(flags("z.ex."), None);
    assert_eq!(zone.max_labels(), 3);
    assert_eq!(zone.serial(), 7);
    let block = zone.block(zone.negative());
    assert_eq!(block.records(b"\x02ex\x00"), [(60, SOA.to_vec())]);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    assert!(
        faults(&[("a.ex.", rtype::CNAME, b"\x00"), ("a.ex.", rtype::A, &[1, 2, 3, 4])])[0]
            .starts_with("ex.zone:3: a CNAME must")
    );
    assert!(faults(&[("a.net.", rtype::A, &[1, 2, 3, 4])])[0].contains("outside the zone ex."));
    assert!(faults(&[("ex.", rtype::SOA, &[SOA, b"x"].concat())])[0].contains("more than one SOA"));
    let empty = ZoneBuilder::new(name("ex.")).finish().unwrap_err().to_string();
    assert!(empty.contains("no SOA") && empty.contains("no NS"), "{empty}");
}

#[test]
fn below_a_dname_stands_nothing_that_is_given_out() {
    let built = builder(&[
        ("d.ex.", rtype::DNAME, b"\x03net\x00"),
        ("x.d.ex.", rtype::A, &[192, 0, 2, 1]),
        ("c.ex.", rtype::NS, b"\x02ns\x01d\x01c\x02ex\x00"),
        ("d.c.ex.", rtype::DNAME, b"\x03net\x00"),
        ("ns.d.c.ex.", rtype::A, &[192, 0, 2, 2]),
        ("m.ex.", rtype::MX, b"\0\x01\x01x\x01d\x02ex\x00"),
    ])
    .finish()
    .unwrap();
    let said: Vec<String> = built.warnings.iter().map(ToString::to_string).collect();
    let never = "lies below a delegation or a DNAME: its";
    let expected = [
        format!("ex.zone:6: d.c.ex. {never} DNAME record is never answered"),
        format!("ex.zone:4: x.d.ex. {never} A record is never answered"),
    ];
    assert_eq!(said, expected);
    let zone = Zone::open(built.section).unwrap();
    let additional = |owner: &str, rtype: u16| {
        let Some(Set::Block(block)) = zone.find(name(owner).as_wire()).unwrap().set(rtype) else { panic!("no block") };
        zone.block(block).additional.len()
    };
    assert_eq!(additional("m.ex.", rtype::MX), 0);
    assert_eq!(additional("c.ex.", rtype::NS), 1, "glue, whatever else stands below the delegation");
}

#[test]
fn what_is_said_twice_in_another_case_is_one_record() {
    let records: [(&str, u16, &[u8]); 4] = [
        ("k.ex.", rtype::NS, b"\x02ns\x01o\x00"),
        ("K.ex.", rtype::NS, b"\x02NS\x01O\x00"),
        ("t.ex.", rtype::TXT, b"\x01a"),
        ("t.ex.", rtype::TXT, b"\x01A"),
    ];
    let built = builder(&records).finish().unwrap();
    assert_eq!(
        built.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["ex.zone:4: this record stands here a second time"]
    );
    let zone = Zone::open(built.section).unwrap();
    let count = |owner: &str, rtype: u16| {
        let Some(Set::Block(block)) = zone.find(name(owner).as_wire()).unwrap().set(rtype) else { panic!("no block") };
        zone.block(block).count
    };
    assert_eq!((count("k.ex.", rtype::NS), count("t.ex.", rtype::TXT)), (1, 2));
}

#[test]
fn a_hundred_thousand_records_at_one_name_are_refused_without_ado() {
    let strings: Vec<[u8; 4]> = (0..100_000u32).map(|n| [3, (n >> 16) as u8, (n >> 8) as u8, n as u8]).collect();
    let texts: Vec<(&str, u16, &[u8])> = strings.iter().map(|text| ("t.ex.", rtype::TXT, &text[..])).collect();
    assert_eq!(faults(&texts), ["ex.zone:3: the TXT records of this name do not fit one DNS message"]);
}

#[test]
fn routed_sets_keep_their_candidates() {
    let mut builder = builder(&[("a.ex.", rtype::A, &[192, 0, 2, 1])]);
    for (owner, rtype) in [("r.ex.", rtype::AAAA), ("r.ex.", rtype::A), ("a.ex.", rtype::MX)] {
        let candidates = vec![vec![(5, vec![1, 2, 3, 4])], vec![]];
        builder.add_routed(RoutedSet { owner: name(owner), rtype, place: owner.into(), doc: owner.into(), candidates });
    }
    let zone = Zone::open(builder.finish().unwrap().section).unwrap();
    for (owner, rtype) in [("r.ex.", rtype::AAAA), ("r.ex.", rtype::A), ("a.ex.", rtype::MX)] {
        let node = zone.find(name(owner).as_wire()).unwrap();
        let Some(Set::Routed(number)) = node.set(rtype) else { panic!("{owner} is not routed") };
        let routed = &zone.routed()[number as usize];
        assert_eq!((routed.node, routed.rtype, zone.doc(routed)), (node.offset(), rtype, owner.as_bytes()));
        assert_eq!(zone.block(routed.blocks[0]).records(b""), [(5, vec![1, 2, 3, 4])]);
        assert_eq!(routed.blocks[1], 0);
    }
}

#[test]
fn candidates_that_share_a_record_set_are_refused() {
    let mut builder = builder(&[]);
    builder.add_routed(RoutedSet {
        owner: name("w.ex."),
        rtype: rtype::A,
        place: "w".into(),
        doc: Vec::new(),
        candidates: vec![vec![(60, vec![192, 0, 2, 1])], vec![(60, vec![192, 0, 2, 2])]],
    });
    let mut section = builder.finish().unwrap().section;
    let list = super::section::u32_at(&section, super::section::header::ROUTED) as usize + 16;
    assert!(Zone::open(section.clone()).is_ok());
    section.copy_within(list + 4..list + 8, list);
    let faults = Zone::open(section).err().unwrap();
    assert!(faults.to_string().contains("out of order"), "{faults}");
}

#[test]
fn names_chosen_to_stand_at_one_place_are_found_under_a_seed() {
    let slots = 512 * 4 / 3 + 1;
    let at_start = |label: &String| {
        let hash = section::hash(&[&[label.len() as u8], label.as_bytes()].concat());
        section::first_slot(hash, slots) == 0
    };
    let labels: Vec<String> = (0..).map(|n: u32| format!("{n:06}")).filter(at_start).take(511).collect();
    let names: Vec<String> = labels.iter().map(|label| format!("{label}.ex.")).collect();
    let records: Vec<(&str, u16, &[u8])> =
        names.iter().map(|name| (name.as_str(), rtype::A, &[1, 2, 3, 4][..])).collect();
    let mut section = builder(&records).finish().unwrap().section;
    assert_eq!(section[..8], section::MAGIC_SEEDED, "a release that knows of no seed refuses it");
    let zone = Zone::open(section.clone()).unwrap();
    assert!(names.iter().all(|text| zone.find(name(text).as_wire()).is_some()));
    assert!(zone.find(name("x.ex.").as_wire()).is_none());
    section[7] = 1;
    assert!(Zone::open(section).err().unwrap().to_string().contains("seed"));
    assert_eq!(builder(&[]).finish().unwrap().section[..8], section::MAGIC);
}

fn owners() -> impl Strategy<Value = Vec<(Vec<String>, u16, u8)>> {
    let label = prop_oneof![Just("a"), Just("b"), Just("*"), Just("\\000"), Just("\\255\\254"), Just("Long-label")]
        .prop_map(str::to_owned);
    let rtype = prop_oneof![Just(rtype::A), Just(rtype::TXT), Just(rtype::MX)];
    prop::collection::vec((prop::collection::vec(label, 1..5), rtype, 0u8..4), 0..40)
}

proptest! {
    #[test]
    fn every_name_is_found_and_no_other(owners in owners()) {
        let mut model: BTreeMap<Vec<u8>, BTreeMap<u16, BTreeSet<Vec<u8>>>> = BTreeMap::new();
        let mut builder = builder(&[]);
        for (labels, rtype, octet) in &owners {
            let owner = name(&format!("{}.ex.", labels.join(".")));
            let rdata = match *rtype {
                rtype::MX => [&[0, *octet][..], b"\x04mail", owner.as_wire()].concat(),
                rtype::TXT => vec![1, *octet],
                _ => vec![192, 0, 2, *octet],
            };
            builder.add(Record { owner: owner.as_wire(), rtype: *rtype, ttl: 300, rdata: &rdata }, Place { file: 0, line: 0 });
            model.entry(owner.to_lower().as_wire().to_vec()).or_default().entry(*rtype).or_default().insert(rdata);
        }
        let zone = Zone::open(builder.finish().unwrap().section).unwrap();
        for (owner, sets) in &model {
            let node = zone.find(owner).unwrap();
            prop_assert_eq!(&node.name(), owner);
            for (rtype, rdata) in sets {
                let Some(Set::Block(block)) = node.set(*rtype) else { panic!("no block") };
                let records: BTreeSet<_> = zone.block_records(block, owner).into_iter().map(|(_, rdata)| rdata.to_ascii_lowercase()).collect();
                let expected: BTreeSet<_> = rdata.iter().map(|rdata| rdata.to_ascii_lowercase()).collect();
                prop_assert_eq!(records, expected);
            }
        }
        let mut all: BTreeSet<Vec<u8>> = BTreeSet::from([b"\x02ex\x00".to_vec()]);
        for owner in model.keys() {
            let mut above = Name::from_wire(owner).unwrap();
            while above.as_wire().len() > 4 {
                all.insert(above.as_wire().to_vec());
                above = above.parent().unwrap();
            }
        }
        let nodes: Vec<_> = zone.nodes().map(|node| node.name()).collect();
        let order: Vec<Vec<Vec<u8>>> = nodes.iter().map(|n| labels(n).map(<[u8]>::to_vec).rev_collect()).collect();
        prop_assert!(order.is_sorted());
        prop_assert_eq!(nodes.into_iter().collect::<BTreeSet<_>>(), all);
        prop_assert!(zone.find(b"\x07missing\x02ex\x00").is_none());
    }

    #[test]
    fn a_damaged_section_is_refused_or_read_without_panic(at in 0usize..600, bit in 0u8..8, cut in 0usize..600) {
        let good = builder(&[("sub.ex.", rtype::NS, b"\x02ns\x03sub\x02ex\x00"), ("ns.sub.ex.", rtype::A, &[192, 0, 2, 1]), ("m.ex.", rtype::MX, b"\0\x01\x02ns\x03sub\x02ex\x00")]).finish().unwrap().section;
        let mut bad = good.clone();
        if let Some(octet) = bad.get_mut(at) { *octet ^= 1 << bit; }
        bad.truncate(good.len().saturating_sub(cut / 300 * cut));
        if let Ok(zone) = Zone::open(bad) {
            for node in zone.nodes() {
                for (_, set) in node.sets() {
                    if let Set::Block(block) = set { zone.block_records(block, &node.name()); }
                }
                zone.find(&node.name());
            }
        }
    }
}

trait RevCollect {
    fn rev_collect(self) -> Vec<Vec<u8>>;
}

impl<I: Iterator<Item = Vec<u8>>> RevCollect for I {
    fn rev_collect(self) -> Vec<Vec<u8>> {
        let mut all: Vec<_> = self.collect();
        all.reverse();
        all
    }
}
