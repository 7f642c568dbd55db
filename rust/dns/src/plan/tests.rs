//! Plans from source to disk and back: what compiles, what is refused, what damage does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use edgeplane_base::Faults;
use edgeplane_base::random::Random;

use super::diff::diff;
use super::envelope::SectionKind;
use super::file::{FORMAT, Held, PlanFile};
use super::source::*;
use super::{Compiled, PlanSource, Snapshot, compile, export};
use crate::routing::{Client, Picked};
use crate::wire::rtype;
use crate::zone::Set;

/// A folder of the test's own, removed when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("edgeplane-plan-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str, content: &str) -> String {
        std::fs::write(self.0.join(name), content).unwrap();
        self.path(name).display().to_string()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn a(name: &str, values: &[&str]) -> RecordSet {
    RecordSet {
        path: format!("site.yaml: {name}"),
        name: format!("{name}.example.net."),
        rtype: "A".into(),
        ttl: Some(60),
        resource_records: Some(values.iter().map(|value| (*value).to_owned()).collect()),
        ..RecordSet::default()
    }
}

fn one(name: &str, id: &str) -> RecordSet {
    RecordSet { path: format!("site.yaml: {id}"), set_identifier: Some(id.into()), ..a(name, &["192.0.2.1"]) }
}

fn alias(mut set: RecordSet, to: &str) -> RecordSet {
    (set.ttl, set.resource_records) = (None, None);
    let dns_name = to.to_owned();
    set.alias_target = Some(AliasTarget { dns_name, evaluate_target_health: true, hosted_zone_id: None });
    set
}

fn weighted(id: &str, weight: u8) -> RecordSet {
    RecordSet { weight: Some(weight), ..one("w", id) }
}

fn region(id: &str, region: &str) -> RecordSet {
    RecordSet { region: Some(region.into()), ..one("l", id) }
}

fn failover(id: &str, role: &str) -> RecordSet {
    RecordSet { failover: Some(role.into()), ..one("f", id) }
}

fn country(id: &str, code: &str) -> RecordSet {
    let geo_location = Some(GeoLocation { country_code: Some(code.into()), ..GeoLocation::default() });
    RecordSet { geo_location, ..one("g", id) }
}

fn cidr(id: &str, collection: &str, location: &str) -> RecordSet {
    let config = CidrRoutingConfig { collection_id: collection.into(), location_name: location.into() };
    RecordSet { cidr_routing_config: Some(config), ..one("c", id) }
}

fn source(generation: u64, record_sets: Vec<RecordSet>) -> PlanSource {
    let zone = ZoneSource {
        path: "site.yaml: Zone".into(),
        id: "Z1".into(),
        name: "Example.net.".into(),
        name_servers: vec!["ns1.example.net".into(), "ns2.example.net".into()],
        record_sets,
    };
    let locations = vec![CidrLocation { location_name: "office".into(), cidr_list: vec!["198.51.100.0/24".into()] }];
    let collection = |id: &str| CidrCollection { id: id.into(), name: id.into(), locations: locations.clone() };
    PlanSource {
        generation,
        source: "edgeplane.toml".into(),
        health: vec![0x90],
        edge: Vec::new(),
        dns: DnsSource {
            zones: vec![zone],
            checks: vec!["check-0".into(), String::new(), "check-2".into()],
            cidr_collections: vec![collection("one"), collection("two")],
            ..DnsSource::default()
        },
    }
}

fn refused(sets: Vec<RecordSet>) -> Faults {
    compile(&source(1, sets), None).err().expect("a fault")
}

