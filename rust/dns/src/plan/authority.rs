//! SOA and NS of a zone that templates make (Route 53's values for public zones).

use edgeplane_base::Faults;

use super::source::ZoneSource;
use crate::text::rdata_from_text;
use crate::wire::{Name, rtype};
use crate::zone::{Place, Record, ZoneBuilder};

const NS_TTL: u32 = 172_800;
const SOA_TTL: u32 = 900;
const SOA_TIMES: &str = "7200 900 1209600 86400";

/// Adds NS and SOA unless `given` says that the zone's own record sets have them.
pub(super) fn add(
    builder: &mut ZoneBuilder,
    zone: &ZoneSource,
    generation: u64,
    given: impl Fn(u16) -> bool,
) -> Result<(), Faults> {
    let apex = builder.apex().clone();
    let fault = |message: String| Faults::one(zone.path.clone(), message);
    let Some(first) = zone.name_servers.first() else {
        let own = given(rtype::NS) && given(rtype::SOA);
        let way = "add a zone file, or an AWS::Route53::HostedZone and dns.name_servers";
        return if own { Ok(()) } else { Err(fault(format!("{apex} is no zone here; {way}"))) };
    };
    let place = Place { file: builder.file(&zone.path), line: 0 };
    let mut add = |rtype: u16, ttl: u32, text: String| match rdata_from_text(rtype, &text, Some(&Name::root())) {
        Ok(rdata) => {
            builder.add(Record { owner: apex.as_wire(), rtype, ttl, rdata: &rdata }, place);
            Ok(())
        }
        Err(message) => Err(fault(format!("name_servers: {message}"))),
    };
    if !given(rtype::SOA) {
        add(rtype::SOA, SOA_TTL, soa(first, generation).map_err(fault)?)?;
    }
    if !given(rtype::NS) {
        for server in &zone.name_servers {
            add(rtype::NS, NS_TTL, server.clone())?;
        }
    }
    Ok(())
}

/// First server, hostmaster of its domain, and the generation as serial, which wraps as RFC 1982 wants.
fn soa(first: &str, generation: u64) -> Result<String, String> {
    let server = Name::from_text(first).map_err(|error| format!("name_servers: {first:?}: {error}"))?;
    let domain = server.parent().unwrap_or_else(Name::root);
    let domain = if domain == Name::root() { String::new() } else { domain.to_string() };
    Ok(format!("{server} hostmaster.{domain} {} {SOA_TIMES}", generation as u32))
}
