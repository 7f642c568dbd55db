//! Where content comes from: servers, directories, buckets; pools, time-outs, fail-over.
