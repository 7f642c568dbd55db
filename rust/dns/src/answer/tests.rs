//! Whole answers to whole packets, read back by a small reader of their own.

use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use edgeplane_base::clock::Clock;
use edgeplane_base::random::Random;
use edgeplane_base::{Reader, SnapshotCell};
use edgeplane_geo::PrefixTable;
use edgeplane_policy::Steering;
use edgeplane_policy::steering::RankingsBuilder;
use proptest::prelude::*;

use super::*;
use crate::metrics::Counters;
use crate::plan::{Settings, Snapshot};
use crate::routing::Routing;
use crate::routing::doc::{CandidateDoc, GroupDoc, PolicyDoc, RankedBy};
use crate::text::rdata::rdata_to_text;
use crate::text::zonefile::read_text;
use crate::udp;
use crate::wire::Name;
use crate::zone::{Place, RoutedSet, Zone, ZoneBuilder, Zones};

const ZONE: &str = r"
$TTL 300
@           SOA  ns1 admin 7 7200 900 1209600 60
            NS   ns1
            NS   ns2.other.
            MX   10 mail
ns1         A    192.0.2.1
            AAAA 2001:db8::1
mail        A    192.0.2.2
www         A    192.0.2.10
            A    192.0.2.11
            A    192.0.2.12
alias       CNAME www
far         CNAME www.elsewhere.
dangling    CNAME nothing
loop        CNAME pool
pool        CNAME loop
to-loop     CNAME loop
old-mail    MB mail
grow        DNAME up.grow
twice       DNAME there
a.there     CNAME b.twice
b.there     A    192.0.2.60
*.wild      TXT  hello
*.wild      MX   5 mail
here.wild   A    192.0.2.20
a.b.empty   A    192.0.2.30
sub         NS   ns.sub
            NS   ns1
            DS   1 8 2 00
ns.sub      A    192.0.2.40
old         DNAME new
x.new       A    192.0.2.50
short       DNAME very-much-longer
big         TXT  0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big         TXT  1123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big         TXT  2123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big         TXT  3123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big         TXT  4123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
big         TXT  5123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
";

struct Stopped;

impl Clock for Stopped {
    fn monotonic_ms(&self) -> u64 {
        1_000
    }

    fn wall_ms(&self) -> u64 {
        1_700_000_000_000
    }
}

fn zone(origin: &str, text: &str) -> Arc<Zone> {
    let origin = Name::from_text(origin).unwrap();
    let mut builder = ZoneBuilder::new(origin.clone());
    let file = builder.file("test.zone");
    let mut sink = |record: &crate::zone::Record<'_>, line: u32| builder.add(*record, Place { file, line });
    read_text("test.zone", text.as_bytes(), &origin, &mut sink).unwrap();
    Arc::new(Zone::open(builder.finish().unwrap().section).unwrap())
}

fn serving(settings: Settings) -> Serving {
    let zones = vec![
        zone("ex.", ZONE),
        zone("elsewhere.", "@ SOA ns admin 1 1 1 1 30\n@ NS ns\nwww 60 A 198.51.100.1\nns 60 A 198.51.100.2\n"),
    ];
    let routing = Routing::build(&zones, &Default::default(), &Default::default()).unwrap();
    let guard = Arc::new(Guard::new(&settings, None).unwrap());
    let snapshot = Snapshot {
        generation: 1,
        zones: Zones::new(zones).unwrap(),
        zone_ids: Vec::new(),
        routing,
        guard,
        settings: Arc::new(settings),
    };
    Serving::derive(Arc::new(snapshot), &|_| None)
}

fn query(name: &str, rtype: u16, opt: Option<&[u8]>) -> Vec<u8> {
    let mut packet = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(opt.is_some())];
    packet.extend_from_slice(Name::from_text(name).unwrap().as_wire());
    packet.extend(rtype.to_be_bytes());
    packet.extend([0, 1]);
    if let Some(options) = opt {
        packet.extend([0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, options.len() as u8]);
        packet.extend(options);
    }
    packet
}

fn ask(serving: &Serving, packet: &[u8], transport: Transport) -> Vec<u8> {
    let mut worker = Worker::new(Arc::new(Counters::default()), Arc::new(Stopped), Random::seeded(1));
    let mut buffer = vec![0; if transport == Transport::Tcp { 65_535 } else { 4_096 }];
    buffer[..packet.len()].copy_from_slice(packet);
    let peer = Peer { address: IpAddr::from([127, 0, 0, 1]), transport };
    let len = respond(&mut worker, serving, &mut buffer, packet.len(), &peer);
    buffer.truncate(len);
    buffer
}

