//! Whole groups against Route 53's documented trees and against a naive recursive oracle.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use edgeplane_base::Faults;
use edgeplane_base::random::Random;
use edgeplane_geo::PrefixTable;
use edgeplane_policy::Steering;
use edgeplane_policy::steering::RankingsBuilder;
use proptest::prelude::*;

use super::doc::{AliasDoc, CandidateDoc, GroupDoc, PolicyDoc, RankedBy};
use super::{Client, Derived, Explain, Picked, Routing};
use crate::wire::{Name, rtype};
use crate::zone::{Place, Record, RoutedSet, Zone, ZoneBuilder};

/// A candidate of a test: its own check's slot, and an address's last octet or an alias target.
#[derive(Debug, Clone)]
struct One {
    check: Option<u32>,
    leads: Leads,
}

#[derive(Debug, Clone)]
enum Leads {
    Address(u8),
    Alias(String, bool),
}

fn address(last: u8) -> One {
    One { check: None, leads: Leads::Address(last) }
}

fn checked(last: u8, slot: u32) -> One {
    One { check: Some(slot), leads: Leads::Address(last) }
}

fn alias(to: &str, evaluate: bool) -> One {
    One { check: None, leads: Leads::Alias(to.into(), evaluate) }
}

fn wire(name: &str) -> Vec<u8> {
    Name::from_text(name).unwrap().as_wire().to_vec()
}

fn routed(name: &str, policy: PolicyDoc, ones: &[One]) -> RoutedSet {
    let candidate = |one: &One| CandidateDoc {
        place: format!("site.yaml: {name}"),
        set_identifier: String::new(),
        rule: String::new(),
        check: one.check.map(|slot| slot.to_string()),
        alias: match &one.leads {
            Leads::Alias(to, evaluate) => Some(AliasDoc { target: wire(&to.to_lowercase()), evaluate: *evaluate }),
            Leads::Address(_) => None,
        },
    };
    RoutedSet {
        owner: Name::from_text(name).unwrap(),
        rtype: rtype::A,
        place: name.into(),
        doc: GroupDoc { policy, candidates: ones.iter().map(candidate).collect() }.pack(),
        candidates: ones
            .iter()
            .map(|one| match one.leads {
                Leads::Address(last) => vec![(60, vec![192, 0, 2, last])],
                Leads::Alias(..) => vec![],
            })
            .collect(),
    }
}

fn zone(apex: &str, plain: &[(&str, u16, &[u8])], sets: Vec<RoutedSet>) -> Arc<Zone> {
    let mut builder = ZoneBuilder::new(Name::from_text(apex).unwrap());
    let place = Place { file: builder.file("test"), line: 1 };
    let soa = [wire("ns.example."), wire("h.example."), vec![0; 20]].concat();
    let fixed = [(apex, rtype::SOA, soa.as_slice()), (apex, rtype::NS, b"\x02ns\x07example\x00".as_slice())];
    for &(owner, rtype, rdata) in fixed.iter().chain(plain) {
        builder.add(Record { owner: &wire(owner), rtype, ttl: 300, rdata }, place);
    }
    sets.into_iter().for_each(|set| builder.add_routed(set));
    Arc::new(Zone::open(builder.finish().unwrap().section).unwrap())
}

struct Site {
    zones: Vec<Arc<Zone>>,
    routing: Routing,
}

impl Site {
    fn of(sets: Vec<RoutedSet>) -> Self {
        Self::with(vec![zone("example.net", &[], sets)]).unwrap()
    }

    fn with(zones: Vec<Arc<Zone>>) -> Result<Self, Faults> {
        let checks = (0..32u32).map(|slot| (slot.to_string(), slot)).collect();
        let steering = HashMap::from([("regions".to_owned(), Arc::new(regions()))]);
        Ok(Self { routing: Routing::build(&zones, &steering, &checks)?, zones })
    }

    fn derive(&self, down: &[u32]) -> Derived {
        self.routing.derive(&|slot| Some(!down.contains(&slot)))
    }

    fn group(&self, name: &str) -> u32 {
        let wire = wire(name);
        let found = (0u32..).zip(&self.zones).find_map(|(number, zone)| {
            let routed = |&(_, routed): &(u32, &crate::zone::Routed)| zone.node(routed.node).name() == wire;
            let (index, _) = (0u32..).zip(zone.routed()).find(routed)?;
            Some(self.routing.first_group(number) + index)
        });
        found.unwrap()
    }

