//! Numbers of the store that someone may ask "why?" of.

use edgeplane_base::limits;

limits! {
    /// Share of the small queue.
    S3FIFO_SMALL = "s3fifo small queue": 10, 1..=50 "percent", "Yang and others, SOSP 2023, section 4.1: 10 % is best or near it on 6,594 traces";
    /// Touches in the small queue that lead into the main one.
    S3FIFO_MOVE = "s3fifo move": 1, 1..=3 "touches", "who came back once is no one-hit wonder; with 2 the hits of order/tests.rs are 63.8 % instead of 63.7, and a scan costs nothing either way";
    /// Shards of the memory tier.
    MEMORY_SHARDS = "memory shards": 64, 1..=1024 "shards", "a lock each: with 16 threads two meet in one of 64 on one hit in four, for a few nanoseconds";
    /// Least room of a shard of the memory tier.
    MEMORY_SHARD_SIZE = "memory shard size": 8388608, 1..=1099511627776 "octets", "hashing fills shards unevenly, and less so the more objects each has; 8 MiB are 500 objects of 16 KiB";
    /// Part of its shard that one object may fill.
    MEMORY_OBJECT_SHARE = "memory object share": 2, 1..=1000 "objects a shard", "what is larger would push out everything else of its shard";
    /// Part of the memory tier that content under way may take besides.
    MEMORY_UNDER_WAY = "memory under way": 2, 1..=1000 "parts", "half of what is kept, of which long content gets half: 64 answers of 1 MiB at once beside 256 MiB; what finds no room goes to disk, or to its readers alone";
    /// Octets counted for an entry beside key and weight.
    MEMORY_ENTRY = "memory entry": 160, 160..=160 "octets", "121 at a million entries (examples/memory_cost.rs): slot 48, links and marks 32, table 6, the counts of an Arc 16, the allocator's rounding; and 34 for the memory of who left";
    /// Content from here on is kept in pages of its own.
    MEMORY_PAGES = "memory pages": 12288, 4096..=1073741824 "octets", "what may leave without being copied (SPLICE_SIZE); rounding up to whole pages adds a sixth at most on average, and less the longer it is";
    /// Content of unknown length comes into pages of its own from here on; until then its pieces stay as they came.
    MEMORY_PIECES = "memory pieces": 65536, 12288..=1073741824 "octets", "short content is put together once, into pages of just its length; a few reads of 16 KiB to look through meanwhile";
    /// Longest key of the disk tier.
    DISK_KEY = "disk key": 65536, 1..=1048576 "octets", "URL (8,192), header and cookie values (20,480) fit three times over";
    /// Longest description of an object on disk.
    DISK_META = "disk meta": 1048576, 1..=16777216 "octets", "a response head of 20,480 octets fits fifty times over";
    /// Part of the disk tier that one object may fill.
    DISK_OBJECT_SHARE = "disk object share": 4, 1..=1000 "parts", "one download must not empty the tier";
    /// Content up to which an object on disk is written anew with a new description; beyond it, that stands beside it.
    DISK_COPY = "disk copy": 65536, 0..=1099511627776 "octets", "copied in some 20 µs, about what a second file costs; a film confirmed once a minute must not be written once a minute";
    /// Part of the descriptors that objects on disk may keep open.
    DISK_OPEN_SHARE = "disk open share": 16, 2..=1000 "parts", "64 of 1,024, 4,096 of 65,536: the long files that are asked for over and over; connections come first";
    /// What is known of objects that are kept open.
    DISK_OPEN_ROOM = "disk open room": 16777216, 0..=1099511627776 "octets", "thousands of usual response heads";
    /// Octets counted for an object that is kept open, beside what was made of it.
    DISK_OPEN_ENTRY = "disk open entry": 512, 0..=65536 "octets", "the response and its subject, a slot, and the kernel's file";
    /// Pause after a fault of the disk.
    DISK_RETRY_MS = "disk retry": 10000, 1..=3600000 "milliseconds", "a full disk costs one failed file in ten seconds, a mended one is found within ten";
    /// Content read again to check it.
    DISK_SCRUB = "disk scrub": 4194304, 1..=1073741824 "octets a second", "10 GiB in 43 minutes at 3 % of what a slow disk reads";
    /// Time from the start of one check of all content to the start of the next.
    DISK_SCRUB_EVERY_MS = "disk scrub interval": 3600000, 1000..=2592000000 "milliseconds", "a small tier is not read over and over; a large one takes longer anyway";
    /// Pause of the thread that keeps the disk tier in order.
    DISK_KEEPER_MS = "disk keeper": 1000, 10..=60000 "milliseconds", "the unit of the scrub's rate";
    /// A file's place on disk is counted in these.
    DISK_BLOCK = "disk block": 4096, 512..=65536 "octets", "the block size of ext4 and XFS";
    /// Locks over the paths of the disk tier.
    DISK_STRIPES = "disk stripes": 64, 1..=4096 "locks", "held for a rename or an unlink; more than threads that do so at once";
    /// Buckets of the table of written URIs.
    WRITTEN_BUCKETS = "written buckets": 8192, 1..=1048576 "cache lines", "57,000 URIs in 512 KiB; what is asked for once in so many writes never meets a bucket that forgot";
    /// Longest path of an invalidation.
    INVALIDATION_PATH = "invalidation path": 4000, 1..=4000 "octets", "CloudFront quotas: maximum length of a path to invalidate";
    /// Longest tag.
    INVALIDATION_TAG = "invalidation tag": 256, 1..=256 "octets", "CloudFront: invalidation by cache tag";
    /// What the paths and tags of one distribution may weigh before the older half becomes an invalidation of everything.
    INVALIDATION_ROOM = "invalidation room": 2097152, 4096..=1073741824 "octets", "15,000 paths of 80 octets: five times the 3,000 that CloudFront has in flight";
    /// Octets counted for an invalidation beside its path or tag.
    INVALIDATION_ENTRY = "invalidation entry": 56, 56..=56 "octets", "pointer, sequence, parent 32, the counts of an Arc 16, the allocator's rounding";
    /// Distributions with invalidations of their own; beyond it everything fetched until then is invalid.
    INVALIDATION_DISTRIBUTIONS = "invalidation distributions": 10000, 1..=1000000 "distributions", "fifty times CloudFront's quota of an account";
    /// What the log of invalidations may hold before it is written anew.
    INVALIDATION_LOG = "invalidation log": 8388608, 4096..=1073741824 "octets", "read in some 20 ms at start; four times what one distribution may hold";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_default_is_in_its_own_range() {
        for limit in ALL {
            limit.check(limit.default).unwrap();
            assert!(!limit.why.is_empty() && !limit.unit.is_empty());
        }
    }
}
