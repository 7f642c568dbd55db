//! One fetch a key, however many wait for it.