    /// Last octets of the addresses that come out in many choices.
    fn outcomes(&self, name: &str, client: &str, derived: &Derived) -> BTreeSet<u8> {
        let (group, client) = (self.group(name), Client::from(client.parse::<std::net::IpAddr>().unwrap()));
        let (mut random, mut picked) = (Random::seeded(5), Picked::default());
        let mut seen = BTreeSet::new();
        for _ in 0..400 {
            self.routing.pick(derived, group, &client, &mut random, &mut picked);
            seen.extend(picked.blocks().iter().map(|&(zone, block)| {
                let zone = &self.zones[zone as usize];
                *zone.block_records(block, zone.apex())[0].1.last().unwrap()
            }));
        }
        seen
    }

    fn answers(&self, name: &str, down: &[u32]) -> BTreeSet<u8> {
        self.outcomes(name, "10.0.0.1", &self.derive(down))
    }
}

/// Clients of 10/8 are near location 0, others near location 1.
fn regions() -> Steering {
    let mut rankings = RankingsBuilder::default();
    let (west, east) = (rankings.number(&[0, 1]), rankings.number(&[1, 0]));
    let table = PrefixTable::build([("10.0.0.0/8".parse().unwrap(), west)], east);
    Steering::new(table, rankings.finish(), 2).unwrap()
}

fn latency() -> PolicyDoc {
    PolicyDoc::Ranked { by: RankedBy::Latency, table: "regions".into() }
}

fn set<const N: usize>(octets: [u8; N]) -> BTreeSet<u8> {
    octets.into()
}

#[test]
fn weights_of_zero_answer_only_when_all_others_are_unhealthy() {
    let weights = || PolicyDoc::Weighted(vec![1, 1, 0]);
    let all = [checked(1, 0), checked(2, 1), checked(3, 2)];
    let two = [checked(1, 0), checked(2, 1), address(3)];
    let site = Site::of(vec![routed("all.example.net", weights(), &all), routed("two.example.net", weights(), &two)]);
    assert_eq!(site.answers("all.example.net", &[0, 1]), set([3]), "UUH");
    assert_eq!(site.answers("all.example.net", &[0, 1, 2]), set([1, 2]), "UUU");
    assert_eq!(site.answers("all.example.net", &[0, 2]), set([2]), "UHU");
    assert_eq!(site.answers("all.example.net", &[2]), set([1, 2]), "HHU");
    assert_eq!(site.answers("all.example.net", &[]), set([1, 2]), "HHH");
    assert_eq!(site.answers("two.example.net", &[]), set([1, 2]), "HH, third without a check");
    assert_eq!(site.answers("two.example.net", &[0, 1]), set([3]), "UU, third without a check");
    assert_eq!(site.answers("two.example.net", &[0]), set([2]), "UH, third without a check");
}

fn latency_over_weighted(evaluate: bool) -> Site {
    Site::of(vec![
        routed(
            "www.example.net",
            latency(),
            &[alias("west.example.net", evaluate), alias("east.example.net", evaluate)],
        ),
        routed("west.example.net", PolicyDoc::Weighted(vec![1, 3]), &[checked(1, 0), checked(2, 1)]),
        routed("east.example.net", PolicyDoc::Weighted(vec![1, 3]), &[checked(3, 2), checked(4, 3)]),
    ])
}

#[test]
fn an_unhealthy_branch_gives_way_to_the_next_best_region() {
    let site = latency_over_weighted(true);
    assert_eq!(site.answers("www.example.net", &[]), set([1, 2]));
    assert_eq!(site.answers("www.example.net", &[0]), set([2]));
    assert_eq!(site.answers("www.example.net", &[0, 1]), set([3, 4]), "west is out, its region's next best answers");
    assert_eq!(site.answers("www.example.net", &[0, 1, 2]), set([4]));
    assert_eq!(site.answers("www.example.net", &[0, 1, 2, 3]), set([1, 2]), "none healthy: as if all were");
    assert_eq!(site.outcomes("www.example.net", "2001:db8::1", &site.derive(&[])), set([3, 4]));
}

#[test]
fn without_evaluation_a_branch_answers_even_when_all_of_it_is_unhealthy() {
    let site = latency_over_weighted(false);
    assert_eq!(site.answers("www.example.net", &[0, 1]), set([1, 2]));
}

#[test]
fn an_alias_needs_its_own_check_and_its_target() {
    let primary = One { check: Some(7), ..alias("a.example.net", true) };
    let site = Site::of(vec![
        routed("www.example.net", PolicyDoc::Failover(vec![false, true]), &[address(9), primary]),
        routed("a.example.net", PolicyDoc::Simple, &[checked(1, 0)]),
    ]);
    assert_eq!(site.answers("www.example.net", &[]), set([1]));
    assert_eq!(site.answers("www.example.net", &[0]), set([9]));
    assert_eq!(site.answers("www.example.net", &[7]), set([9]));
    let unknown = site.routing.derive(&|_| None);
    assert_eq!(site.outcomes("www.example.net", "10.0.0.1", &unknown), set([1]), "unknown counts as healthy");
}

