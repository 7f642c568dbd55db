//! Record sets with a routing policy: which of a name and type's sets answers a client.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use edgeplane_base::Faults;
use edgeplane_base::random::Random;

use crate::plan::pending::Zone;

/// Who is answered: the address that places a client (from EDNS client subnet, else the source).
#[derive(Debug, Clone, Copy)]
pub struct Client {
    /// The address.
    pub address: IpAddr,
}

/// Blocks that answer; none means that the name has no data for this client.
#[derive(Debug, Clone, Copy, Default)]
pub struct Picked {
    /// Number of the zone and offset of the block in it.
    pub blocks: [(u32, u32); 8],
    /// How many of `blocks` count.
    pub len: u8,
    /// Scope of the choice in bits of the client's address family (RFC 7871); 0 = the same for all clients.
    pub scope: u8,
}

/// What health makes of a routing: flat words that `pick` reads.
#[derive(Debug, Clone, Default)]
pub struct Derived {}

/// Prepared steering tables (stands in for the steering room's).
pub struct Steering;

/// The groups of all zones.
#[derive(Default)]
pub struct Routing {}

impl Routing {
    /// Gathers the groups of all zones; `checks` gives each health check's slot.
    pub fn build(
        zones: &[Arc<Zone>],
        steering: &HashMap<String, Arc<Steering>>,
        checks: &HashMap<String, u32>,
    ) -> Result<Self, Faults> {
        let _ = (zones, steering, checks);
        Ok(Self {})
    }

    /// Number of a zone's first group; the group's index in the zone is added to it.
    pub fn first_group(&self, zone: u32) -> u32 {
        let _ = zone;
        0
    }

    /// What health makes of all groups; `None` = nothing known, which counts as healthy.
    pub fn derive(&self, health: &dyn Fn(u32) -> Option<bool>) -> Derived {
        let _ = health;
        Derived {}
    }

    /// The blocks that answer `client`; follows alias targets, allocates nothing.
    #[inline]
    pub fn pick(
        &self,
        derived: &Derived,
        group: u32,
        client: &Client,
        random: &mut Random,
        picked: &mut Picked,
    ) {
        let _ = (derived, group, client, random);
        *picked = Picked::default();
    }
}
