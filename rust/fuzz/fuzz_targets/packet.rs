//! A packet → an answer, over both transports, for clients of both families, by a server that says little and one that
//! says much. The first octet chooses among these; the rest is the packet.
#![no_main]

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::LazyLock;

use edgeplane_dns::answer::{Transport, Worker};
use edgeplane_dns::plan::{Serving, Settings};
use edgeplane_fuzz::{ask, site};
use libfuzzer_sys::fuzz_target;

const CLIENTS: [&str; 4] = ["192.0.2.1", "198.51.100.7", "2001:db8::1", "203.0.113.1"];

static PLAIN: LazyLock<Serving> = LazyLock::new(|| site::serving(Settings::default()));
static TALKATIVE: LazyLock<Serving> = LazyLock::new(|| site::serving(site::talkative()));

thread_local! {
    static WORKER: RefCell<Worker> = RefCell::new(ask::worker());
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, packet)) = data.split_first() else { return };
    if packet.len() > 4096 {
        return;
    }
    let serving = if choice & 1 == 0 { &*PLAIN } else { &*TALKATIVE };
    let transport = if choice & 2 == 0 { Transport::Udp } else { Transport::Tcp };
    let client: IpAddr = CLIENTS[usize::from(choice >> 2 & 3)].parse().unwrap();
    let answer = WORKER.with_borrow_mut(|worker| ask::ask(worker, serving, packet, client, transport));
    ask::check(packet, &answer, transport, serving.snapshot.settings.udp_payload_size);
});