#[test]
fn conflicts_are_refused_with_their_resource_and_reason() {
    let mixed = "cannot be created as other RRSets exist with the same name and type";
    let unknown_check = RecordSet { health_check_id: Some("nobody".into()), ..weighted("x", 1) };
    let other_ttl = RecordSet { ttl: Some(61), ..weighted("y", 1) };
    let two_policies = RecordSet { region: Some("eu-west-1".into()), ..weighted("x", 1) };
    let multi = |id: &str, values: &[&str]| RecordSet {
        multi_value_answer: Some(true),
        set_identifier: Some(id.into()),
        path: format!("site.yaml: {id}"),
        ..a("m", values)
    };
    let six = |id: &str, value: &str| RecordSet { rtype: "AAAA".into(), ..multi(id, &[value]) };
    let cname = RecordSet { rtype: "CNAME".into(), name: "example.net".into(), ..a("apex", &["x.example.org"]) };
    let outside = RecordSet { name: "www.example.com".into(), ..a("out", &["192.0.2.1"]) };
    let table: Vec<(Vec<RecordSet>, &str, &str)> = vec![
        (vec![a("w", &["192.0.2.9"]), weighted("x", 1)], "site.yaml: x", mixed),
        (
            vec![weighted("x", 1), RecordSet { name: "w.example.net".into(), ..region("y", "eu-west-1") }],
            "site.yaml: y",
            mixed,
        ),
        (vec![two_policies], "site.yaml: x", "one routing policy, not weighted and latency"),
        (vec![a("w", &["192.0.2.1"]), a("W", &["192.0.2.2"])], "site.yaml: W", "but it already exists"),
        (vec![weighted("x", 1), weighted("x", 2)], "site.yaml: x.SetIdentifier", "\"x\" is that of"),
        (
            vec![RecordSet { set_identifier: None, ..weighted("x", 1) }],
            "site.yaml: x.SetIdentifier",
            "needs a SetIdentifier",
        ),
        (vec![weighted("x", 1), other_ttl], "site.yaml: y.TTL", "61 here, 60 in site.yaml: x"),
        (vec![failover("x", "PRIMARY"), failover("y", "PRIMARY")], "site.yaml: y.Failover", "there can be one"),
        (vec![failover("x", "FIRST")], "site.yaml: x.Failover", "neither PRIMARY nor SECONDARY"),
        (
            vec![region("x", "eu-west-1"), region("y", "eu-west-1")],
            "site.yaml: y.Region",
            "eu-west-1 is that of site.yaml: x",
        ),
        (vec![region("x", "mars-1")], "site.yaml: x", "mars-1"),
        (vec![country("x", "DE"), country("y", "DE")], "site.yaml: y.GeoLocation", "is that of site.yaml: x"),
        (vec![country("x", "QQ")], "site.yaml: x.GeoLocation", "QQ"),
        (
            vec![cidr("x", "one", "office"), cidr("y", "two", "*")],
            "site.yaml: y.CidrRoutingConfig.CollectionId",
            "one collection",
        ),
        (
            vec![cidr("x", "three", "office")],
            "site.yaml: x.CidrRoutingConfig.CollectionId",
            "no CIDR collection \"three\"",
        ),
        (vec![cidr("x", "one", "home")], "site.yaml: x.CidrRoutingConfig.LocationName", "has no location \"home\""),
        (vec![multi("x", &["192.0.2.1", "192.0.2.2"])], "site.yaml: x.ResourceRecords", "has one value"),
        (vec![alias(multi("x", &[]), "w.example.net")], "site.yaml: x.AliasTarget", "cannot be an alias"),
        (
            vec![multi("x", &["192.0.2.1"]), RecordSet { ttl: Some(61), ..multi("y", &["192.0.2.2"]) }],
            "site.yaml: y.TTL",
            "multivalue record sets of one name and type need one TTL: 61 here, 60 in site.yaml: x",
        ),
        (
            vec![six("x", "2001:db8::1"), six("y", "2001:DB8:0::1")],
            "site.yaml: y.ResourceRecords[0]",
            "the value is that of site.yaml: x, too",
        ),
        (vec![unknown_check], "site.yaml: x", "\"nobody\" names no health check"),
        (vec![alias(a("b", &[]), "none.example.net")], "site.yaml: b", "does not exist in its zone"),
        (vec![alias(a("b", &[]), "c.example.net"), alias(a("c", &[]), "b.example.net")], "site.yaml: b", "form a ring"),
        (vec![cname], "site.yaml: apex.Type", "not permitted at apex"),
        (vec![outside], "site.yaml: out.Name", "not permitted in zone"),
        (vec![a("e", &[])], "site.yaml: e.ResourceRecords", "at least one value"),
        (vec![a("e", &["300.1.1.1"])], "site.yaml: e.ResourceRecords[0]", ""),
        (
            vec![RecordSet { rtype: "MX".into(), ..a("e", &["1 mail.example.", "1 Mail.Example."]) }],
            "site.yaml: e.ResourceRecords[1]",
            "twice",
        ),
    ];
    for (sets, place, reason) in table {
        let faults = refused(sets);
        let found = faults.0.iter().any(|fault| fault.place == place && fault.message.contains(reason));
        assert!(found, "{place}: {reason}\n{faults}");
    }
}