#[test]
fn an_alias_crosses_zones_and_finds_wildcards() {
    let target = zone("example.org", &[("*.W.example.org", rtype::A, &[192, 0, 2, 77])], vec![]);
    let first = zone(
        "example.net",
        &[],
        vec![routed("www.example.net", PolicyDoc::Simple, &[alias("any.w.Example.ORG", true)])],
    );
    let site = Site::with(vec![first, target]).unwrap();
    assert_eq!(site.answers("www.example.net", &[]), set([77]));
}

#[test]
fn scopes_of_a_chain_are_combined() {
    let site = Site::of(vec![
        routed("www.example.net", PolicyDoc::Simple, &[alias("near.example.net", true)]),
        routed("near.example.net", latency(), &[address(1), address(2)]),
    ]);
    let mut picked = Picked::default();
    let client = Client::from(std::net::IpAddr::from([10, 0, 0, 1]));
    let derived = site.derive(&[]);
    site.routing.pick(&derived, site.group("www.example.net"), &client, &mut Random::seeded(1), &mut picked);
    assert_eq!((picked.len, picked.scope), (1, 8));
}

#[test]
fn what_an_alias_must_not_do_is_said_with_its_resource() {
    let simple = |name: &str, to: &str| routed(name, PolicyDoc::Simple, &[alias(to, true)]);
    let fault = |sets: Vec<RoutedSet>| {
        let text: &[(&str, u16, &[u8])] = &[("text.example.net", rtype::TXT, b"\x01a")];
        Site::with(vec![zone("example.net", text, sets)]).err().unwrap().to_string()
    };
    assert_eq!(
        fault(vec![simple("a.example.net", "no.example.net")]),
        "site.yaml: a.example.net: AliasTarget no.example.net. does not exist in its zone"
    );
    assert_eq!(
        fault(vec![simple("a.example.net", "www.example.com")]),
        "site.yaml: a.example.net: AliasTarget www.example.com. is in no zone served here"
    );
    assert!(fault(vec![simple("a.example.net", "text.example.net")]).contains("has no record set of type A"));
    let ring = [("a", "b"), ("b", "c"), ("c", "a")];
    let ring = ring.map(|(from, to)| simple(&format!("{from}.example.net"), &format!("{to}.example.net")));
    let said = fault(ring.into());
    assert!(said.contains("form a ring: site.yaml: a.example.net → site.yaml: b.example.net"), "{said}");
    let check = One { check: Some(99), ..address(1) };
    assert!(fault(vec![routed("a.example.net", PolicyDoc::Simple, &[check])]).contains("\"99\" names no health check"));
}

#[test]
fn sixteen_aliases_may_follow_one_another_and_no_more() {
    let chain = |length: usize| {
        let link = |n: usize| {
            let ones = if n < length { [alias(&format!("n{}.example.net", n + 1), true)] } else { [address(5)] };
            routed(&format!("n{n}.example.net"), PolicyDoc::Simple, &ones)
        };
        Site::with(vec![zone("example.net", &[], (0..=length).map(link).collect())])
    };
    assert_eq!(chain(16).unwrap().answers("n0.example.net", &[]), set([5]));
    assert!(chain(17).err().unwrap().to_string().contains("more than 16 others"));
}

#[test]
fn a_tree_of_multivalue_aliases_costs_a_bounded_number_of_choices() {
    let name = |n: usize| format!("g{n}.example.net");
    let aliases = |n: usize| (0..8).map(|_| alias(&name(n + 1), true)).collect::<Vec<_>>();
    let mut sets: Vec<_> = (0..16).map(|n| routed(&name(n), PolicyDoc::Multivalue, &aliases(n))).collect();
    sets.push(routed(&name(16), PolicyDoc::Multivalue, &[address(1)]));
    let site = Site::of(sets);
    let (mut picked, derived) = (Picked::default(), site.derive(&[]));
    let client = Client::from(std::net::IpAddr::from([10, 0, 0, 1]));
    site.routing.pick(&derived, site.group(&name(0)), &client, &mut Random::seeded(1), &mut picked);
    assert_eq!(picked.len, 8, "and not 8^16 of them");
}

