//! Numbers of this crate that someone may ask "why?" of.

use edgeplane_base::limits;

limits! {
    /// Responses stored for one key, told apart by `Vary`.
    VARIANTS = "variants of a key": 64, 1..=1024 "responses", "languages times encodings of a large site; a field with a value for each client must not fill the store";
    /// What is known of the variants of a key on disk.
    VARIANT_LIST = "list of variants": 65536, 4096..=524288 "octets", "a KiB for each of 64; it is written anew when one comes, and a client's long fields must not make that dear";
    /// Length of a slice.
    SLICE = "slice": 1048576, 65536..=2097152 "octets", "the usual one beside nginx's slice module; a fetch's round trip is little beside it, and memory of any size keeps several";
    /// Stored beginning that is copied into the whole when the rest comes.
    COMPLETED = "completed content": 65536, 0..=1048576 "octets", "copied in some 5 µs; a longer one is fetched anew, for copying it would hold up the thread";
    /// How long requests for a key do not wait for one another after an answer that could not be shared.
    SEPARATE_MS = "separate requests": 10000, 0..=600000 "milliseconds", "long enough that waiting in line costs a busy key nothing, short enough to notice that it became cacheable";
    /// Waiting after a connection could not be taken for want of descriptors.
    ACCEPT_PAUSE_MS = "accept pause": 100, 1..=10000 "milliseconds", "long enough not to spin, short enough to take part again at once";
    /// Threads of a worker for what waits for a disk or a resolver.
    BLOCKING_THREADS = "blocking threads": 64, 4..=512 "threads", "as many reads as an ordinary disk takes at once, and a few slow names beside them; what finds none waits in line";
    /// Octets of the memory tier.
    MEMORY = "edge.memory": 268435456, 1048576..=1125899906842624 "octets", "a small site's hot objects; large sites set it";
    /// What waits to be written to disk.
    ARCHIVE_QUEUE = "disk queue": 67108864, 0..=1125899906842624 "octets", "what an ordinary disk writes in half a second; it is memory beside that of the memory tier";
    /// Octets counted for a job that waits for the disk, beside key, description and content.
    ARCHIVE_JOB = "disk job": 512, 0..=65536 "octets", "the response and what it can be invalidated by, beside their texts, and the queue's own";
    /// Shortest content that is encoded.
    SMALLEST_ENCODED = "smallest encoded content": 1000, 1000..=1000 "octets", "CloudFront's: shorter content fits into a packet or two as it is";
    /// Longest content that is encoded.
    LARGEST_ENCODED = "largest encoded content": 10000000, 10000000..=10000000 "octets", "CloudFront's: the first client waits until it is encoded";
    /// Contents that are being encoded or wait for it, together.
    ENCODING_ROOM = "encoding room": 33554432, 10000000..=1125899906842624 "octets", "five seconds of one thread's encoding, the longest that anybody waits; what finds no room is sent as it is";
    /// Interim responses of an origin that wait for their client.
    INTERIM_RESPONSES = "interim responses": 16, 1..=1024 "responses", "servers send one or two; what a client does not take helps it no more";
    /// Time between two lines of the log about failures of one origin.
    FAILURE_LINE_MS = "origin failures in the log": 1000, 1..=60000 "milliseconds", "a flood of requests for what fails must not be a flood of lines, nor take the place of other events";
    /// Clients whose requests are counted at a time.
    CLIENTS = "limited clients": 65536, 4..=16777216 "clients", "half a MiB; of more clients at once, those who asked least begin anew";
    /// Time in which nothing moves in a tunnel, after which it is closed.
    TUNNEL_IDLE_S = "idle tunnel": 600, 1..=86400 "seconds", "CloudFront's, for WebSocket; clients that mean to stay send pings";
    /// Time in which nothing moves in a tunnel of which one side has ended.
    TUNNEL_GRACE_S = "half-closed tunnel": 10, 1..=600 "seconds", "what is on its way arrives; a client that does not end its own side holds a place no longer";
    /// Newcomers of a worker that wait for the place of an idle connection, at a time.
    NEWCOMERS = "newcomers": 64, 0..=4096 "connections", "they hold a descriptor each, beyond the limit of connections, until an idle one is gone, as a rule within a millisecond; more are turned away";
    /// Connections a worker turns away with an answer at a time.
    TURNED_AWAY = "turned away": 64, 0..=4096 "connections", "they hold a descriptor each for a second at most, beyond the limit of connections; more are closed without a word";
}