#[test]
fn what_answers_for_other_names_has_no_policy_no_health_and_no_target() {
    for (rtype, value) in
        [("NS", "ns.example.org."), ("DS", "1 8 2 00"), ("DNAME", "example.org."), ("SOA", "a. b. 1 1 1 1 1")]
    {
        let plain = RecordSet { rtype: rtype.into(), ..a("cut", &[value]) };
        let checked = RecordSet { health_check_id: Some("check-0".into()), ..plain.clone() };
        let routed = RecordSet { weight: Some(1), set_identifier: Some("x".into()), ..plain.clone() };
        for (set, property) in
            [(checked, "HealthCheckId"), (routed, "Type"), (alias(plain, "www.example.net"), "AliasTarget")]
        {
            let faults = refused(vec![set]);
            let place = format!("site.yaml: cut.{property}");
            let found = faults.0.iter().any(|fault| fault.place == place && fault.message.contains(rtype));
            assert!(found, "{place} {rtype}\n{faults}");
        }
    }
}

#[test]
fn an_alias_leads_to_what_its_zone_answers_for() {
    let of = |rtype: &str, name: &str, value: &str| RecordSet { rtype: rtype.into(), ..a(name, &[value]) };
    let there = || {
        vec![
            of("NS", "cut", "ns.cut.example.net."),
            of("A", "ns.cut", "192.0.2.1"),
            of("A", "cut", "192.0.2.2"),
            of("DNAME", "d", "example.org."),
            of("A", "x.d", "192.0.2.3"),
        ]
    };
    for target in ["ns.cut", "cut", "x.d"] {
        let sets = [there(), vec![alias(a("b", &[]), &format!("{target}.example.net"))]].concat();
        let faults = refused(sets);
        assert_eq!((faults.0.len(), faults.0[0].place.as_str()), (1, "site.yaml: b"), "{faults}");
        assert!(faults.0[0].message.contains("it is not example.net. that answers for it"), "{faults}");
    }
}

#[test]
fn all_faults_come_at_once() {
    let faults = refused(vec![a("e", &["300.1.1.1", "x"]), failover("x", "FIRST"), country("y", "QQ")]);
    assert_eq!(faults.0.len(), 4, "{faults}");
}

fn every_policy() -> Vec<RecordSet> {
    let checked = RecordSet { health_check_id: Some("check-2".into()), ..weighted("w1", 10) };
    vec![
        a("www", &["192.0.2.10", "192.0.2.11"]),
        checked,
        weighted("w2", 0),
        failover("f1", "PRIMARY"),
        failover("f2", "SECONDARY"),
        region("l1", "us-east-1"),
        region("l2", "eu-west-1"),
        country("g1", "DE"),
        country("g2", "*"),
        cidr("c1", "one", "office"),
        cidr("c2", "one", "*"),
        alias(a("alias", &[]), "W.example.NET"),
    ]
}

fn written(folder: &Folder, name: &str, source: &PlanSource, previous: Option<&PlanFile>) -> (Compiled, PlanFile) {
    let mut compiled = compile(source, previous).unwrap();
    compiled.write(&folder.path(name)).unwrap();
    let plan = PlanFile::open(&folder.path(name)).unwrap();
    (compiled, plan)
}

fn load(path: &Path) -> Result<Snapshot, Faults> {
    PlanFile::open(path)?.load(&Held::default()).map(|(snapshot, _)| snapshot)
}

