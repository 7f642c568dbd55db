"""Start servers, load them, read what they cost, compare."""
