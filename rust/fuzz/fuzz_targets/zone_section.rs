//! Octets as a zone section, walked and answered from where they are taken. The length is put right first.
#![no_main]

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use edgeplane_dns::answer::Transport;
use edgeplane_dns::plan::export::text_of;
use edgeplane_dns::plan::{Serving, Snapshot};
use edgeplane_dns::routing::Routing;
use edgeplane_dns::zone::section::header;
use edgeplane_dns::zone::{Zone, Zones};
use edgeplane_fuzz::{ask, seeds, site};
use edgeplane_policy::Steering;
use libfuzzer_sys::fuzz_target;

/// Names of a section that are asked for.
const ASKED: usize = 20;

static TABLES: LazyLock<HashMap<String, Arc<Steering>>> = LazyLock::new(site::tables);
/// The zone that aliases lead to.
static TARGET: LazyLock<Arc<Zone>> =
    LazyLock::new(|| Arc::new(Zone::open(seeds::section(site::ZONE.as_bytes()).unwrap()).unwrap()));

fuzz_target!(|data: &[u8]| {
    let mut section = data.to_vec();
    let length = (section.len() as u32).to_le_bytes();
    if let Some(stated) = section.get_mut(header::LENGTH..header::LENGTH + 4) {
        stated.copy_from_slice(&length);
    }
    let Ok(zone) = Zone::open(section) else { return };
    text_of(&zone);
    let zone = Arc::new(zone);
    let other = (zone.apex() != TARGET.apex()).then(|| TARGET.clone());
    let zones: Vec<Arc<Zone>> = std::iter::once(zone.clone()).chain(other).collect();
    let checks = HashMap::from([("check-0".into(), 0)]);
    let Ok(routing) = Routing::build(&zones, &TABLES, &checks) else { return };
    let zones = Zones::new(zones).unwrap();
    let snapshot = Snapshot { zones, routing, ..Snapshot::default() };
    let serving = Serving::derive(Arc::new(snapshot), &|_| None);
    let mut worker = ask::worker();
    for node in zone.nodes().take(ASKED) {
        let below = [b"\x01x".as_slice(), &node.name()].concat();
        for (name, rtype) in node.sets().map(|(rtype, _)| (node.name(), rtype)).chain([(below, 1), (node.name(), 255)])
        {
            for transport in [Transport::Udp, Transport::Tcp] {
                ask::ask(&mut worker, &serving, &ask::query(&name, rtype), IpAddr::from([192, 0, 2, 1]), transport);
            }
        }
    }
});