#[test]
fn a_plan_goes_to_disk_and_back() {
    let folder = Folder::new();
    let (_, plan) = written(&folder, "a.plan", &source(7, every_policy()), None);
    assert_eq!(plan.envelope.dns.zones[0].name, "example.net.");
    assert_eq!(plan.envelope.dns.zones[0].id, "Z1");
    assert_eq!(plan.envelope.health, [0x90]);
    assert_eq!(plan.envelope.dns.tables.len(), 3);
    assert!(plan.envelope.sections.iter().all(|section| section.offset % 8 == 0));
    assert_eq!(folder.names(), ["a.plan"], "no temporary file stays");
    let snapshot = load(&folder.path("a.plan")).unwrap();
    assert_eq!((snapshot.generation, snapshot.zones.len()), (7, 1));
    let zone = snapshot.zones.get(0).unwrap();
    assert_eq!(zone.serial(), 7, "the serial of a zone that templates make is the generation");
    let derived = snapshot.routing.derive(&|slot| Some(slot != 2));
    let node = zone.find(b"\x05alias\x07example\x03net\x00").unwrap();
    let Some(Set::Routed(index)) = node.set(rtype::A) else { panic!("an alias is routed") };
    let client = Client::from(std::net::IpAddr::from([192, 0, 2, 1]));
    let mut picked = Picked::default();
    let group = snapshot.routing.first_group(0) + index;
    snapshot.routing.pick(&derived, group, &client, &mut Random::seeded(1), &mut picked);
    assert_eq!(picked.len, 1, "the zero weight answers, because check-2 fails");
}

#[test]
fn soa_and_ns_of_template_zones_are_route_53s() {
    let compiled = compile(&source(u64::from(u32::MAX) + 6, vec![]), None).unwrap();
    let text = export::text_of(&compiled.zones[0]);
    let soa = "example.net.\t900\tIN\tSOA\tns1.example.net. hostmaster.example.net. 5 7200 900 1209600 86400\n";
    assert!(text.starts_with(soa), "{text}");
    assert!(text.contains("example.net.\t172800\tIN\tNS\tns2.example.net.\n"), "{text}");
}

#[test]
fn an_export_reads_back_and_tells_policies() {
    let folder = Folder::new();
    let (_, plan) = written(&folder, "a.plan", &source(1, every_policy()), None);
    let text = export::export_zone(&plan, "EXAMPLE.net").unwrap();
    assert!(
        text.contains("; w.example.net. A: weighted routing\n;   w1 · Weight 10 · HealthCheckId check-2\n"),
        "{text}"
    );
    assert!(text.contains(";   AliasTarget w.example.net., EvaluateTargetHealth\n"), "{text}");
    assert!(export::export_zone(&plan, "example.com").is_err());
    let mut read = PlanSource { dns: DnsSource::default(), ..source(1, vec![]) };
    read.dns.zone_files = vec![ZoneFile { path: folder.file("x.zone", &text), origin: None }];
    assert_eq!(compile(&read, None).unwrap().zones[0].apex(), b"\x07example\x03net\x00");
}

#[test]
fn what_did_not_change_is_copied() {
    let folder = Folder::new();
    let (_, first) = written(&folder, "a.plan", &source(1, every_policy()), None);
    let (second, plan) = written(&folder, "b.plan", &source(2, every_policy()), Some(&first));
    assert_eq!(second.reused, [true]);
    assert_eq!(plan.envelope.sections, first.envelope.sections);
    let mut changed = every_policy();
    changed.push(a("new", &["192.0.2.77"]));
    changed.remove(0);
    changed[0].weight = Some(11);
    let third = compile(&source(3, changed), Some(&plan)).unwrap();
    assert_eq!(third.reused, [false]);
    let changes = diff(&second.zones, &third.zones);
    assert_eq!(changes[0].added, ["new.example.net. A"]);
    assert_eq!(changes[0].removed, ["www.example.net. A"]);
    assert_eq!(changes[0].changed, ["example.net. SOA", "w.example.net. A"]);
    assert_eq!(diff(&second.zones, &second.zones), []);
}

const ZONE: &str = "$TTL 300\n@ SOA ns h SERIAL 1 1 1 1\n@ NS ns\nns A 192.0.2.53\n$INCLUDE more.inc\n";

/// Compiles again and again until the files are old enough to be told apart by their time stamps.
fn settled(folder: &Folder, source: &PlanSource) -> PlanFile {
    (0..1_000)
        .map(|_| written(folder, "a.plan", source, None).1)
        .find(|plan| plan.envelope.dns.zones.iter().all(|zone| zone.inputs.0 != [0; 32]))
        .unwrap()
}

