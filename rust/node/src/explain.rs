//! Why a name and type get the answer that they get: zone, name, record set, and the selector's own choices.

use std::net::IpAddr;
use std::sync::Arc;

use edgeplane_base::Faults;
use edgeplane_base::random::Random;
use edgeplane_dns::plan::Serving;
use edgeplane_dns::routing::{Client, Explain, GroupReport, shown};
use edgeplane_dns::wire::name::Name;
use edgeplane_dns::wire::qname::QName;
use edgeplane_dns::wire::rtype;
use edgeplane_dns::zone::{Found, Node, Set, Zone};
use serde::{Deserialize, Serialize};

/// Longest chain of CNAME records that is told.
const MAX_STEPS: usize = 8;

/// What is asked; other fields are not looked at.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ExplainRequest {
    /// Name.
    pub name: String,
    /// Record type's mnemonic.
    #[serde(rename = "type")]
    pub rtype: String,
    /// The resolver's address.
    #[serde(default)]
    pub client: Option<String>,
    /// Client subnet (RFC 7871), with or without a prefix length; goes before `client`.
    #[serde(default)]
    pub subnet: Option<String>,
}

impl ExplainRequest {
    /// Reads a MessagePack map.
    pub fn read(bytes: &[u8]) -> Result<Self, Faults> {
        rmp_serde::from_slice(bytes).map_err(|error| Faults::one("explain", error.to_string()))
    }
}

/// Why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExplainReport {
    /// Generation of the plan.
    pub generation: u64,
    /// The address that places the client.
    pub client: String,
    /// Where that address comes from: `subnet`, `client` or `none`.
    pub client_from: &'static str,
    /// One step, and one more for each CNAME that is followed.
    pub steps: Vec<Step>,
    /// ECS scope of the answer in bits.
    pub scope: u8,
}

/// How one name is answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Step {
    /// The name that is looked for.
    pub name: String,
    /// The zone that it lies in; none where it is in no zone served here.
    pub zone: Option<String>,
    /// Serial of that zone.
    pub serial: u32,
    /// `name`, `wildcard`, `delegation`, `dname`, `nothing` or `no zone`.
    pub found: &'static str,
    /// The name in the zone that answers.
    pub node: Option<String>,
    /// The type that answers: the one asked for, CNAME, NS or DNAME.
    #[serde(rename = "type")]
    pub rtype: Option<String>,
    /// The rule in words.
    pub rule: String,
    /// Records as `TTL rdata`.
    pub records: Vec<String>,
    /// How the routing policy chose, where there is one.
    pub group: Option<GroupReport>,
}

/// What an explanation reads.
pub(crate) struct Scene<'a> {
    pub serving: &'a Serving,
    pub health: &'a dyn Fn(u32) -> Option<bool>,
}

/// What is looked for.
struct Question {
    rtype: u16,
    client: Client,
}

