//! Who is connected: caps overall and per client prefix, and who leaves when all places are taken.
//!
//! A full prefix is refused. A full node closes the connection that has waited longest for its next query, so that
//! new clients are served and idle ones, which reconnect at no loss (RFC 7766 section 6.2.3), pay for it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The word in `Seat::waiting_since` of a connection that is not to be closed now.
const BUSY: u64 = u64::MAX;

/// How many connections are held.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// In all.
    pub total: usize,
    /// From one client prefix.
    pub per_prefix: usize,
    /// Bits of an IPv4 prefix, 0 to 32.
    pub ipv4_prefix: u8,
    /// Bits of an IPv6 prefix, 0 to 128.
    pub ipv6_prefix: u8,
}

/// What came of asking for a place.
pub enum Admission {
    /// A place.
    Taken(Ticket),
    /// A place, for which an idle connection had to go.
    TakenFromIdle(Ticket),
    /// None.
    Refused,
}

/// Which limit stands in a client's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// That of its prefix.
    Prefix,
    /// That of all.
    Node,
}

/// The connections of all threads of one service.
pub struct Connections {
    table: Mutex<Table>,
    /// Somebody left.
    left: Notify,
    /// Numbers handed out in order: ids, and the order in which connections began to wait.
    next: AtomicU64,
}

struct Table {
    caps: Caps,
    seats: HashMap<u64, Arc<Seat>>,
    prefixes: HashMap<(bool, u128), usize>,
}

struct Seat {
    prefix: (bool, u128),
    waiting_since: AtomicU64,
    leave: Notify,
}

/// A connection's place, given back when dropped.
pub struct Ticket {
    connections: Arc<Connections>,
    id: u64,
    seat: Arc<Seat>,
}

impl Connections {
    /// No connections yet.
    pub fn new(caps: Caps) -> Arc<Self> {
        let table = Table { caps, seats: HashMap::new(), prefixes: HashMap::new() };
        Arc::new(Self { table: Mutex::new(table), left: Notify::new(), next: AtomicU64::new(0) })
    }

    /// Changes the caps; who is connected stays.
    pub fn set_caps(&self, caps: Caps) {
        self.table().caps = caps;
    }

    /// How many are connected.
    pub fn len(&self) -> usize {
        self.table().seats.len()
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks for a place.
    pub fn admit(self: &Arc<Self>, client: IpAddr) -> Admission {
        let mut table = self.table();
        let prefix = table.caps.prefix(client);
        let full = table.full(prefix);
        if full == Some(Full::Prefix) || full == Some(Full::Node) && !table.evict() {
            return Admission::Refused;
        }
        let id = self.next.fetch_add(1, Relaxed);
        let ticket = self.seat(&mut table, prefix, id, id);
        if full.is_some() { Admission::TakenFromIdle(ticket) } else { Admission::Taken(ticket) }
    }

    /// Asks for a place that is never given to someone else; nobody has to go for it.
    pub fn admit_busy(self: &Arc<Self>, client: IpAddr) -> Result<Ticket, Full> {
        let mut table = self.table();
        let prefix = table.caps.prefix(client);
        match table.full(prefix) {
            Some(full) => Err(full),
            None => Ok(self.seat(&mut table, prefix, self.next.fetch_add(1, Relaxed), BUSY)),
        }
    }

    /// Ends when somebody leaves after this call.
    pub fn left(&self) -> Notified<'_> {
        self.left.notified()
    }

    fn seat(self: &Arc<Self>, table: &mut Table, prefix: (bool, u128), id: u64, waiting_since: u64) -> Ticket {
        let seat = Arc::new(Seat { prefix, waiting_since: waiting_since.into(), leave: Notify::new() });
        *table.prefixes.entry(prefix).or_default() += 1;
        table.seats.insert(id, seat.clone());
        Ticket { connections: self.clone(), id, seat }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// The connection waits for its next query from now on and may be closed.
    pub fn wait(&self) {
        self.seat.waiting_since.store(self.connections.next.fetch_add(1, Relaxed), Relaxed);
    }

    /// The connection has answers to send and stays.
    pub fn busy(&self) {
        self.seat.waiting_since.store(BUSY, Relaxed);
    }

    /// Ends when the place was given to someone else.
    pub async fn evicted(&self) {
        self.seat.leave.notified().await;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.connections.table().remove(self.id);
        self.connections.left.notify_waiters();
    }
}

impl Table {
    /// Whether one more of a prefix is too many, and why.
    fn full(&self, prefix: (bool, u128)) -> Option<Full> {
        if self.prefixes.get(&prefix).is_some_and(|&held| held >= self.caps.per_prefix) {
            return Some(Full::Prefix);
        }
        (self.seats.len() >= self.caps.total).then_some(Full::Node)
    }

    /// Closes the connection that has waited longest; false when all are busy.
    fn evict(&mut self) -> bool {
        let waiting = |seat: &Seat| seat.waiting_since.load(Relaxed);
        let oldest = self.seats.iter().min_by_key(|(_, seat)| waiting(seat));
        let Some((&id, seat)) = oldest.filter(|(_, seat)| waiting(seat) != BUSY) else {
            return false;
        };
        seat.leave.notify_one();
        self.remove(id);
        true
    }

