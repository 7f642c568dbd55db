//! Numbers of this crate that someone may ask "why?" of.

use edgeplane_base::Limit;

/// Responses stored for one key, told apart by `Vary`.
pub const VARIANTS: Limit = Limit {
    name: "variants of a key",
    default: 64,
    min: 1,
    max: 1_024,
    unit: "responses",
    why: "languages times encodings of a large site; a field with a value for each client must not fill the store",
};
/// How long requests for a key do not wait for one another after an answer that could not be shared.
pub const SEPARATE_MS: Limit = Limit {
    name: "separate requests",
    default: 10_000,
    min: 0,
    max: 600_000,
    unit: "milliseconds",
    why: "long enough that waiting in line costs a busy key nothing, short enough to notice that it became cacheable",
};
/// Waiting after a connection could not be taken for want of descriptors.
pub const ACCEPT_PAUSE_MS: Limit = Limit {
    name: "accept pause",
    default: 100,
    min: 1,
    max: 10_000,
    unit: "milliseconds",
    why: "long enough not to spin, short enough to take part again at once",
};
/// Octets of the memory tier.
pub const MEMORY: Limit = Limit {
    name: "edge.memory",
    default: 268_435_456,
    min: 1_048_576,
    max: 1 << 50,
    unit: "octets",
    why: "a small site's hot objects; large sites set it",
};
/// Contents that wait to be written to disk.
pub const ARCHIVE_QUEUE: Limit = Limit {
    name: "disk queue",
    default: 67_108_864,
    min: 0,
    max: 1 << 40,
    unit: "octets",
    why: "what an ordinary disk writes in half a second; it is memory beside that of the memory tier",
};
/// Stored contents with a memory file of their own.
pub const BODY_FILES: Limit = Limit {
    name: "memory files",
    default: 4_096,
    min: 0,
    max: 1_000_000,
    unit: "files",
    why: "each takes a descriptor, of which a process often has 20,000; what is left serves connections",
};
/// Shortest content that is encoded.
pub const SMALLEST_ENCODED: Limit = Limit {
    name: "smallest encoded content",
    default: 1_000,
    min: 1_000,
    max: 1_000,
    unit: "octets",
    why: "CloudFront's: shorter content fits into a packet or two as it is",
};
/// Longest content that is encoded.
pub const LARGEST_ENCODED: Limit = Limit {
    name: "largest encoded content",
    default: 10_000_000,
    min: 10_000_000,
    max: 10_000_000,
    unit: "octets",
    why: "CloudFront's: the first client waits until it is encoded",
};
/// Contents that are being encoded or wait for it, together.
pub const ENCODING_ROOM: Limit = Limit {
    name: "encoding room",
    default: 33_554_432,
    min: 10_000_000,
    max: 1 << 29,
    unit: "octets",
    why: "five seconds of one thread's encoding, the longest that anybody waits; what finds no room is sent as it is",
};
/// Clients whose requests are counted at a time.
pub const CLIENTS: Limit = Limit {
    name: "limited clients",
    default: 65_536,
    min: 4,
    max: 16_777_216,
    unit: "clients",
    why: "half a MiB; of more clients at once, those who asked least begin anew",
};
/// Connections a worker turns away with an answer at a time.
pub const TURNED_AWAY: Limit = Limit {
    name: "turned away",
    default: 64,
    min: 0,
    max: 4_096,
    unit: "connections",
    why: "they hold a descriptor each for a second at most, beyond the limit of connections; more are closed without a word",
};
