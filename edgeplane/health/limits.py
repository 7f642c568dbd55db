"""Every number of the checker: default, smallest, largest, unit, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that someone may ask "why?" of."""

    default: int
    minimum: int
    maximum: int
    unit: str


# Route 53, "How Route 53 determines whether a health check is healthy"
CONNECT = Limit(4, 1, 60, "s to a TCP connection, HTTP and HTTPS")
STATUS = Limit(2, 1, 60, "s from the connection to the end of the response's head; a TLS handshake is part of it")
BODY = Limit(2, 1, 60, "s more for the string to appear")
TCP_CONNECT = Limit(10, 1, 60, "s to a TCP connection, type TCP")
HEAD = Limit(16_384, 1_024, 65_536, "bytes of response head, interim responses included")
SEARCHED = Limit(5_120, 1, 65_536, "bytes of body in which the string must lie whole")

# HealthCheckConfig
REQUEST_INTERVAL = Limit(30, 1, 3_600, "s between probes of one check")
FAILURE_THRESHOLD = Limit(3, 1, 10, "consecutive results to change the state, either way")
SEARCH_STRING = Limit(0, 1, 255, "characters")
RESOURCE_PATH = Limit(0, 0, 255, "characters")
DOMAIN_NAME = Limit(0, 1, 255, "characters")
CHECK_ID = Limit(0, 1, 256, "bytes; it is a key of the history, and LMDB's keys have 511")
CHILDREN = Limit(0, 0, 256, "children of a calculated check")

# Ours
ICMP_REPLY = Limit(4, 1, 60, "s to the echo reply, as long as an HTTP check waits for its connection")
ICMP_FOREIGN = Limit(64, 1, 1_024, "packets that are not our reply before a probe gives up on a flooding target")
LOOKUP = Limit(4, 1, 60, "s to the answer of the resolver")
LOOKUPS = Limit(64, 1, 1_024, "names looked up at the same time, each on a thread of its own")
PROBES = Limit(512, 1, 8_192, "probes at the same time; each holds one descriptor and some 300 KiB at worst")
PROBES_PER_ADDRESS = Limit(8, 1, 512, "probes at the same time against one address: we are not to be its load")
TRANSITIONS = Limit(100, 1, 10_000, "transitions kept for each check")
ABSENT = Limit(86_400, 0, 31_536_000, "s that a removed check's state is kept, in case it comes back")
REASON = Limit(200, 20, 2_000, "characters of a reason")
CONTROL_LINE = Limit(64 << 20, 1 << 16, 1 << 30, "bytes of one request: 100,000 checks fit")
HISTORY_MAP = Limit(1 << 30, 1 << 20, 1 << 36, "bytes of address space for the store; the file grows as it is used")
