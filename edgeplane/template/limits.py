"""What a template may cost to read."""

FILE_OCTETS = 16 << 20
"""Largest template; some 100,000 record sets."""

DEPTH = 64
"""Maps and lists inside one another. A record set in a group needs ten."""

ALIASES = 100
"""Uses of YAML anchors (`*name`)."""

EXPANDED_NODES = 100_000
"""Values that aliases may stand for, all together: a few small aliases of aliases can stand for billions."""