#[test]
fn zone_files_are_copied_until_one_that_they_include_changes() {
    let folder = Folder::new();
    let path = folder.file("example.org.zone", &ZONE.replace("SERIAL", "5"));
    folder.file("more.inc", "www A 192.0.2.80\n");
    let mut source = source(1, vec![]);
    source.dns.zone_files = vec![ZoneFile { path, origin: None }];
    let plan = settled(&folder, &source);
    assert_eq!(compile(&source, Some(&plan)).unwrap().reused, [true, true]);
    let mut moved = source.clone();
    let other =
        folder.file("other.zone", "$ORIGIN example.org.\n@ 5 SOA ns h 9 1 1 1 1\n@ 5 NS ns\nns 5 A 192.0.2.53\n");
    moved.dns.zone_files[0].path = other;
    assert_eq!(compile(&moved, Some(&plan)).unwrap().zones[1].serial(), 9, "another file makes the zone now");
    folder.file("more.inc", "www A 192.0.2.81\n");
    let again = compile(&source, Some(&plan)).unwrap();
    assert_eq!(again.reused, [true, false]);
    assert_eq!(again.warnings.len(), 1);
    assert!(again.warnings[0].message.contains("example.org. changed, but its serial is still 5"));
    folder.file("example.org.zone", &ZONE.replace("SERIAL", "6"));
    assert!(compile(&source, Some(&plan)).unwrap().warnings.is_empty());
    for (serial, grew) in [(4_u32, false), (5 + (1 << 31) - 1, true), (5 + (1 << 31), false), (u32::MAX, false)] {
        folder.file("example.org.zone", &ZONE.replace("SERIAL", &serial.to_string()));
        let warnings = compile(&source, Some(&plan)).unwrap().warnings;
        let said = format!("the serial of zone example.org. went backwards, from 5 to {serial}");
        assert_eq!(warnings.iter().map(|warning| warning.message.as_str()).eq([said.as_str()]), !grew, "{warnings:?}");
    }
    folder.file("more.inc", "www A 192.0.2.999\n");
    let faults = compile(&source, Some(&plan)).err().unwrap();
    assert!(faults.0[0].place.ends_with("more.inc") && faults.0[0].line == 1, "{faults}");
}

#[test]
fn what_templates_change_in_a_zone_files_zone_asks_for_a_new_serial() {
    let folder = Folder::new();
    let path = |serial: u32| {
        folder.file("example.net.zone", &format!("@ 5 SOA ns h {serial} 1 1 1 1\n@ 5 NS ns\nns 5 A 192.0.2.53\n"))
    };
    let with = |path: String, sets: Vec<RecordSet>| {
        let mut source = source(1, sets);
        source.dns.zone_files = vec![ZoneFile { path, origin: None }];
        source
    };
    let sets = || vec![a("www", &["192.0.2.1", "192.0.2.2"]), weighted("x", 1)];
    let (_, plan) = written(&folder, "a.plan", &with(path(5), sets()), None);
    let warnings = |serial: u32, change: &dyn Fn(&mut Vec<RecordSet>)| {
        let mut sets = sets();
        change(&mut sets);
        let compiled = compile(&with(path(serial), sets), Some(&plan)).unwrap();
        compiled.warnings.into_iter().map(|warning| warning.message).collect::<Vec<_>>()
    };
    let said = ["the content of zone example.net. changed, but its serial is still 5"];
    assert_eq!(warnings(5, &|sets| sets[1].weight = Some(2)), said);
    assert_eq!(warnings(5, &|sets| drop(sets.remove(0))), said);
    assert!(warnings(6, &|sets| sets[1].weight = Some(2)).is_empty());
    assert!(warnings(5, &|sets| sets[1].path = "other.yaml: x".into()).is_empty(), "answers are the same");
    assert!(warnings(5, &|sets| sets[0].resource_records.as_mut().unwrap().reverse()).is_empty(), "in any order");
}

