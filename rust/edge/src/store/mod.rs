//! Where responses are kept: the memory tier, the disk tier, generations.
