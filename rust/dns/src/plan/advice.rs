//! What is legal in each record and yet does not work: delegations without glue or without a parent's NS, MX and NS that
//! point at aliases, names whose last dot was forgotten. Found in the compiled zones, so that zone files and templates are judged alike.

use std::collections::{BTreeSet, HashMap};

use edgeplane_base::Fault;

use crate::wire::{Name, name::suffixes, rtype};
use crate::zone::section::node::{CNAME, CUT};
use crate::zone::{Node, Set, Zone};

/// Most pieces of advice on one zone.
const MAX_REPORTED: usize = 100;

/// A zone, and the file or the resource that makes it.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    pub place: &'a str,
    pub zone: &'a Zone,
}

/// Advice on all zones of a plan.
pub(super) fn advise(zones: &[Placed<'_>]) -> Vec<Fault> {
    let served = Served(zones.iter().map(|placed| (placed.zone.apex(), *placed)).collect());
    let of_zone = |&Placed { place, zone }: &Placed<'_>| {
        let nodes = zone.nodes().flat_map(|node| served.on_node(zone, node)).map(|said| Fault::at(place, said));
        served.undelegated(zone).into_iter().chain(nodes).take(MAX_REPORTED).collect::<Vec<_>>()
    };
    zones.iter().flat_map(of_zone).collect()
}

/// The zones by apex.
struct Served<'a>(HashMap<&'a [u8], Placed<'a>>);

impl<'a> Served<'a> {
    /// The zone with the longest name around or at a name.
    fn around(&self, name: &[u8]) -> Option<Placed<'a>> {
        suffixes(name).find_map(|suffix| self.0.get(suffix).copied())
    }

    /// A zone whose parent is served here, too, and does not delegate it: resolvers that come from above never see it.
    fn undelegated(&self, zone: &Zone) -> Option<Fault> {
        let Placed { place, zone: parent } = self.around(suffixes(zone.apex()).nth(1)?)?;
        let delegated = parent.find(zone.apex()).is_some_and(|node| node.set(rtype::NS).is_some());
        let (child, above) = (shown(zone.apex()), shown(parent.apex()));
        let said = || format!("{child} is served here, but {above} has no NS records for it");
        (!delegated).then(|| Fault::at(place, said()))
    }

    fn on_node(&self, zone: &Zone, node: Node<'_>) -> Vec<String> {
        let servers = targets(zone, node, rtype::NS, 0);
        let exchanges = targets(zone, node, rtype::MX, 2);
        let named = servers.iter().map(|name| ("NS", name)).chain(exchanges.iter().map(|name| ("MX", name)));
        let aliases = named.filter(|(_, target)| self.is_alias(target)).map(|(rtype, target)| {
            let (owner, target) = (shown(&node.name()), shown(target));
            format!("{rtype} of {owner} points at {target}, which is an alias (CNAME; RFC 2181 section 10.3)")
        });
        let bare = servers.iter().filter(|server| node.is(CUT) && lacks_glue(zone, node, server)).map(|server| {
            let (cut, server) = (shown(&node.name()), shown(server));
            format!("{cut} is delegated to {server}, which lies inside it and has no address here (glue)")
        });
        bare.chain(aliases).chain(undotted(zone, node)).collect()
    }

    fn is_alias(&self, name: &[u8]) -> bool {
        self.around(name).and_then(|placed| placed.zone.find(name)).is_some_and(|node| node.is(CNAME))
    }
}

/// Names that end in the zone's own name twice: in a zone file, one without a dot at its end goes on with the origin.
fn undotted(zone: &Zone, node: Node<'_>) -> impl Iterator<Item = String> {
    let named = node.sets().filter_map(|(rtype, _)| NAMED.iter().find(|named| named.0 == rtype));
    named.flat_map(move |&(rtype, kind, skip)| {
        let twice = targets(zone, node, rtype, skip).into_iter().filter(|target| is_doubled(target, zone.apex()));
        let (owner, apart) = (node.name(), "is a dot missing at the end of that?");
        twice.map(move |target| format!("{kind} of {} points at {}; {apart}", shown(&owner), shown(&target)))
    })
}

/// Whether a name ends in a zone's, and what stands before that ends in it again.
fn is_doubled(name: &[u8], apex: &[u8]) -> bool {
    let inner = apex.strip_suffix(&[0]).unwrap_or_default();
    let is_twice = |suffix: &[u8]| suffix.strip_prefix(inner) == Some(apex);
    !inner.is_empty() && suffixes(name).any(is_twice)
}

