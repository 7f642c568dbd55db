//! A site with every kind of zone content and every routing policy, and a folder for files that targets need.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use edgeplane_dns::plan::envelope::TableEntry;
use edgeplane_dns::plan::file::Held;
use edgeplane_dns::plan::source::*;
use edgeplane_dns::plan::{PlanFile, PlanSource, RrlSettings, Serving, Settings, compile};
use edgeplane_policy::Steering;

/// The zone file of the site.
pub const ZONE: &str = include_str!("rich.zone");
const ELSEWHERE: &str = "@ 300 SOA ns admin 1 1 1 1 30\n@ 300 NS ns\nwww 60 A 198.51.100.1\nns 60 A 198.51.100.2\n";
const PLACES: &str = "prefix,continent,country,subdivision,latitude,longitude\n192.0.2.0/24,EU,DE,,50,8\n\
                      198.51.100.0/25,NA,US,CA,37,-122\n2001:db8::/33,EU,NO,,59,10\n";

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("edgeplane-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
});

/// A path in this process's own folder.
pub fn path(name: &str) -> PathBuf {
    FOLDER.join(name)
}

fn file(name: &str, text: &str) -> String {
    std::fs::write(path(name), text).unwrap();
    path(name).display().to_string()
}

fn set(name: &str, address: &str) -> RecordSet {
    RecordSet {
        path: format!("site.yaml: {name} {address}"),
        name: format!("{name}.routed."),
        rtype: "A".into(),
        ttl: Some(60),
        resource_records: Some(vec![address.into()]),
        ..RecordSet::default()
    }
}

fn one(name: &str, n: u8) -> RecordSet {
    RecordSet { set_identifier: Some(format!("{name}{n}")), ..set(name, &format!("192.0.2.{n}")) }
}

fn alias(mut set: RecordSet, to: &str) -> RecordSet {
    (set.ttl, set.resource_records) = (None, None);
    set.alias_target = Some(AliasTarget { dns_name: to.into(), evaluate_target_health: true, hosted_zone_id: None });
    set
}

fn place(n: u8, continent: Option<&str>, country: Option<&str>, subdivision: Option<&str>) -> RecordSet {
    let text = |code: Option<&str>| code.map(str::to_owned);
    let (continent_code, country_code, subdivision_code) = (text(continent), text(country), text(subdivision));
    RecordSet { geo_location: Some(GeoLocation { continent_code, country_code, subdivision_code }), ..one("geo", n) }
}

fn near(n: u8, region: &str, bias: i32) -> RecordSet {
    let site = GeoProximityLocation { aws_region: Some(region.into()), bias, ..GeoProximityLocation::default() };
    RecordSet { geo_proximity_location: Some(site), ..one("near", n) }
}

fn network(n: u8, location: &str) -> RecordSet {
    let config = CidrRoutingConfig { collection_id: "nets".into(), location_name: location.into() };
    RecordSet { cidr_routing_config: Some(config), ..one("net", n) }
}

fn record_sets() -> Vec<RecordSet> {
    let mut sets = vec![set("plain", "192.0.2.9")];
    sets.extend((1..=3).map(|n| RecordSet { weight: Some(n * 10), ..one("weighted", n) }));
    sets[1].health_check_id = Some("check-0".into());
    sets.extend((1..=9).map(|n| RecordSet { multi_value_answer: Some(true), ..one("multi", n) }));
    let region = |n, region: &str| RecordSet { region: Some(region.into()), ..one("latency", n) };
    sets.extend([region(1, "eu-west-1"), region(2, "us-east-1")]);
    let failover = |n, role: &str| RecordSet { failover: Some(role.into()), ..one("failover", n) };
    sets.extend([failover(1, "PRIMARY"), failover(2, "SECONDARY")]);
    sets.extend([place(1, Some("EU"), None, None), place(2, None, Some("US"), None)]);
    sets.extend([place(3, None, Some("US"), Some("CA")), place(4, None, Some("*"), None)]);
    sets.extend([near(1, "eu-west-1", 0), near(2, "us-east-1", 50)]);
    sets.extend([network(1, "office"), network(2, "*")]);
    sets.extend([alias(set("to-zone", ""), "www.ex."), alias(set("to-group", ""), "weighted.routed.")]);
    sets.push(alias(RecordSet { rtype: "MX".into(), ..set("to-mx", "") }, "many.ex."));
    sets.push(alias(RecordSet { weight: Some(1), ..one("tree", 1) }, "geo.routed."));
    sets.push(RecordSet { weight: Some(1), ..one("tree", 2) });
    sets
}

/// The site's plan source.
pub fn source(settings: Settings) -> PlanSource {
    let locations = vec![CidrLocation {
        location_name: "office".into(),
        cidr_list: vec!["198.51.100.0/24".into(), "2001:db8::/48".into()],
    }];
    let zone = ZoneSource {
        path: "site.yaml: Zone".into(),
        id: "Z1".into(),
        name: "routed.".into(),
        name_servers: vec!["ns1.ex.".into(), "ns2.ex.".into()],
        record_sets: record_sets(),
    };
    let zone_file =
        |name: &str, text: &str, origin: &str| ZoneFile { path: file(name, text), origin: Some(origin.into()) };
    PlanSource {
        generation: 1,
        source: "edgeplane.toml".into(),
        health: vec![0x90],
        edge: Vec::new(),
        dns: DnsSource {
            settings,
            zone_files: vec![zone_file("ex.zone", ZONE, "ex."), zone_file("elsewhere.zone", ELSEWHERE, "elsewhere.")],
            zones: vec![zone],
            checks: vec!["check-0".into()],
            cidr_collections: vec![CidrCollection { id: "nets".into(), name: "nets".into(), locations }],
            geo_database: Some(file("geo.csv", PLACES)),
            ..DnsSource::default()
        },
    }
}

/// The site's plan file, written to a path of that name.
pub fn plan(name: &str, settings: Settings) -> PathBuf {
    let mut compiled = compile(&source(settings), None).unwrap();
    compiled.write(&path(name)).unwrap();
    path(name)
}

/// The site's steering tables by key.
pub fn tables() -> HashMap<String, Arc<Steering>> {
    let file = PlanFile::open(&plan("tables.plan", Settings::default())).unwrap();
    let table = |entry: &TableEntry| {
        let table = Steering::from_bytes(&file.section(entry.section).unwrap()).unwrap();
        (entry.key.clone(), Arc::new(table))
    };
    file.envelope.dns.tables.iter().map(table).collect()
}

/// The site, ready to answer.
pub fn serving(settings: Settings) -> Serving {
    let file = PlanFile::open(&plan("site.plan", settings)).unwrap();
    Serving::derive(Arc::new(file.load(&Held::default()).unwrap().0), &|slot| Some(slot % 2 == 1))
}

/// Settings under which a server says as much as it can.
pub fn talkative() -> Settings {
    let rrl = RrlSettings { responses_per_second: 1, exempt: vec!["192.0.0.0/8".into()], ..RrlSettings::default() };
    Settings {
        nsid: "edge-1".into(),
        id_server: "edge-1".into(),
        minimal_any: false,
        udp_payload_size: 4096,
        cookie_secret: vec![7; 16],
        query_acl: vec!["192.0.0.0/8".into(), "198.51.100.0/24".into(), "2001:db8::/32".into()],
        rrl,
        ..Settings::default()
    }
}