#[test]
fn advice_is_given_on_what_policies_choose_among() {
    let mx = |id: &str, host: &str| RecordSet {
        rtype: "MX".into(),
        name: "mail.example.net".into(),
        resource_records: Some(vec![format!("10 {host}")]),
        ..weighted(id, 1)
    };
    let alias = RecordSet { rtype: "CNAME".into(), ..a("alias", &["www.example.net."]) };
    let sets = vec![mx("x", "Alias.example.net."), mx("y", "www.example.net."), alias, a("www", &["192.0.2.1"])];
    let warnings = compile(&source(1, sets), None).unwrap().warnings;
    let said = "MX of mail.example.net. points at alias.example.net., which is an alias (CNAME; RFC 2181 section 10.3)";
    assert_eq!(warnings, [edgeplane_base::Fault::at("site.yaml: Zone", said)]);
}

#[test]
fn what_is_odd_is_said_again_of_a_zone_that_is_copied() {
    let folder = Folder::new();
    let zone = "$TTL 300\n@ SOA ns h 5 1 1 1 1\n@ NS ns\nns A 192.0.2.53\nns A 192.0.2.53\n";
    let mut source = source(1, vec![]);
    source.dns.zone_files = vec![ZoneFile { path: folder.file("example.org.zone", zone), origin: None }];
    let plan = settled(&folder, &source);
    let copied = compile(&source, Some(&plan)).unwrap();
    assert_eq!(copied.reused, [true, true]);
    assert_eq!((copied.warnings.len(), copied.warnings[0].line), (1, 5), "{:?}", copied.warnings);
    assert_eq!(copied.envelope.dns.zones[1].warnings, copied.warnings);
}

#[test]
fn a_zone_file_and_a_template_make_one_zone() {
    let folder = Folder::new();
    let zone = "$TTL 300\n@ SOA ns h 5 1 1 1 1\n@ NS ns\nns A 192.0.2.53\nw A 192.0.2.1\n";
    let mut source = source(1, vec![a("www", &["192.0.2.10"])]);
    source.dns.zone_files = vec![ZoneFile { path: folder.file("example.net.zone", zone), origin: None }];
    let compiled = compile(&source, None).unwrap();
    let text = export::text_of(&compiled.zones[0]);
    assert!(text.contains("www.example.net.\t60\tIN\tA\t192.0.2.10") && text.contains(" 5 1 1 1 1\n"), "{text}");
    source.dns.zones[0].record_sets = vec![weighted("x", 1)];
    let faults = compile(&source, None).err().unwrap();
    assert!(faults.to_string().contains("w.example.net"), "{faults}");
    source.dns.zone_files.push(ZoneFile { path: folder.file("other", zone), origin: Some("example.net".into()) });
    assert!(compile(&source, None).err().unwrap().to_string().contains("is in"));
}

fn sample(folder: &Folder) -> Vec<u8> {
    written(folder, "good.plan", &source(3, every_policy()), None);
    std::fs::read(folder.path("good.plan")).unwrap()
}

#[test]
fn any_flipped_bit_is_found_or_means_nothing() {
    let folder = Folder::new();
    let good = sample(&folder);
    let path = folder.path("bad.plan");
    for at in (0..good.len()).filter(|&at| at < 512 || at % 7 == 0) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bad).unwrap();
        if let Ok(snapshot) = load(&path) {
            let padding = bad.iter().zip(&good).all(|(bad, good)| bad == good || *good == 0);
            assert!(padding && snapshot.generation == 3 && at >= 56, "a flip at {at} went unseen");
        }
    }
}

#[test]
fn any_cut_is_found() {
    let folder = Folder::new();
    let good = sample(&folder);
    let path = folder.path("bad.plan");
    for length in (0..good.len()).step_by(7).chain([good.len() - 1]) {
        std::fs::write(&path, &good[..length]).unwrap();
        let faults = load(&path).err().unwrap();
        assert!(faults.0[0].place.ends_with("bad.plan"), "{faults}");
    }
    std::fs::write(&path, [good.as_slice(), b"x"].concat()).unwrap();
    assert!(load(&path).err().unwrap().to_string().contains("cut or written to"));
}