fn name_at(message: &[u8], at: &mut usize) -> String {
    let (mut wire, mut here, mut jumped) = (Vec::new(), *at, false);
    for _ in 0..300 {
        let len = message[here];
        match len {
            0 => break,
            0xc0.. => {
                let to = usize::from(len & 0x3f) << 8 | usize::from(message[here + 1]);
                assert!(to < here, "a pointer must lead back");
                if !jumped {
                    *at = here + 2;
                }
                (here, jumped) = (to, true);
            }
            _ => {
                wire.extend(&message[here..=here + usize::from(len)]);
                here += usize::from(len) + 1;
            }
        }
    }
    if !jumped {
        *at = here + 1;
    }
    wire.push(0);
    Name::from_wire(&wire).unwrap().to_string()
}

/// An answer as text: flags and code, then a line for each record as `section owner ttl type rdata`, sorted.
fn shown(message: &[u8]) -> String {
    let word = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
    let flags = word(2);
    let mut head = rcode::to_text(flags & 0xf).to_owned();
    for (bit, text) in [(0x400, " aa"), (0x200, " tc")] {
        if flags & bit != 0 {
            head.push_str(text);
        }
    }
    let mut at = 12;
    if word(4) == 1 {
        name_at(message, &mut at);
        at += 4;
    }
    let mut lines = Vec::new();
    for (section, count) in [("an", word(6)), ("au", word(8)), ("ad", word(10))] {
        for _ in 0..count {
            let owner = name_at(message, &mut at);
            let (rtype, ttl) = (word(at), u32::from_be_bytes(message[at + 4..at + 8].try_into().unwrap()));
            let len = usize::from(word(at + 8));
            let rdata = at + 10..at + 10 + len;
            at = rdata.end;
            let text = if crate::wire::rdata::is_compressible(rtype) && rtype != rtype::SOA {
                let prefix = usize::from(rtype == rtype::MX) * 2;
                let mut start = rdata.start + prefix;
                let name = name_at(message, &mut start);
                assert_eq!(start, rdata.end);
                if prefix > 0 { format!("{} {name}", word(rdata.start)) } else { name }
            } else if rtype == rtype::SOA {
                let mut start = rdata.start;
                let names = (name_at(message, &mut start), name_at(message, &mut start));
                assert_eq!(start + 20, rdata.end);
                format!("{} {}", names.0, names.1)
            } else if rtype == rtype::OPT {
                lines.push(format!("ad opt {}", hex(&message[rdata])));
                continue;
            } else {
                rdata_to_text(rtype, &message[rdata])
            };
            lines.push(format!("{section} {owner} {ttl} {} {text}", rtype::to_text(rtype)));
        }
    }
    assert_eq!(at, message.len(), "nothing stands behind the records");
    lines.sort();
    lines.insert(0, head);
    lines.join("\n")
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn answers(name: &str, rtype: u16) -> String {
    shown(&ask(&serving(Settings::default()), &query(name, rtype, None), Transport::Udp))
}

const SOA: &str = "au ex. 60 SOA ns1.ex. admin.ex.";

#[test]
fn exact_in_any_order() {
    assert_eq!(
        answers("wWw.Ex.", rtype::A),
        "NOERROR aa\nan wWw.Ex. 300 A 192.0.2.10\nan wWw.Ex. 300 A 192.0.2.11\nan wWw.Ex. 300 A 192.0.2.12"
    );
    let serving = serving(Settings::default());
    let mut worker = Worker::new(Arc::new(Counters::default()), Arc::new(Stopped), Random::seeded(3));
    let mut firsts = std::collections::BTreeMap::new();
    for _ in 0..600 {
        let mut buffer = query("www.ex.", rtype::A, None);
        let len = buffer.len();
        buffer.resize(512, 0);
        let peer = Peer { address: IpAddr::from([127, 0, 0, 1]), transport: Transport::Udp };
        respond(&mut worker, &serving, &mut buffer, len, &peer);
        *firsts.entry([buffer[len + 15], buffer[len + 31]]).or_insert(0) += 1;
    }
    assert_eq!(firsts.len(), 6, "all orders of three come up");
    assert!(firsts.values().all(|&n| n > 60), "{firsts:?}");
}

#[test]
fn additional_addresses() {
    assert_eq!(answers("ex.", rtype::MX), "NOERROR aa\nad mail.ex. 300 A 192.0.2.2\nan ex. 300 MX 10 mail.ex.");
    assert!(answers("old-mail.ex.", rtype::MB).starts_with("NOERROR aa\nad mail.ex. 300 A 192.0.2.2\nan old-mail.ex."));
    assert_eq!(
        answers("ex.", rtype::NS),
        "NOERROR aa\nad ns1.ex. 300 A 192.0.2.1\nad ns1.ex. 300 AAAA 2001:db8::1\nan ex. 300 NS ns1.ex.\nan ex. 300 NS ns2.other."
    );
}

#[test]
fn chains_within_what_is_served() {
    let www = "an www.ex. 300 A 192.0.2.10\nan www.ex. 300 A 192.0.2.11\nan www.ex. 300 A 192.0.2.12";
    assert_eq!(answers("alias.ex.", rtype::A), format!("NOERROR aa\nan alias.ex. 300 CNAME www.ex.\n{www}"));
    assert_eq!(answers("alias.ex.", rtype::CNAME), "NOERROR aa\nan alias.ex. 300 CNAME www.ex.");
    assert_eq!(
        answers("far.ex.", rtype::A),
        "NOERROR aa\nan far.ex. 300 CNAME www.elsewhere.\nan www.elsewhere. 60 A 198.51.100.1"
    );
    assert_eq!(answers("dangling.ex.", rtype::A), format!("NXDOMAIN aa\nan dangling.ex. 300 CNAME nothing.ex.\n{SOA}"));
    assert_eq!(answers("alias.ex.", rtype::MX), format!("NOERROR aa\nan alias.ex. 300 CNAME www.ex.\n{SOA}"));
    let ring = "an loop.ex. 300 CNAME pool.ex.\nan pool.ex. 300 CNAME loop.ex.";
    assert_eq!(answers("loop.ex.", rtype::A), format!("NOERROR aa\n{ring}"), "once around");
    assert_eq!(answers("to-loop.ex.", rtype::A), format!("NOERROR aa\n{ring}\nan to-loop.ex. 300 CNAME loop.ex."));
}

#[test]
fn wildcards_and_nothing() {
    assert_eq!(answers("a.b.wild.ex.", rtype::TXT), "NOERROR aa\nan a.b.wild.ex. 300 TXT \"hello\"");
    assert_eq!(
        answers("q.wild.ex.", rtype::MX),
        "NOERROR aa\nad mail.ex. 300 A 192.0.2.2\nan q.wild.ex. 300 MX 5 mail.ex."
    );
    assert_eq!(answers("q.wild.ex.", rtype::A), format!("NOERROR aa\n{SOA}"));
    assert_eq!(answers("x.here.wild.ex.", rtype::TXT), format!("NXDOMAIN aa\n{SOA}"));
    assert_eq!(answers("empty.ex.", rtype::A), format!("NOERROR aa\n{SOA}"));
    assert_eq!(answers("nothing.ex.", rtype::A), format!("NXDOMAIN aa\n{SOA}"));
    assert_eq!(answers("a.a.a.a.a.a.a.a.ex.", rtype::A), format!("NXDOMAIN aa\n{SOA}"));
    assert_eq!(answers("example.", rtype::A), "REFUSED");
}

#[test]
fn delegations() {
    let referral = "NOERROR\nad ns.sub.ex. 300 A 192.0.2.40\nad ns1.ex. 300 A 192.0.2.1\nad ns1.ex. 300 AAAA 2001:db8::1\nau sub.ex. 300 NS ns.sub.ex.\nau sub.ex. 300 NS ns1.ex.";
    for name in ["sub.ex.", "x.y.sub.ex.", "ns.sub.ex."] {
        assert_eq!(answers(name, rtype::A), referral, "{name}");
    }
    assert!(answers("sub.ex.", rtype::DS).starts_with("NOERROR aa\nan sub.ex. 300 DS"));
}

#[test]
fn dname() {
    assert_eq!(
        answers("x.old.ex.", rtype::A),
        "NOERROR aa\nan old.ex. 300 DNAME new.ex.\nan x.new.ex. 300 A 192.0.2.50\nan x.old.ex. 300 CNAME x.new.ex."
    );
    let long = format!("{}.{}.{}.{}.old.ex.", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(50));
    let over_tcp =
        |name: &str| shown(&ask(&serving(Settings::default()), &query(name, rtype::A, None), Transport::Tcp));
    assert!(over_tcp(&long).starts_with("NXDOMAIN aa\nan "), "the target is as long as the name");
    assert_eq!(over_tcp(&long.replace(".old.", ".short.")), "YXDOMAIN aa\nan short.ex. 300 DNAME very-much-longer.ex.");
}

#[test]
fn a_dname_is_said_once() {
    assert_eq!(
        answers("a.twice.ex.", rtype::A),
        "NOERROR aa\nan a.there.ex. 300 CNAME b.twice.ex.\nan a.twice.ex. 300 CNAME a.there.ex.\n\
         an b.there.ex. 300 A 192.0.2.60\nan b.twice.ex. 300 CNAME b.there.ex.\nan twice.ex. 300 DNAME there.ex."
    );
    assert_eq!(
        answers("a.grow.ex.", rtype::A),
        "NOERROR aa\nan a.grow.ex. 300 CNAME a.up.grow.ex.\nan grow.ex. 300 DNAME up.grow.ex."
    );
}

#[test]
fn what_does_not_fit_is_truncated_and_goes_over_tcp() {
    assert_eq!(answers("big.ex.", rtype::TXT), "NOERROR aa tc");
    let serving = serving(Settings::default());
    assert_eq!(shown(&ask(&serving, &query("big.ex.", rtype::TXT, None), Transport::Tcp)).lines().count(), 7);
    assert_eq!(shown(&ask(&serving, &query("big.ex.", rtype::TXT, Some(&[])), Transport::Udp)).lines().count(), 8);
}

#[test]
fn options() {
    let serving = serving(Settings { nsid: "n1".into(), ..Settings::default() });
    let shown = |options: &[u8]| shown(&ask(&serving, &query("mail.ex.", rtype::A, Some(options)), Transport::Udp));
    assert!(shown(&[0, 3, 0, 0]).ends_with("ad opt 000300026e31\nan mail.ex. 300 A 192.0.2.2"));
    assert!(shown(&[0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2]).contains("ad opt 0008000700011800c00002"));
    assert!(shown(&[0, 8, 0, 7, 0, 1, 24, 1, 192, 0, 2]).starts_with("FORMERR"));
    let cookie = shown(&[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(cookie.contains("ad opt 000a00180102030405060708010000006553f100"), "{cookie}");
    let mut packet = query("mail.ex.", rtype::A, Some(&[]));
    let version = packet.len() - 5;
    packet[version] = 1;
    let answer = ask(&serving, &packet, Transport::Udp);
    assert_eq!((answer[3] & 0xf, answer[answer.len() - 6]), (0, 1), "BADVERS is 16: 1 in the upper bits");
}

#[test]
fn malformed_options_get_no_options() {
    let serving = serving(Settings { nsid: "a-long-name-of-a-server".into(), ..Settings::default() });
    let packet = query("mail.ex.", rtype::A, Some(&[0, 3, 0, 0, 0, 10, 0, 1, 9]));
    let answer = ask(&serving, &packet, Transport::Udp);
    assert!(shown(&answer).starts_with("FORMERR") && answer.len() <= packet.len() + 11, "{}", shown(&answer));
}

#[test]
fn a_long_set_begins_anywhere_and_is_whole() {
    let text: String = (0..250).map(|n| format!("many MX {n} host{n}\n")).collect();
    let zones = vec![zone("ex.", &format!("@ 1 SOA ns1 a 1 1 1 1 1\n@ 1 NS ns1\n{text}"))];
    let snapshot = Snapshot { zones: Zones::new(zones).unwrap(), ..Snapshot::default() };
    let serving = Serving::derive(Arc::new(snapshot), &|_| None);
    let answer = shown(&ask(&serving, &query("many.ex.", rtype::MX, None), Transport::Tcp));
    let mut expected: Vec<String> = (0..250).map(|n| format!("an many.ex. 1 MX {n} host{n}.ex.")).collect();
    expected.sort();
    assert_eq!(answer, format!("NOERROR aa\n{}", expected.join("\n")));
}

#[test]
fn identity_and_what_is_not_offered() {
    let mut packet = query("id.server.", rtype::TXT, None);
    *packet.last_mut().unwrap() = 3;
    let named = serving(Settings { id_server: "n1".into(), ..Settings::default() });
    assert!(ask(&named, &packet, Transport::Udp).ends_with(b"\x03\x02n1"));
    assert_eq!(shown(&ask(&serving(Settings::default()), &packet, Transport::Udp)), "REFUSED");
    assert_eq!(answers("ex.", rtype::AXFR), "REFUSED");
    assert_eq!(answers("ex.", rtype::ANY).lines().count(), 5, "one set and its additional addresses");
}

/// A zone in which `geo` has one routed address, for the clients to whom the table gives the first location.
fn routed(by: RankedBy, text: &str, steering: Steering) -> Serving {
    let origin = Name::from_text("ex.").unwrap();
    let mut builder = ZoneBuilder::new(origin.clone());
    let mut sink = |record: &crate::zone::Record<'_>, _| builder.add(*record, Place { file: 0, line: 0 });
    let text = format!("@ 1 SOA ns1 a 1 1 1 1 1\n@ 1 NS ns1\n{text}");
    read_text("test.zone", text.as_bytes(), &origin, &mut sink).unwrap();
    let place = "site.yaml: Geo".to_owned();
    let set_identifier = "x".into();
    let candidate =
        CandidateDoc { place: place.clone(), set_identifier, rule: String::new(), check: None, alias: None };
    let policy = PolicyDoc::Ranked { by, table: "table".into() };
    builder.add_routed(RoutedSet {
        owner: Name::from_text("geo.ex.").unwrap(),
        rtype: rtype::A,
        place,
        doc: GroupDoc { policy, candidates: vec![candidate] }.pack(),
        candidates: vec![vec![(1, vec![192, 0, 2, 1])]],
    });
    let zones = vec![Arc::new(Zone::open(builder.finish().unwrap().section).unwrap())];
    let tables = [("table".to_owned(), Arc::new(steering))].into();
    let routing = Routing::build(&zones, &tables, &Default::default()).unwrap();
    let snapshot = Snapshot { zones: Zones::new(zones).unwrap(), routing, ..Snapshot::default() };
    Serving::derive(Arc::new(snapshot), &|_| None)
}

#[test]
fn any_goes_on_to_a_set_that_has_something() {
    let mut rankings = RankingsBuilder::default();
    let nobody = PrefixTable::build([], rankings.number(&[]));
    let steering = Steering::new(nobody, rankings.finish(), 1).unwrap();
    let serving = routed(RankedBy::Geolocation, "geo 1 TXT here\nto 1 DNAME up\nx.y.up 1 TXT deep\n", steering);
    let shown = |name: &str| shown(&ask(&serving, &query(name, rtype::ANY, None), Transport::Udp));
    assert_eq!(shown("geo.ex."), "NOERROR aa\nan geo.ex. 1 TXT \"here\"");
    let chain = "an to.ex. 1 DNAME up.ex.\nan y.to.ex. 1 CNAME y.up.ex.";
    assert_eq!(shown("y.to.ex."), format!("NOERROR aa\n{chain}\nau ex. 1 SOA ns1.ex. a.ex."), "nothing behind a chain");
}

#[test]
fn a_subnet_wider_than_a_prefix_is_not_in_it() {
    let mut rankings = RankingsBuilder::default();
    let all = rankings.number_within(&[], 0, 0);
    let office = rankings.number_within(&[0], 24, all);
    let table = PrefixTable::build([("10.0.0.0/24".parse().unwrap(), office)], all);
    let serving = routed(RankedBy::IpBased, "", Steering::new(table, rankings.finish(), 1).unwrap());
    for (source, octets, answers) in [(32, 4, 1), (24, 3, 1), (16, 2, 0), (8, 1, 0)] {
        let subnet = &[0, 8, 0, 4 + octets, 0, 1, source, 0, 10, 0, 0, 0][..8 + usize::from(octets)];
        let answer = ask(&serving, &query("geo.ex.", rtype::A, Some(subnet)), Transport::Udp);
        assert_eq!(answer[7], answers, "/{source}");
        assert!(shown(&answer).contains(&format!("ad opt 0008000{}0001{source:02x}18", 4 + octets)), "scope 24");
    }
}

static SERVING: std::sync::LazyLock<Serving> = std::sync::LazyLock::new(|| serving(Settings::default()));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn no_packet_gets_a_panic_or_a_malformed_answer(
        mut packet in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..80),
            Just(query("www.ex.", rtype::A, Some(&[0, 8, 0, 7, 0, 1, 24, 0, 192, 0, 2]))),
            Just(query("x.old.ex.", rtype::ANY, Some(&[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]))),
        ],
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        tcp: bool,
    ) {
        for (at, octet) in flips {
            if !packet.is_empty() { let at = at.index(packet.len()); packet[at] = octet; }
        }
        let transport = if tcp { Transport::Tcp } else { Transport::Udp };
        let answer = ask(&SERVING, &packet, transport);
        if !answer.is_empty() {
            prop_assert_eq!(&answer[..2], &packet[..2]);
            prop_assert!(answer[2] & 0x80 != 0);
            // FORMERR adds at most an OPT and the server's half of a cookie.
            if answer[3] & 0xf == 1 { prop_assert!(answer.len() <= packet.len() + 11 + 16); }
            if (packet[2] >> 3) & 0xf == 0 { shown(&answer); }
        }
    }
}