    fn remove(&mut self, id: u64) {
        let Some(seat) = self.seats.remove(&id) else { return };
        if let Some(held) = self.prefixes.get_mut(&seat.prefix) {
            *held -= 1;
            if *held == 0 {
                self.prefixes.remove(&seat.prefix);
            }
        }
    }
}

impl Caps {
    fn prefix(&self, client: IpAddr) -> (bool, u128) {
        match client.to_canonical() {
            IpAddr::V4(address) => (false, masked(u32::from(address).into(), 32, self.ipv4_prefix)),
            IpAddr::V6(address) => (true, masked(address.into(), 128, self.ipv6_prefix)),
        }
    }
}

/// The `length` highest of an address's `bits` bits.
fn masked(address: u128, bits: u32, length: u8) -> u128 {
    address.checked_shr(bits.saturating_sub(length.into())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(total: usize, per_prefix: usize) -> Arc<Connections> {
        Connections::new(Caps { total, per_prefix, ipv4_prefix: 24, ipv6_prefix: 56 })
    }

    fn taken(connections: &Arc<Connections>, client: &str) -> Option<Ticket> {
        match connections.admit(client.parse().unwrap()) {
            Admission::Taken(ticket) => Some(ticket),
            _ => None,
        }
    }

    fn evicted(ticket: &Ticket) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(ticket.evicted()).as_mut().poll(&mut context).is_ready()
    }

    #[test]
    fn a_full_prefix_is_refused_until_a_place_is_given_back() {
        let connections = connections(100, 2);
        let (first, second) = (taken(&connections, "192.0.2.1"), taken(&connections, "192.0.2.2"));
        assert!(first.is_some() && second.is_some());
        assert!(taken(&connections, "192.0.2.3").is_none());
        let others = ["192.0.3.1", "2001:db8:0:100::1", "2001:db8:0:1ff::1"].map(|client| taken(&connections, client));
        assert!(others.iter().all(Option::is_some));
        assert!(taken(&connections, "2001:db8:0:180::1").is_none());
        drop(second);
        assert!(taken(&connections, "192.0.2.3").is_some());
        drop((first, others));
        assert!(connections.is_empty() && connections.table().prefixes.is_empty());
    }

    #[test]
    fn a_full_node_closes_whoever_waits_longest() {
        let connections = connections(3, 3);
        let tickets = ["192.0.2.1", "192.0.3.1", "192.0.4.1"].map(|client| taken(&connections, client).unwrap());
        tickets[0].busy();
        tickets[1].wait();
        let Admission::TakenFromIdle(fourth) = connections.admit("192.0.5.1".parse().unwrap()) else { panic!() };
        assert_eq!(tickets.each_ref().map(evicted), [false, false, true]);
        assert_eq!(connections.len(), 3);
        drop(tickets);
        assert_eq!(connections.len(), 1, "the place of an evicted connection is given back once");
        fourth.busy();
    }

    #[test]
    fn a_node_full_of_busy_connections_refuses() {
        let connections = connections(1, 1);
        let ticket = taken(&connections, "192.0.2.1").unwrap();
        ticket.busy();
        assert!(matches!(connections.admit("192.0.3.1".parse().unwrap()), Admission::Refused));
        connections.set_caps(Caps { total: 2, per_prefix: 1, ipv4_prefix: 0, ipv6_prefix: 0 });
        assert!(matches!(connections.admit("192.0.3.1".parse().unwrap()), Admission::Taken(_)));
        assert_eq!(connections.len(), 1, "dropped at once");
    }

    #[test]
    fn a_busy_place_is_asked_for_without_anybodys_leaving() {
        let connections = connections(3, 2);
        let ask = |client: &str| connections.admit_busy(client.parse().unwrap());
        let (first, idle) = (ask("192.0.2.1").ok().unwrap(), taken(&connections, "192.0.2.2").unwrap());
        assert_eq!(ask("192.0.2.3").err(), Some(Full::Prefix));
        let third = ask("192.0.3.1").ok().unwrap();
        assert_eq!(ask("192.0.4.1").err(), Some(Full::Node));
        assert_eq!(ask("192.0.2.3").err(), Some(Full::Prefix), "its own limit comes first");
        assert!(!evicted(&idle), "nobody had to go");
        let fourth = connections.admit("192.0.4.1".parse().unwrap());
        assert!(matches!(fourth, Admission::TakenFromIdle(_)) && evicted(&idle));
        drop(fourth);
        assert!(ask("192.0.5.1").is_ok());
        assert!(!evicted(&first) && !evicted(&third), "who is busy from the start is never asked to leave");
    }

    #[tokio::test]
    async fn who_waits_for_a_place_learns_that_one_was_given_back() {
        let connections = connections(1, 1);
        let ticket = connections.admit_busy("192.0.2.1".parse().unwrap()).ok().unwrap();
        let mut left = std::pin::pin!(connections.left());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(left.as_mut().poll(&mut context).is_pending());
        let unasked = connections.left();
        drop(ticket);
        left.await;
        unasked.await;
        assert!(connections.admit_busy("192.0.3.1".parse().unwrap()).is_ok());
    }
}