#[test]
fn other_formats_are_named() {
    let folder = Folder::new();
    let mut bytes = sample(&folder);
    let path = folder.path("bad.plan");
    for (format, said) in [(FORMAT + 1, "newer release"), (0, "build the plan anew")] {
        bytes[8..12].copy_from_slice(&format.to_le_bytes());
        std::fs::write(&path, &bytes).unwrap();
        assert!(load(&path).err().unwrap().to_string().contains(said));
    }
    std::fs::write(&path, b"GIF89a").unwrap();
    assert!(load(&path).err().unwrap().to_string().contains("is no plan file"));
    assert!(load(&folder.path("none")).err().unwrap().to_string().contains("cannot be opened"));
}

/// A plan whose hashes are right but whose envelope was written by an enemy.
fn forged(folder: &Folder, change: impl Fn(&mut super::Envelope)) -> Result<Snapshot, Faults> {
    let mut compiled = compile(&source(3, every_policy()), None).unwrap();
    change(&mut compiled.envelope);
    let path = folder.path("forged.plan");
    let bytes = super::file::pack_for_test(&compiled.envelope, compiled.zones[0].bytes());
    std::fs::write(&path, bytes).unwrap();
    load(&path)
}

#[test]
fn hostile_envelopes_are_refused() {
    let folder = Folder::new();
    let said = |change: &dyn Fn(&mut super::Envelope)| forged(&folder, change).err().unwrap().to_string();
    assert!(said(&|e| e.sections[0].length = u64::MAX).contains("where it cannot be"));
    assert!(said(&|e| e.sections[0].length = 1 << 40).contains("where it cannot be"));
    assert!(
        said(&|e| {
            e.sections.truncate(1);
            e.sections[0].length += 1;
        })
        .contains("where it cannot be"),
        "one octet behind the end"
    );
    assert!(said(&|e| e.sections[0].offset = 4).contains("where it cannot be"));
    let alone = |e: &mut super::Envelope| e.sections.truncate(1);
    assert!(
        said(&|e| {
            alone(e);
            e.dns.zones[0].section = 9
        })
        .contains("names section 9")
    );
    assert!(
        said(&|e| {
            alone(e);
            e.dns.tables.clear()
        })
        .contains("is missing")
    );
    assert!(
        said(&|e| {
            alone(e);
            e.dns.tables.clear();
            e.dns.checks.clear()
        })
        .contains("names no health check")
    );
    assert!(
        said(&|e| {
            alone(e);
            e.dns.tables[0].section = 0
        })
        .contains("is not a Steering")
    );
    assert!(
        said(&|e| {
            alone(e);
            e.sections[0].kind = SectionKind::Steering
        })
        .contains("is not a Zone")
    );
    assert!(
        said(&|e| {
            alone(e);
            e.dns.tables.clear();
            e.dns.zones.push(e.dns.zones[0].clone())
        })
        .contains("example.net")
    );
}

#[test]
fn a_plan_that_cannot_be_written_leaves_what_was_there() {
    let folder = Folder::new();
    let good = sample(&folder);
    let mut compiled = compile(&source(9, vec![]), None).unwrap();
    let faults = compiled.write(&folder.path("none/x.plan")).unwrap_err();
    assert!(faults.to_string().contains("cannot be written"), "{faults}");
    std::fs::create_dir(folder.path("taken")).unwrap();
    assert!(compiled.write(&folder.path("taken")).is_err(), "a folder stands in the way of the rename");
    let mut names = folder.names();
    names.sort();
    assert_eq!(names, ["good.plan", "taken"]);
    assert_eq!(std::fs::read(folder.path("good.plan")).unwrap(), good);
}

#[test]
fn running_sections_are_not_read_again() {
    let folder = Folder::new();
    let (_, plan) = written(&folder, "a.plan", &source(1, every_policy()), None);
    let (first, held) = plan.load(&Held::default()).unwrap();
    let mut bytes = std::fs::read(folder.path("a.plan")).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    bytes[last - 8_000.min(last / 2)] ^= 1;
    std::fs::write(folder.path("a.plan"), &bytes).unwrap();
    if let Ok(damaged) = PlanFile::open(&folder.path("a.plan")) {
        let (second, _) = damaged.load(&held).unwrap();
        assert!(Arc::ptr_eq(first.zones.get(0).unwrap(), second.zones.get(0).unwrap()));
        assert!(damaged.load(&Held::default()).is_err(), "without them the damage is found");
    }
}
