//! A node from plan source to explanation, with a health table of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use edgeplane_base::Faults;
use edgeplane_policy::{HealthState, HealthTable};
use serde_json::{Value, json};

use crate::{ExplainReport, ExplainRequest, Node, build_plan, diff_plans, explain_plan, export_zone};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("edgeplane-node-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A plan of that generation with these record sets.
    fn plan(&self, generation: u64, sets: &Value) -> PathBuf {
        let path = self.path(&format!("{generation}.plan"));
        build_plan(&source(generation, sets), &path, None).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn source(generation: u64, sets: &Value) -> Vec<u8> {
    let zone = json!({"path": "site.yaml: Zone", "id": "Z1", "name": "example.net.",
                      "name_servers": ["ns1.example.org"], "record_sets": sets});
    let source = json!({"generation": generation, "source": "edgeplane.toml",
                        "dns": {"zones": [zone], "checks": ["", "main"]}});
    rmp_serde::to_vec(&source).unwrap()
}

fn sets() -> Value {
    let a = |role: &str, address: &str| {
        json!({"path": format!("site.yaml: {role}"), "Name": "www.example.net", "Type": "A", "TTL": 60,
               "ResourceRecords": [address], "Failover": role, "SetIdentifier": role})
    };
    let mut primary = a("PRIMARY", "192.0.2.1");
    primary["HealthCheckId"] = "main".into();
    json!([
        primary,
        a("SECONDARY", "192.0.2.2"),
        {"path": "site.yaml: Chain", "Name": "chain.example.net", "Type": "CNAME", "TTL": 5, "ResourceRecords": ["WWW.example.net"]},
        {"path": "site.yaml: Mail", "Name": "mail.a.b.example.net", "Type": "MX", "TTL": 5, "ResourceRecords": ["1 mx.a.b.example.net"]},
        {"path": "site.yaml: Other", "Name": "other.example.net", "Type": "MX",
         "AliasTarget": {"DNSName": "mail.a.b.example.net", "EvaluateTargetHealth": false}},
        {"path": "site.yaml: Sub", "Name": "sub.example.net", "Type": "NS", "TTL": 5, "ResourceRecords": ["ns.example.org"]},
        {"path": "site.yaml: Wild", "Name": "*.w.example.net", "Type": "TXT", "TTL": 5, "ResourceRecords": ["\"hello\""]},
    ])
}

fn request(name: &str, rtype: &str) -> ExplainRequest {
    ExplainRequest { name: name.into(), rtype: rtype.into(), ..ExplainRequest::default() }
}

fn records(report: &ExplainReport) -> Vec<String> {
    report.steps.last().unwrap().records.clone()
}

fn said<T>(outcome: Result<T, Faults>) -> String {
    outcome.err().unwrap().to_string()
}

#[test]
fn a_plan_is_applied_and_an_older_one_refused() {
    let folder = Folder::new();
    let node = Node::new().unwrap();
    assert_eq!(node.status().generation, 0);
    let applied = node.apply(&folder.plan(5, &sets()), false).unwrap();
    assert_eq!((applied.generation, applied.reused, applied.zones[0].name.as_str()), (5, 0, "example.net."));
    assert!(said(node.apply(&folder.plan(4, &sets()), false)).contains("generation 4, older than 5, which is served"));
    assert_eq!(node.status().generation, 5);
    assert_eq!(node.apply(&folder.path("5.plan"), false).unwrap().reused, 1, "the same section is not read again");
    assert_eq!(node.apply(&folder.path("4.plan"), true).unwrap().generation, 4, "by force");
    assert_eq!((node.status().generation, node.status().checks, node.status().serving), (4, 1, false));
}

#[test]
fn a_damaged_plan_changes_nothing() {
    let folder = Folder::new();
    let node = Node::new().unwrap();
    node.apply(&folder.plan(1, &sets()), false).unwrap();
    let path = folder.plan(2, &json!([]));
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 100;
    bytes[at] ^= 0x40;
    std::fs::write(&path, bytes).unwrap();
    assert!(said(node.apply(&path, false)).contains("the file is damaged"));
    assert_eq!(node.status().generation, 1);
    assert_eq!(records(&node.explain(&request("www.example.net", "A")).unwrap()), ["60 192.0.2.1"]);
}

#[test]
fn a_kept_plan_is_restored_without_what_cannot_be_read() {
    let folder = Folder::new();
    let key = json!({"id": "S", "path": "site.yaml: Key", "name": "s", "secret_file": folder.path("secret")});
    std::fs::write(folder.path("secret"), [b'x'; 32]).unwrap();
    let edge = rmp_serde::to_vec_named(&json!({"settings": {}, "signing_keys": [key]})).unwrap();
    let mut document: BTreeMap<String, Value> = rmp_serde::from_slice(&source(1, &sets())).unwrap();
    document.insert("edge".into(), edge.into());
    let path = folder.path("1.plan");
    build_plan(&rmp_serde::to_vec(&document).unwrap(), &path, None).unwrap();
    std::fs::remove_file(folder.path("secret")).unwrap();

    let node = Node::new().unwrap();
    assert!(said(node.apply(&path, false)).contains("site.yaml: Key.Properties.SecretFile"));
    assert_eq!(node.status().generation, 0);
    let unread = node.restore(&path).unwrap().unread;
    assert!(matches!(&unread[..], [only] if only.place.starts_with("site.yaml: Key")), "{unread:?}");
    assert_eq!(records(&node.explain(&request("www.example.net", "A")).unwrap()), ["60 192.0.2.1"]);
}

#[test]
fn answers_follow_the_health_table() {
    let folder = Folder::new();
    let node = Node::new().unwrap();
    let table = HealthTable::create(2).unwrap();
    table.set(1, HealthState::Unhealthy);
    node.apply(&folder.plan(1, &sets()), false).unwrap();
    let answer = || records(&node.explain(&request("www.example.net", "A")).unwrap());
    assert_eq!(answer(), ["60 192.0.2.1"], "nothing is known yet");
    node.attach_health(table.fd().try_clone_to_owned().unwrap()).unwrap();
    assert_eq!(answer(), ["60 192.0.2.2"]);
    table.set(1, HealthState::Healthy);
    assert_eq!(answer(), ["60 192.0.2.2"], "states count when the epoch moves");
    table.bump();
    let end = Instant::now() + Duration::from_secs(10);
    while answer() != ["60 192.0.2.1"] && Instant::now() < end {
        std::thread::yield_now();
    }
    assert_eq!(answer(), ["60 192.0.2.1"]);
    assert_eq!(node.status().health_epoch, Some(1));
    table.set(1, HealthState::Unhealthy);
    node.apply(&folder.plan(2, &sets()), false).unwrap();
    assert_eq!(answer(), ["60 192.0.2.2"], "a new plan starts with the health of now");
}

#[test]
fn explanations_follow_names_to_their_end() {
    let folder = Folder::new();
    let path = folder.plan(1, &sets());
    let explain = |name: &str, rtype: &str| explain_plan(&path, &request(name, rtype)).unwrap();
    let found = |name: &str, rtype: &str| {
        let report = explain(name, rtype);
        let step = report.steps.last().unwrap();
        (step.found, step.rtype.clone().unwrap_or_default(), step.rule.split(':').next().unwrap().to_owned())
    };
    let chain = explain("Chain.example.net", "A");
    assert_eq!(chain.steps[0].records, ["5 WWW.example.net."]);
    assert_eq!((chain.steps.len(), records(&chain)), (2, vec!["60 192.0.2.1".to_owned()]));
    let group = chain.steps[1].group.as_ref().unwrap();
    assert_eq!((group.policy.as_str(), group.candidates.len()), ("failover", 2));
    assert_eq!(group.candidates[0].why, "health check main has no result yet, which counts as healthy");
    assert_eq!(found("a.sub.example.net", "A"), ("delegation", "NS".into(), "the name is delegated".into()));
    assert_eq!(found("x.w.example.net", "TXT").0, "wildcard");
    assert_eq!(found("w.example.net", "TXT"), ("name", String::new(), "the name has no TXT records".into()));
    assert_eq!(found("no.example.net", "A").0, "nothing");
    assert_eq!(found("example.org", "A").0, "no zone");
    assert_eq!(found(".", "NS").0, "no zone");
    assert_eq!(
        records(&explain("other.example.net", "MX")),
        ["5 1 mx.a.b.example.net."],
        "the target's names, in full"
    );
    let subnet = ExplainRequest { subnet: Some("198.51.100.0/24".into()), ..request("www.example.net", "A") };
    assert_eq!(explain_plan(&path, &subnet).unwrap().client, "198.51.100.0");
    let wrong = |wrong: ExplainRequest| said(explain_plan(&path, &wrong));
    assert!(wrong(request("a..b", "A")).starts_with("name: "));
    assert!(wrong(request("a", "NOPE")).starts_with("type: "));
    assert!(wrong(ExplainRequest { client: Some("x".into()), ..request("a", "A") }).starts_with("client: "));
}

#[test]
fn a_build_reports_what_it_reused_and_what_changes() {
    let folder = Folder::new();
    let first = folder.plan(1, &sets());
    let build = |generation: u64, sets: &Value, previous: &Path| {
        build_plan(&source(generation, sets), &folder.path("next.plan"), Some(previous))
    };
    let same = build(2, &sets(), &first).unwrap();
    assert!(same.zones[0].reused && same.changes.is_empty() && same.zones[0].octets > 0);
    let mut more = sets();
    more.as_array_mut().unwrap().remove(6);
    let changed = build(3, &more, &first).unwrap();
    assert_eq!(changed.changes[0].removed, ["*.w.example.net. TXT"]);
    assert_eq!(changed.changes, diff_plans(&first, &folder.path("next.plan")).unwrap());
    let mut damaged = std::fs::read(folder.path("next.plan")).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(folder.path("damaged.plan"), damaged).unwrap();
    let faults = diff_plans(&first, &folder.path("damaged.plan")).unwrap_err();
    assert!(faults.to_string().contains("damaged.plan"), "{faults}");
    let text = export_zone(&folder.path("next.plan"), "example.net").unwrap();
    assert!(text.contains("sub.example.net.\t5\tIN\tNS\tns.example.org."), "{text}");
}

#[test]
fn with_a_fault_nothing_is_written() {
    let folder = Folder::new();
    let path = folder.path("next.plan");
    let mut wrong = sets();
    wrong[0]["HealthCheckId"] = "other".into();
    wrong[2]["ResourceRecords"] = json!(["a..b"]);
    let faults = build_plan(&source(1, &wrong), &path, None).unwrap_err();
    assert_eq!(faults.0[0].place, "site.yaml: Chain.ResourceRecords[0]");
    assert!(!path.exists());
    assert!(said(build_plan(b"\xc1", &path, None)).starts_with("plan source: "));
    std::fs::write(folder.path("old.plan"), b"not a plan").unwrap();
    let report = build_plan(&source(1, &sets()), &path, Some(&folder.path("old.plan"))).unwrap();
    assert!(report.warnings[0].message.contains("is no plan file"), "a previous plan that is damaged costs time only");
}

#[test]
fn a_check_reads_what_an_apply_takes_over_unread() {
    let folder = Folder::new();
    let node = Node::new().unwrap();
    let path = folder.plan(1, &sets());
    node.apply(&path, false).unwrap();
    Node::check(&path).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 100;
    bytes[at] ^= 0x40;
    std::fs::write(&path, bytes).unwrap();
    assert!(said(Node::check(&path)).contains("the file is damaged"));
    assert_eq!(node.apply(&path, false).unwrap().reused, 1);
}
