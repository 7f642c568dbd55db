//! Zone file → records → section → answers and text again.
#![no_main]

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use edgeplane_dns::answer::Transport;
use edgeplane_dns::message::Message;
use edgeplane_dns::plan::export::text_of;
use edgeplane_dns::plan::{Serving, Snapshot};
use edgeplane_dns::routing::Routing;
use edgeplane_dns::zone::section::node::{CUT, OCCLUDED};
use edgeplane_dns::zone::{Node, Set, Zone, Zones};
use edgeplane_fuzz::{ask, seeds};
use libfuzzer_sys::{Corpus, fuzz_target};

/// Names of a zone that are asked for.
const ASKED: usize = 20;

fuzz_target!(|text: &[u8]| -> Corpus {
    // A range of millions is legal, and takes its time.
    if text.windows(9).any(|word| word.eq_ignore_ascii_case(b"$GENERATE"))
        && text.windows(4).any(|digits| digits.iter().all(u8::is_ascii_digit))
    {
        return Corpus::Reject;
    }
    let Some(section) = seeds::section(text) else { return Corpus::Keep };
    let zone = Arc::new(Zone::open(section).expect("what was built can be opened"));
    let shown = text_of(&zone);
    let again = seeds::section(shown.as_bytes()).unwrap_or_else(|| panic!("what is shown can be read: {shown}"));
    assert_eq!(text_of(&Zone::open(again).unwrap()), shown, "it means the same");
    let zones = vec![zone.clone()];
    let routing = Routing::build(&zones, &HashMap::new(), &HashMap::new()).unwrap();
    let snapshot = Snapshot { zones: Zones::new(zones).unwrap(), routing, ..Snapshot::default() };
    let serving = Serving::derive(Arc::new(snapshot), &|_| None);
    zone.nodes().take(ASKED).for_each(|node| answers_are_the_records(&serving, &zone, node));
    Corpus::Keep
});

fn answers_are_the_records(serving: &Serving, zone: &Zone, node: Node<'_>) {
    let mut worker = ask::worker();
    for (rtype, set) in node.sets() {
        let Set::Block(offset) = set else { panic!("a zone file routes nothing") };
        let packet = ask::query(&node.name(), rtype);
        let answer = ask::ask(&mut worker, serving, &packet, IpAddr::from([192, 0, 2, 1]), Transport::Tcp);
        ask::check(&packet, &answer, Transport::Tcp, 1232);
        let message = Message::decode(&answer).unwrap();
        if node.flags() & (OCCLUDED | CUT) != 0 || message.header.truncated {
            continue;
        }
        let own =
            |record: &&edgeplane_dns::message::Record| record.rtype == rtype && record.name.as_wire() == node.name();
        let mut given: Vec<_> =
            message.answer.iter().filter(own).map(|record| (record.ttl, record.rdata.clone())).collect();
        let mut records = zone.block(offset).records(&node.name());
        given.sort();
        records.sort();
        assert_eq!(given, records, "{rtype}");
    }
}