impl Scene<'_> {
    /// Follows the name through zones and policies as an answer would.
    pub fn explain(&self, request: &ExplainRequest, random: &mut Random) -> Result<ExplainReport, Faults> {
        let fault = |field: &str, message: String| Faults::one(field, message);
        let mut name = Name::from_text(&request.name).map_err(|error| fault("name", error.to_string()))?;
        let rtype = rtype::from_text(&request.rtype);
        let rtype = rtype.ok_or_else(|| fault("type", format!("{:?} is no record type", request.rtype)))?;
        let (client, client_from) = place(request)?;
        let question = Question { rtype, client };
        let mut steps = Vec::new();
        let mut scope = 0;
        while steps.len() < MAX_STEPS {
            let (step, next, scope_here) = self.step(&name, &question, random);
            scope = scope.max(scope_here);
            steps.push(step);
            match next {
                Some(next) => name = next,
                None => break,
            }
        }
        let generation = self.serving.snapshot.generation;
        Ok(ExplainReport { generation, client: client.address.to_string(), client_from, steps, scope })
    }

    /// One name; where a CNAME answers, the name that it leads to.
    fn step(&self, name: &Name, question: &Question, random: &mut Random) -> (Step, Option<Name>, u8) {
        let mut step = Step { name: name.to_string(), found: "no zone", ..Step::default() };
        let mut qname = QName::default();
        let zones = &self.serving.snapshot.zones;
        let above_cut = question.rtype == rtype::DS;
        qname.set(name.as_wire());
        let number = zones.find(qname.wire(), qname.starts(), usize::from(above_cut && qname.labels() > 0));
        let Some((number, zone)) = number.and_then(|number| Some((number, zones.get(number)?))) else {
            step.rule = "the name lies in no zone served here: REFUSED".into();
            return (step, None, 0);
        };
        step.zone = Some(text(zone.apex()));
        step.serial = zone.serial();
        let (found, node, wanted) = match zone.lookup(&qname, zone.hash(zone.relative(&qname)), above_cut) {
            Found::Name(node) => ("name", Some(node), question.rtype),
            Found::Wildcard(node) => ("wildcard", Some(node), question.rtype),
            Found::Cut(node) => ("delegation", Some(node), rtype::NS),
            Found::Dname(node) => ("dname", Some(node), rtype::DNAME),
            Found::Nothing => ("nothing", None, question.rtype),
        };
        step.found = found;
        let Some(node) = node else {
            step.rule = "neither the name nor a wildcard in its place exists: NXDOMAIN".into();
            return (step, None, 0);
        };
        step.node = Some(text(&node.name()));
        let Some((answering, set)) = set_of(&node, wanted) else {
            step.rule = format!("the name has no {} records: no data", rtype::to_text(wanted));
            return (step, None, 0);
        };
        step.rtype = Some(rtype::to_text(answering).into_owned());
        step.rule = rule(found, answering, question.rtype);
        let scope = self.fill(&mut step, number, (answering, set), question, random);
        let follows = answering == rtype::CNAME && question.rtype != rtype::CNAME;
        let next = follows.then(|| step.records.first()?.split_once(' ')).flatten();
        let next = next.and_then(|(_, target)| Name::from_text(target).ok());
        (step, next, scope)
    }

    /// The records of a set, by its policy's choice where it has one; the scope of that.
    fn fill(
        &self,
        step: &mut Step,
        zone: u32,
        (rtype, set): (u16, Set),
        question: &Question,
        random: &mut Random,
    ) -> u8 {
        let snapshot = &self.serving.snapshot;
        let zones: Vec<Arc<Zone>> = snapshot.zones.iter().cloned().collect();
        let mut show = |zone: u32, block: u32| {
            let records = zones.get(zone as usize).map(|zone| shown(zone, rtype, block));
            step.records.extend(records.unwrap_or_default());
        };
        let index = match set {
            Set::Block(block) => {
                show(zone, block);
                return 0;
            }
            Set::Routed(index) => index,
        };
        let derived = &self.serving.derived;
        let explain = Explain { routing: &snapshot.routing, zones: &zones, derived, health: self.health };
        let group = snapshot.routing.first_group(zone) + index;
        let (report, picked) = explain.run(group, &question.client, random);
        picked.blocks().iter().for_each(|&(zone, block)| show(zone, block));
        step.rule = report.as_ref().map_or_else(String::new, |report| format!("{}: {}", report.policy, report.rule));
        step.group = report;
        picked.scope
    }
}

fn set_of(node: &Node<'_>, wanted: u16) -> Option<(u16, Set)> {
    if wanted == rtype::ANY {
        return node.sets().next();
    }
    let own = node.set(wanted).map(|set| (wanted, set));
    own.or_else(|| node.set(rtype::CNAME).map(|set| (rtype::CNAME, set)))
}

fn rule(found: &str, answering: u16, asked: u16) -> String {
    match (found, answering) {
        ("delegation", _) => "the name is delegated: its name servers are given".into(),
        ("dname", _) => "the name lies below a DNAME: a CNAME is made from it".into(),
        (_, rtype::CNAME) if asked != rtype::CNAME => "the name is an alias of another (CNAME)".into(),
        ("wildcard", _) => "a wildcard answers in the name's place".into(),
        _ => "simple: all records, in random order".into(),
    }
}

fn place(request: &ExplainRequest) -> Result<(Client, &'static str), Faults> {
    let parse = |field: &str, text: &str| {
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let whole = address.parse::<IpAddr>().ok().map(Client::from);
        let bits = |whole: Client| length.map_or(Some(whole.bits), |length| length.parse().ok());
        let client = whole.and_then(|whole| Some(Client { bits: bits(whole)?.min(whole.bits), ..whole }));
        client.ok_or_else(|| Faults::one(field, format!("{text:?} is no address")))
    };
    match (&request.subnet, &request.client) {
        (Some(subnet), _) => Ok((parse("subnet", subnet)?, "subnet")),
        (None, Some(client)) => Ok((parse("client", client)?, "client")),
        (None, None) => Ok((IpAddr::from([127, 0, 0, 1]).into(), "none")),
    }
}

fn text(name: &[u8]) -> String {
    Name::from_wire(name).map_or_else(|error| error.to_string(), |name| name.to_string())
}
