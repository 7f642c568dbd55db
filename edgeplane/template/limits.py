"""What a template may cost to read."""

FILE_OCTETS = 16 << 20
"""Largest template; some 100,000 record sets."""

DEPTH = 64
"""Maps and lists inside one another. A record set in a group needs ten."""

ALIASES = 100
"""Uses of YAML anchors (`*name`)."""

EXPANDED_NODES = 100_000
"""Values that aliases may stand for, all together: a few small aliases of aliases can stand for billions."""

PARAMETER = 4_096
"""Longest value of a parameter, in characters: CloudFormation's own limit (its quotas, "Parameter values")."""

TEXT = 1 << 18
"""Longest text that `Fn::Sub` or `Fn::Join` gives, in characters: that of the longest rdata, 65,535 octets (RFC 1035,
section 3.2.1), when it is text in strings of 255 and each octet is an escape of four characters."""

GIVEN = 64 << 20
"""What the functions of one template may take and give, all together, in characters and values: four times the largest
template. A few kilobytes of `${Name}` can stand for gigabytes."""

SUGGESTIONS = 10
"""Names that lead nowhere and are compared with all others of their template, so that the right one can be told."""
