//! Numbers of this room that someone may ask "why?" of.

use edgeplane_base::limits;

limits! {
    /// Largest request head.
    HEAD_SIZE = "http.head_size": 20480, 1024..=65536 "octets", "CloudFront: a request may have 20,480 octets without its content";
    /// Longest request target.
    TARGET_SIZE = "http.target_size": 8192, 256..=32768 "octets", "CloudFront: a URL may have 8,192 octets; RFC 9112 section 3 asks for 8,000 at least";
    /// Fields of a request.
    FIELDS = "http.fields": 100, 10..=1000 "fields", "hyper and Apache httpd: 100; browsers send 10 to 30";
    /// Longest request content.
    CONTENT_SIZE = "http.content_size": 21474836480, 0..=1099511627776 "octets", "CloudFront: 20 GB";
    /// Time for a whole head from its first octet.
    HEAD_TIMEOUT_S = "http.head_timeout_s": 10, 1..=300 "seconds", "a head is one packet or two; who takes longer holds a place";
    /// Time without a request after which a connection is closed.
    KEEP_ALIVE_TIMEOUT_S = "http.keep_alive_timeout_s": 60, 1..=3600 "seconds", "nginx 75 s, browsers close after 60 to 300 s; an idle connection costs about 1 KiB";
    /// Time for the first request of a connection that has just come, once the server is draining.
    FIRST_REQUEST_S = "first request": 1, 1..=1 "seconds", "it is on its way, as a rule; who says nothing must not hold up the end";
    /// Smallest rate of content, in and out, while a connection waits for its client.
    RATE = "http.minimum_rate": 500, 1..=1000000 "octets a second", "Apache httpd mod_reqtimeout: MinRate=500";
    /// Seconds at the smallest rate that a client may lag with its content.
    CONTENT_GRACE_S = "http.content_grace_s": 10, 1..=300 "seconds", "a retransmission or two on a bad line";
    /// Seconds at the smallest rate that a client may lag with reading an answer.
    SEND_GRACE_S = "http.send_grace_s": 30, 1..=3600 "seconds", "the kernel reports room only when a third of a large buffer is free, which at a slow modem's rate takes a while";
    /// Time in which a client may take the last answer of a connection.
    LINGER_S = "http.linger_s": 2, 1..=60 "seconds", "an answer is lost when its connection closes with octets unread (RFC 9112 section 9.6)";
    /// Octets read and thrown away before a connection is closed.
    LINGER_SIZE = "http.linger_size": 262144, 0..=16777216 "octets", "what was on its way when the answer went out, on a fast line";
    /// Unread content that is read and thrown away so that a connection can be used again.
    DRAIN_SIZE = "http.drain_size": 65536, 0..=16777216 "octets", "cheaper than a new connection with TLS; above, the client wastes its own line";
    /// Octets of a chunk's extensions.
    CHUNK_EXTENSION = "chunk extension": 256, 256..=256 "octets", "nobody uses them (RFC 9112 section 7.1.1 asks for a limit)";
    /// Octets of all chunk extensions of a content.
    CHUNK_EXTENSIONS = "chunk extensions": 8192, 8192..=8192 "octets", "a content must not consist of them (CVE-2023-39326)";
    /// Octets of a trailer section.
    TRAILERS = "trailer section": 8192, 8192..=8192 "octets", "dropped unread (RFC 9110 section 6.5.1), so only their end matters";
    /// First size of a connection's read buffer.
    BUFFER_SIZE = "read buffer": 4096, 4096..=4096 "octets", "a browser's head with its cookies; held only while a request is under way";
    /// Largest size of a connection's read buffer.
    BUFFER_MAX_SIZE = "largest read buffer": 32768, 32768..=32768 "octets", "the largest head by default with room for what follows; a good read for content";
    /// Answers gathered for one write.
    GATHER_SIZE = "gathered answers": 16384, 16384..=16384 "octets", "one TLS record; sixteen pipelined answers of 1 KiB";
    /// Content copied behind its head rather than sent as a second piece of the same write.
    COPY_SIZE = "copied content": 4096, 4096..=4096 "octets", "copying costs less than a second piece up to about this size (measured)";
    /// Content in pages of its own that leaves without being copied.
    SPLICE_SIZE = "spliced content": 12288, 12288..=12288 "octets", "two more system calls cost what copying 8 KiB does (decision 0020)";
    /// A piece of a file that leaves by one system call.
    FILE_PIECE = "file piece": 524288, 524288..=524288 "octets", "of a file in memory: long enough to make the call free, short enough to share the thread";
    /// A piece of a file on disk that leaves by one system call.
    DISK_PIECE = "disk piece": 131072, 131072..=131072 "octets", "as far as the kernel reads ahead: whether its ends are in memory says most of it is";
    /// A piece of a file that is read for a connection that cannot send files.
    READ_PIECE = "file read": 65536, 65536..=65536 "octets", "four TLS records";
    /// Memory for answers that is kept with an idle set of buffers.
    KEPT_OUTPUT = "kept output": 20480, 20480..=20480 "octets", "gathered answers, or content that TLS has copied behind its head";
    /// Idle sets of buffers that a thread keeps.
    BENCHES = "kept buffers": 256, 256..=256 "sets", "requests under way at once; each holds about 6 KiB, and 25 KiB at most";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_in_its_own_range() {
        for limit in ALL {
            limit.check(limit.default).unwrap();
            assert!(!limit.why.is_empty() && !limit.unit.is_empty());
        }
    }
}