#[test]
fn an_explanation_shows_each_step_and_why() {
    let site = latency_over_weighted(true);
    let health = |slot: u32| (slot != 3).then_some(slot > 1);
    let derived = site.routing.derive(&health);
    let explain = Explain { routing: &site.routing, zones: &site.zones, derived: &derived, health: &health };
    let client = Client::from(std::net::IpAddr::from([10, 0, 0, 1]));
    let (report, picked) = explain.run(site.group("www.example.net"), &client, &mut Random::seeded(1));
    let report = report.unwrap();
    assert_eq!((report.policy.as_str(), report.scope, picked.scope), ("latency", 8, 8));
    let [west, east] = &report.candidates[..] else { panic!("{report:?}") };
    assert_eq!((west.healthy, west.chosen), (false, false));
    assert_eq!(west.why, "no record set of west.example.net. is healthy");
    assert!(east.healthy && east.chosen);
    let target = east.target.as_ref().unwrap();
    assert_eq!((target.name.as_str(), target.policy.as_str()), ("east.example.net.", "weighted"));
    assert_eq!(target.candidates[0].records, ["60 192.0.2.3"]);
    assert_eq!(target.candidates[1].why, "health check 3 has no result yet, which counts as healthy");
    assert_eq!(target.candidates.iter().filter(|candidate| candidate.chosen).count(), 1);
}

/// A tree of groups: group `n` may lead to groups with greater numbers alone, so that there is no ring.
fn tree() -> impl Strategy<Value = Vec<(PolicyDoc, Vec<One>)>> {
    let count = 6usize;
    let group = move |number: usize| {
        let one = (prop::option::of(0..12u32), any::<u8>(), any::<bool>(), number + 1..=count);
        (prop::collection::vec(one, 1..4), 0..3u8, prop::collection::vec(0..3u8, 4)).prop_map(
            move |(ones, kind, weights)| {
                let ones: Vec<One> = ones
                    .into_iter()
                    .map(|(check, last, evaluate, to)| One {
                        check,
                        leads: match to {
                            to if to == count || last % 2 == 0 => Leads::Address(last),
                            to => Leads::Alias(format!("g{to}.example.net"), evaluate),
                        },
                    })
                    .collect();
                match kind {
                    0 => (PolicyDoc::Weighted(weights[..ones.len()].to_vec()), ones),
                    1 => (
                        PolicyDoc::Failover([true, false][..ones.len().min(2)].to_vec()),
                        ones[..ones.len().min(2)].to_vec(),
                    ),
                    _ => (PolicyDoc::Simple, ones[..1].to_vec()),
                }
            },
        )
    };
    (0..count).map(group).collect::<Vec<_>>()
}

/// The documented rules, told by recursion over the tree.
struct Oracle<'a>(&'a [(PolicyDoc, Vec<One>)], &'a [u32]);

impl Oracle<'_> {
    fn target(name: &str) -> usize {
        name[1..2].parse().unwrap()
    }

    fn healthy(&self, one: &One) -> bool {
        let own = one.check.is_none_or(|slot| !self.1.contains(&slot));
        own && match &one.leads {
            Leads::Alias(to, true) => self.0[Self::target(to)].1.iter().any(|one| self.healthy(one)),
            _ => true,
        }
    }

    fn answers(&self, group: usize) -> BTreeSet<u8> {
        let (policy, ones) = &self.0[group];
        let health: Vec<bool> = ones.iter().map(|one| self.healthy(one)).collect();
        let health = if health.contains(&true) { health } else { vec![true; ones.len()] };
        let healthy: Vec<usize> = (0..ones.len()).filter(|&n| health[n]).collect();
        let chosen: Vec<usize> = match policy {
            PolicyDoc::Weighted(weights) => {
                let heavy: Vec<usize> = healthy.iter().copied().filter(|&n| weights[n] > 0).collect();
                if heavy.is_empty() { healthy } else { heavy }
            }
            PolicyDoc::Failover(_) => healthy[..1].to_vec(),
            _ => healthy,
        };
        chosen
            .into_iter()
            .flat_map(|n| match &ones[n].leads {
                Leads::Address(last) => set([*last]),
                Leads::Alias(to, _) => self.answers(Self::target(to)),
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn trees_answer_as_the_oracle_says(tree in tree(), down in prop::collection::vec(0..12u32, 0..10)) {
        let sets = tree.iter().enumerate().map(|(n, (policy, ones))| routed(&format!("g{n}.example.net"), policy.clone(), ones));
        let site = Site::of(sets.collect());
        let oracle = Oracle(&tree, &down);
        for group in 0..tree.len() {
            let seen = site.answers(&format!("g{group}.example.net"), &down);
            let expected = oracle.answers(group);
            prop_assert!(!seen.is_empty() && seen.is_subset(&expected), "{seen:?} of {expected:?}");
            if expected.len() <= 3 {
                prop_assert_eq!(seen, expected);
            }
        }
    }
}