/// Types that point at a name, and where in their rdata it begins.
const NAMED: [(u16, &str, usize); 5] = [
    (rtype::CNAME, "CNAME", 0),
    (rtype::DNAME, "DNAME", 0),
    (rtype::NS, "NS", 0),
    (rtype::MX, "MX", 2),
    (rtype::SRV, "SRV", 6),
];

/// The names in a node's records of a type, `skip` octets into the rdata; in lower case, each once.
fn targets(zone: &Zone, node: Node<'_>, rtype: u16, skip: usize) -> BTreeSet<Vec<u8>> {
    let records = blocks(zone, node, rtype).into_iter().flat_map(|block| zone.block_records(block, &node.name()));
    records.filter_map(|(_, rdata)| Some(rdata.get(skip..)?.to_ascii_lowercase())).collect()
}

/// The blocks of a type at a node, whichever a policy would choose; an alias has none of its own.
fn blocks(zone: &Zone, node: Node<'_>, rtype: u16) -> Vec<u32> {
    match node.set(rtype) {
        Some(Set::Block(block)) => vec![block],
        Some(Set::Routed(index)) => {
            let routed = zone.routed().get(index as usize);
            routed.into_iter().flat_map(|routed| &routed.blocks).copied().filter(|&block| block != 0).collect()
        }
        None => Vec::new(),
    }
}

fn lacks_glue(zone: &Zone, cut: Node<'_>, server: &[u8]) -> bool {
    let has_address = |node: Node<'_>| node.set(rtype::A).is_some() || node.set(rtype::AAAA).is_some();
    is_below(server, &cut.name()) && !zone.find(server).is_some_and(has_address)
}

/// Whether a wire name is another one or lies below it.
fn is_below(name: &[u8], above: &[u8]) -> bool {
    suffixes(name).any(|suffix| suffix == above)
}

fn shown(name: &[u8]) -> String {
    Name::from_wire(name).map_or_else(|error| error.to_string(), |name| name.to_string())
}

#[cfg(test)]
mod tests {
    use crate::plan::source::ZoneFile;
    use crate::plan::tests::Folder;
    use crate::plan::{PlanSource, compile};

    const PARENT: &str = "$ORIGIN example.org.\n@ 5 SOA ns h 1 1 1 1 1\n@ 5 NS ns\nns 5 A 192.0.2.53\n\
        good 5 NS ns.good\nns.good 5 A 192.0.2.1\nelsewhere 5 NS ns\n";
    const CHILD: &str = "$ORIGIN child.example.org.\n@ 5 SOA ns h 1 1 1 1 1\n@ 5 NS ns\nns 5 A 192.0.2.53\n";

    fn advice(parent: &str) -> Vec<String> {
        let folder = Folder::new();
        let files = [folder.file("a.zone", &format!("{PARENT}{parent}")), folder.file("b.zone", CHILD)];
        let mut source = PlanSource {
            generation: 1,
            source: String::new(),
            health: Vec::new(),
            edge: Vec::new(),
            dns: crate::plan::source::DnsSource::default(),
        };
        source.dns.zone_files = files.map(|path| ZoneFile { path, origin: None }).into();
        let said = compile(&source, None).unwrap().warnings;
        said.iter().map(|said| said.to_string().replace(&folder.path("").display().to_string(), "")).collect()
    }

    #[test]
    fn what_works_is_not_mentioned() {
        assert_eq!(advice("child 5 NS ns.child\nns.child 5 A 192.0.2.53\nm 5 MX 1 ns\n"), [] as [&str; 0]);
    }

    #[test]
    fn what_is_legal_and_does_not_work_is() {
        for (records, said) in [
            ("", "a.zone: child.example.org. is served here, but example.org. has no NS records for it"),
            (
                "child 5 NS ns.child\n",
                "a.zone: child.example.org. is delegated to ns.child.example.org., which lies inside it and has no address here (glue)",
            ),
            (
                "child 5 NS ns\nmail 5 MX 1 alias\nalias 5 CNAME ns\n",
                "a.zone: MX of mail.example.org. points at alias.example.org., which is an alias (CNAME; RFC 2181 section 10.3)",
            ),
            (
                "child 5 NS Alias\nalias 5 CNAME ns\n",
                "a.zone: NS of child.example.org. points at alias.example.org., which is an alias (CNAME; RFC 2181 section 10.3)",
            ),
            (
                "child 5 NS ns\nwww 5 CNAME ns.example.org\n",
                "a.zone: CNAME of www.example.org. points at ns.example.org.example.org.; is a dot missing at the end of that?",
            ),
            (
                "child 5 NS ns\n@ 5 MX 10 ns.example.org\n",
                "a.zone: MX of example.org. points at ns.example.org.example.org.; is a dot missing at the end of that?",
            ),
        ] {
            assert_eq!(advice(records), [said], "{records}");
        }
    }
}
