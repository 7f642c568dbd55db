"""One file a kind of probe."""
