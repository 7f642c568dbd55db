//! The layout of a zone section. All integers are little-endian; all offsets count from the section's first octet.
//!
//! ```text
//! header (64) · apex name, padded to 4 · node, its blocks · node, its blocks · … · blocks of routed sets ·
//! routed index · routing documents · hash table
//!
//! node    u8 length of the name without the apex · u8 flags · u8 number of sets · u8 labels before the apex ·
//!         the name without the apex, lower case, padded to 4 · sets, by type: u16 type, u16 flags, u32 block or routed number
//! block   u16 records · u16 fix-ups · u16 octets · u16 additional nodes ·
//!         fix-ups: u16 position, u16 tail, and behind the last the block's own u32 node ·
//!         additional: u32 node · the records as in a message, padded to 4
//! routed  u32 node · u16 type · u16 candidates · u32 document, u32 its length · u32 block a candidate, 0 for an alias
//! table   u32 tag, u32 node; 0 = free; linear probing; tags and places by the hash under the header's seed
//! ```
//! A node's blocks follow it in the order of its sets, so that nodes can be walked without an index. The blocks of
//! routed sets stand in the order of the routed index, so that a section can be checked in one pass.
//!
//! In a block every record's owner is `C0 0C`, or a fix-up. A *fix-up* is a compression pointer whose target is the
//! last `tail` octets of the name that the block answers for.
//!
//! The seed is zero unless the zone's names, taken so, would stand side by side in the table: whoever writes a zone could
//! choose them to make every query search long. A section with a seed says so in its first octets, so that a release
//! that knows of none refuses it and does not miss its names.

/// First octets of a section; the last one is the layout's number.
pub const MAGIC: [u8; 8] = *b"EPZONE\x00\x01";
/// First octets of a section whose header has a seed.
pub const MAGIC_SEEDED: [u8; 8] = *b"EPZONE\x00\x02";
/// Length of the header.
pub const HEADER: usize = 64;
/// Octets a slot of the hash table takes.
pub const SLOT: usize = 8;
/// Largest section: offsets have 32 bits.
pub const MAX_SECTION: usize = u32::MAX as usize;

/// Positions in the header.
pub mod header {
    /// u32: the section's length.
    pub const LENGTH: usize = 8;
    /// u32: SOA serial.
    pub const SERIAL: usize = 12;
    /// u32: number of nodes, empty non-terminals included.
    pub const NAMES: usize = 16;
    /// u32: number of records.
    pub const RECORDS: usize = 20;
    /// u32: offset of the first node.
    pub const NODES: usize = 24;
    /// u32: offset behind the last node's blocks.
    pub const NODES_END: usize = 28;
    /// u32: offset of the block for negative answers.
    pub const NEGATIVE: usize = 32;
    /// u32: offset of the routed index.
    pub const ROUTED: usize = 36;
    /// u32: number of routed sets.
    pub const ROUTED_COUNT: usize = 40;
    /// u32: offset of the hash table.
    pub const TABLE: usize = 44;
    /// u32: number of its slots.
    pub const SLOTS: usize = 48;
    /// u8: length of the apex name; u8: its labels; u8: most labels that a node has before the apex.
    pub const APEX: usize = 52;
    /// u64: seed of the hash table; 0 in a section without one.
    pub const SEED: usize = 56;
}

/// Flags of a node.
pub mod node {
    /// Delegated away: NS records, and not the apex.
    pub const CUT: u8 = 1;
    /// Below a cut or a DNAME: not authoritative data.
    pub const OCCLUDED: u8 = 2;
    /// Has a child `*`.
    pub const WILD: u8 = 4;
    /// Has a DNAME record.
    pub const DNAME: u8 = 8;
    /// Has a CNAME set.
    pub const CNAME: u8 = 16;
}

/// Flags of a set.
pub mod set {
    /// The set's number is one of the routed index, not a block.
    pub const ROUTED: u16 = 1;
}

/// Rounds up to the next multiple of four.
pub const fn padded(len: usize) -> usize {
    (len + 3) & !3
}

/// Reads a u16; 0 behind the end, which a validated section never asks for.
#[inline]
pub fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
}

/// Reads a u32; 0 behind the end, which a validated section never asks for.
#[inline]
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// Reads a u64; 0 behind the end, which a validated section never asks for.
#[inline]
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// Hash of a lower-case name, or of its part before the apex.
#[inline]
pub fn hash(name: &[u8]) -> u64 {
    seeded_hash(0, name)
}

/// The same under a seed.
#[inline]
pub fn seeded_hash(seed: u64, name: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = (name.len() as u64).wrapping_mul(K) ^ seed;
    let (chunks, rest) = name.as_chunks::<8>();
    for chunk in chunks {
        h = fold(h ^ u64::from_le_bytes(*chunk), K);
    }
    if !rest.is_empty() {
        let mut last = [0u8; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        h = fold(h ^ u64::from_le_bytes(last), K);
    }
    fold(h, 0xd6e8_feb8_6659_fd93)
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// Where probing starts: the low half of the hash, scaled to the number of slots.
#[inline]
pub fn first_slot(hash: u64, slots: u32) -> u32 {
    (((hash & 0xffff_ffff) * u64::from(slots)) >> 32) as u32
}

/// What a slot keeps of the hash.
#[inline]
pub fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}