#[test]
fn who_may_not_ask_gets_nothing_in_any_class() {
    let settings = Settings {
        query_acl: vec!["10.0.0.0/8".into()],
        id_server: "n1".into(),
        nsid: "n1".into(),
        ..Settings::default()
    };
    let serving = serving(settings);
    for class in [1, 3] {
        let mut packet = query("id.server.", rtype::TXT, None);
        *packet.last_mut().unwrap() = class;
        assert_eq!(shown(&ask(&serving, &packet, Transport::Udp)), "REFUSED");
    }
    let with_nsid = shown(&ask(&serving, &query("www.ex.", rtype::A, Some(&[0, 3, 0, 0])), Transport::Udp));
    assert_eq!(with_nsid, "REFUSED\nad opt 000f00020012");
}

#[test]
fn an_answer_that_slips_keeps_its_opt_and_cookie() {
    let mut settings = Settings::default();
    settings.rrl.exempt.clear();
    settings.rrl.responses_per_second = 1;
    settings.rrl.slip = 1;
    let serving = serving(settings);
    let packet = query("www.ex.", rtype::A, Some(&[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]));
    let shown: Vec<String> = (0..8).map(|_| shown(&ask(&serving, &packet, Transport::Udp))).collect();
    let slipped = shown.last().unwrap();
    assert!(shown[0].contains("192.0.2.10") && slipped.starts_with("NOERROR aa tc\nad opt 000a0018"), "{shown:?}");
}

