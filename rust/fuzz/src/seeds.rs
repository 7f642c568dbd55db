//! Where each target starts from.

use std::net::IpAddr;

use edgeplane_dns::answer::Transport;
use edgeplane_dns::plan::{PlanFile, Settings};
use edgeplane_dns::text::zonefile::read_text;
use edgeplane_dns::wire::Name;
use edgeplane_dns::zone::{Place, Record, Zone, ZoneBuilder};

use crate::{ask, site};

const NAMES: [&str; 28] = [
    "ex.",
    "www.ex.",
    "alias.ex.",
    "far.ex.",
    "dangling.ex.",
    "ring.ex.",
    "q.wild.ex.",
    "x.here.wild.ex.",
    "b.empty.ex.",
    "x.sub.ex.",
    "x.old.ex.",
    "x.short.ex.",
    "many.ex.",
    "big.ex.",
    "_sip._tcp.ex.",
    "odd.ex.",
    "id.server.",
    "other.",
    "weighted.routed.",
    "multi.routed.",
    "latency.routed.",
    "failover.routed.",
    "geo.routed.",
    "near.routed.",
    "net.routed.",
    "to-zone.routed.",
    "to-mx.routed.",
    "tree.routed.",
];
const TYPES: [u16; 8] = [1, 15, 16, 43, 5, 255, 252, 65535];
const OPTIONS: [&[u8]; 6] = [
    &[],
    &[0, 3, 0, 0],
    &[0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2],
    &[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8],
    &[0, 11, 0, 0],
    &[0, 12, 0, 4, 0, 0, 0, 0, 0xff, 0xfe, 0, 1, 9],
];

/// Queries of every kind, without and with EDNS options.
pub fn queries() -> Vec<Vec<u8>> {
    let mut queries = Vec::new();
    for (n, name) in NAMES.iter().enumerate() {
        let plain = ask::query(Name::from_text(name).unwrap().as_wire(), TYPES[n % TYPES.len()]);
        let mut extended = plain.clone();
        extended[11] = 1;
        let options = OPTIONS[n % OPTIONS.len()];
        extended.extend([0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, options.len() as u8]);
        extended.extend(options);
        queries.extend([plain, extended]);
    }
    queries
}

/// Queries and the answers to them.
pub fn messages() -> Vec<Vec<u8>> {
    let serving = site::serving(Settings::default());
    let mut worker = ask::worker();
    let address = IpAddr::from([192, 0, 2, 1]);
    let answers: Vec<_> =
        queries().iter().map(|query| ask::ask(&mut worker, &serving, query, address, Transport::Udp)).collect();
    [queries(), answers].concat()
}

/// A zone's section from the text of a zone file; `None` where that has faults.
pub fn section(text: &[u8]) -> Option<Vec<u8>> {
    let origin = Name::from_text("ex.").ok()?;
    let mut builder = ZoneBuilder::new(origin.clone());
    let file = builder.file("ex.zone");
    let mut sink = |record: &Record<'_>, line: u32| builder.add(*record, Place { file, line });
    read_text("ex.zone", text, &origin, &mut sink).ok()?;
    Some(builder.finish().ok()?.section)
}

/// Sections of zones with and without policies.
pub fn sections() -> Vec<Vec<u8>> {
    let plan = PlanFile::open(&site::plan("seed.plan", Settings::default())).unwrap();
    let zones = &plan.envelope.dns.zones;
    let small = section(b"@ 1 SOA a b 1 1 1 1 1\n@ 1 NS a\na 1 A 192.0.2.1\n*.w 1 CNAME a\n").unwrap();
    assert!(Zone::open(small.clone()).is_ok());
    zones.iter().map(|zone| plan.section(zone.section).unwrap()).chain([small]).collect()
}

/// Zone files: one with everything, and each of its lines after the ones that every zone has.
pub fn zone_files() -> Vec<Vec<u8>> {
    let head = "$TTL 300\n@ SOA ns1 admin 7 7200 900 1209600 60\n@ NS ns1\n";
    let lines = site::ZONE.lines().filter(|line| line.starts_with(|first: char| first != ' ' && first != ';'));
    let each = lines.map(|line| format!("{head}{line}\n").into_bytes());
    let odd = "a (1h30m IN ; x\n A\n192.0.2.1 )\n\\065\\.b TXT a\"b c\" \"\\\"\" \nt TYPE1 \\# 4 c0000201\n$ORIGIN x\n@ A 1.2.3.4\n";
    each.chain([site::ZONE.as_bytes().to_vec(), [head, odd].concat().into_bytes()]).collect()
}

/// Steering tables of the site.
pub fn steering() -> Vec<Vec<u8>> {
    let plan = PlanFile::open(&site::plan("seed.plan", Settings::default())).unwrap();
    plan.envelope.dns.tables.iter().map(|table| plan.section(table.section).unwrap()).collect()
}

/// The site's plan files.
pub fn plan_files() -> Vec<Vec<u8>> {
    [Settings::default(), site::talkative()]
        .map(|settings| std::fs::read(site::plan("seed.plan", settings)).unwrap())
        .into()
}

/// The site's plan source. Its paths lead to files that are gone, which the target puts right.
pub fn plan_sources() -> Vec<Vec<u8>> {
    let source = crate::site::source(Settings::default());
    vec![rmp_serde::to_vec_named(&source).unwrap()]
}
