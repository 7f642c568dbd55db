//! The health table: one byte a check, in memory that the checker writes and serving processes read.
//!
//! Layout, little-endian: `"EPHEALTH"` · u32 layout = 1 · u32 slots · u64 epoch · u64 checker heartbeat · 32 octets of
//! zero · one octet a slot.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use edgeplane_net::shared::SharedMemory;

const MAGIC: u64 = u64::from_le_bytes(*b"EPHEALTH");
const LAYOUT: u64 = 1;
const HEADER_WORDS: usize = 8;
/// Words of the header.
const LAYOUT_AND_SLOTS: usize = 1;
const EPOCH: usize = 2;
const HEARTBEAT: usize = 3;

/// What is known of a check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum HealthState {
    /// Not probed yet. Healthy for DNS and for origins, unhealthy for accelerator endpoints.
    #[default]
    Unknown = 0,
    /// Its target answers.
    Healthy = 1,
    /// Its target does not answer.
    Unhealthy = 2,
}

impl HealthState {
    /// For people: `unknown`, `healthy`, `unhealthy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl From<u8> for HealthState {
    fn from(octet: u8) -> Self {
        match octet {
            1 => Self::Healthy,
            2 => Self::Unhealthy,
            _ => Self::Unknown,
        }
    }
}

/// A table of states in shared memory.
#[derive(Debug)]
pub struct HealthTable {
    memory: SharedMemory,
}

impl HealthTable {
    /// A new table, all states unknown, whose descriptor can be handed to other processes.
    pub fn create(slots: u32) -> io::Result<Self> {
        let memory = SharedMemory::create(c"edgeplane-health", HEADER_WORDS, slots as usize)?;
        let table = Self { memory };
        table.store(LAYOUT_AND_SLOTS, LAYOUT | u64::from(slots) << 32);
        table.store(0, MAGIC);
        Ok(table)
    }

    /// The table behind a descriptor; `InvalidData` when it is not one, or could shrink under its readers.
    pub fn open(fd: OwnedFd) -> io::Result<Self> {
        let table = Self { memory: SharedMemory::open(fd, HEADER_WORDS)? };
        let slots = table.memory.bytes().len() as u64;
        if table.load(0) == MAGIC && table.load(LAYOUT_AND_SLOTS) == LAYOUT | slots << 32 {
            return Ok(table);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "the descriptor is not a health table of this release"))
    }

    /// The descriptor, to be handed to a child.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.memory.fd()
    }

    /// Number of slots.
    pub fn slots(&self) -> u32 {
        self.memory.bytes().len() as u32
    }

    /// The state in a slot; unknown where there is none.
    pub fn state(&self, slot: u32) -> HealthState {
        self.slot(slot).map_or(HealthState::Unknown, |octet| octet.load(Ordering::Acquire).into())
    }

    /// Stores a state; false when there is no such slot. `bump` tells the readers.
    pub fn set(&self, slot: u32, state: HealthState) -> bool {
        self.slot(slot).map(|octet| octet.store(state as u8, Ordering::Release)).is_some()
    }

    /// Moves when states moved.
    pub fn epoch(&self) -> u64 {
        self.load(EPOCH)
    }

    /// Adds one to the epoch; returns the new one.
    pub fn bump(&self) -> u64 {
        // One process writes the epoch, so that load and store need not be one step; the number is little-endian.
        let next = self.epoch().wrapping_add(1);
        self.store(EPOCH, next);
        next
    }

    /// When the checker last said that it lives: CLOCK_MONOTONIC in milliseconds.
    pub fn heartbeat(&self) -> u64 {
        self.load(HEARTBEAT)
    }

    /// Says that the checker lives.
    pub fn set_heartbeat(&self, milliseconds: u64) {
        self.store(HEARTBEAT, milliseconds);
    }

    fn slot(&self, slot: u32) -> Option<&AtomicU8> {
        self.memory.bytes().get(slot as usize)
    }

    fn load(&self, word: usize) -> u64 {
        self.memory.words().get(word).map_or(0, |word: &AtomicU64| u64::from_le(word.load(Ordering::Acquire)))
    }

    fn store(&self, word: usize, value: u64) {
        if let Some(word) = self.memory.words().get(word) {
            word.store(value.to_le(), Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(table: &HealthTable) -> HealthTable {
        HealthTable::open(table.fd().try_clone_to_owned().unwrap()).unwrap()
    }

    #[test]
    fn what_one_process_writes_the_other_reads() {
        let writer = HealthTable::create(5).unwrap();
        let reader = other(&writer);
        assert_eq!(
            (reader.slots(), reader.state(4), reader.epoch(), reader.heartbeat()),
            (5, HealthState::Unknown, 0, 0)
        );
        assert!(writer.set(4, HealthState::Unhealthy) && writer.set(0, HealthState::Healthy));
        assert!(!writer.set(5, HealthState::Healthy));
        writer.set_heartbeat(1 << 40);
        assert_eq!(writer.bump(), 1);
        let states = [0, 3, 4, 5].map(|slot| reader.state(slot));
        assert_eq!(states, [HealthState::Healthy, HealthState::Unknown, HealthState::Unhealthy, HealthState::Unknown]);
        assert_eq!((reader.epoch(), reader.heartbeat()), (1, 1 << 40));
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let table = HealthTable::create(3).unwrap();
        table.set(1, HealthState::Unhealthy);
        table.bump();
        table.set_heartbeat(0x0102);
        let mut octets = vec![0; 67];
        let mut file = std::fs::File::from(table.fd().try_clone_to_owned().unwrap());
        io::Seek::rewind(&mut file).unwrap();
        io::Read::read_exact(&mut file, &mut octets).unwrap();
        assert_eq!(&octets[..24], b"EPHEALTH\x01\0\0\0\x03\0\0\0\x01\0\0\0\0\0\0\0");
        assert_eq!(&octets[24..34], b"\x02\x01\0\0\0\0\0\0\0\0");
        assert_eq!(&octets[64..], [0, 2, 0]);
    }

    #[test]
    fn another_kind_of_memory_is_refused() {
        let refused = |memory: &SharedMemory| {
            HealthTable::open(memory.fd().try_clone_to_owned().unwrap()).unwrap_err().kind()
                == io::ErrorKind::InvalidData
        };
        assert!(refused(&SharedMemory::create(c"test", HEADER_WORDS, 4).unwrap()), "no magic");
        let wrong_slots = SharedMemory::create(c"test", HEADER_WORDS, 4).unwrap();
        wrong_slots.words()[0].store(MAGIC.to_le(), Ordering::Release);
        wrong_slots.words()[1].store((LAYOUT | 5 << 32).to_le(), Ordering::Release);
        assert!(refused(&wrong_slots), "more slots than octets");
        wrong_slots.words()[1].store((2u64 | 4 << 32).to_le(), Ordering::Release);
        assert!(refused(&wrong_slots), "another layout");
    }
}