#[test]
fn an_unknown_version_is_said_before_its_options_are_read() {
    let mut packet = query("www.ex.", rtype::A, Some(&[0, 3, 0, 9]));
    let version = packet.len() - 9;
    packet[version] = 255;
    let answer = ask(&SERVING, &packet, Transport::Udp);
    assert_eq!((answer[3] & 0xf, answer[answer.len() - 6]), (0, 1), "BADVERS");
}

#[test]
fn an_opt_is_answered_whatever_the_opcode() {
    let mut packet = query("www.ex.", rtype::SOA, Some(&[]));
    packet[2] = 0x20;
    assert_eq!(shown(&ask(&SERVING, &packet, Transport::Udp)), "NOTIMP\nad opt ");
}

#[test]
fn queries_that_came_together_are_answered_as_each_alone() {
    let serving = serving(Settings::default());
    let kinds: [&dyn Fn() -> Vec<u8>; 8] = [
        &|| query("ns1.ex.", rtype::A, None),
        &|| query("here.wild.ex.", rtype::A, Some(b"")),
        &|| query("no.such.ex.", rtype::A, None),
        &|| query("www.nobodys.", rtype::A, None),
        &|| query("far.ex.", rtype::A, None),
        &|| query("ns1.ex.", rtype::AAAA, None)[..20].to_vec(),
        &|| query("sub.ex.", rtype::DS, None),
        &|| query("a.wild.ex.", rtype::TXT, None),
    ];
    // More than two batches; in each, what was read before is of every kind.
    let numbered = |n: u16| {
        let mut packet = kinds[usize::from(n * n + n / 8) % kinds.len()]();
        packet[..2].copy_from_slice(&n.to_be_bytes());
        packet
    };
    let packets: Vec<Vec<u8>> = (0..70).map(numbered).collect();
    let (server, client) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    client.connect(server.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    packets.iter().for_each(|packet| assert_eq!(client.send(packet).unwrap(), packet.len()));
    let mut reader = Reader::new(Arc::new(SnapshotCell::new(serving)));
    let mut worker = Worker::new(Arc::new(Counters::default()), Arc::new(Stopped), Random::seeded(1));
    udp::run(&server, false, &mut reader, &mut worker, &Arc::new(true.into())).unwrap();
    for packet in &packets {
        let expected = ask(reader.get(), packet, Transport::Udp);
        let mut answer = [0; 4_096];
        let len = client.recv(&mut answer).unwrap();
        assert_eq!(answer[..len], expected, "to {packet:?}");
    }
}
