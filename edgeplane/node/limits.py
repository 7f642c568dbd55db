"""Numbers of the node that someone may ask "why?" of."""

from __future__ import annotations

from typing import Final

HEALTH_SLOTS: Final = 65_536
"""Health checks that one node can hold; the shared table is this many octets and never grows."""

LAST_GENERATION: Final = (1 << 63) - 1
"""Highest generation: what comes after it still fits into the plan file's 64 bits."""

GENERATIONS_AHEAD: Final = 1 << 31
"""An applied plan may be this far ahead of the one served: as far as a serial made from it is newer (RFC 1982)."""

OPEN_FILES: Final = 1_048_576
"""Descriptors asked for at start; where the hard limit is lower, that is taken."""

LINE_OCTETS: Final = 1 << 20
"""Longest line that the control socket reads: far more than any request, far less than harm."""

REPLY_OCTETS: Final = 256 << 20
"""Longest line between the supervisor and its children, and longest reply: lists of zones and checks."""

CLIENTS: Final = 64
"""Clients of the control socket at one time."""

CLIENT_IDLE_S: Final = 60.0
"""A client of the control socket that is silent this long is let go."""

CLIENT_WRITE_S: Final = 10.0
"""A client that does not read its reply within this time is let go."""

CALL_S: Final = 10.0
"""A child that does not answer a question about itself within this time is reported as silent."""

APPLY_S: Final = 600.0
"""A front that has not taken a plan within this time is killed; 10 M names need about a minute."""

RESTORE_S: Final = 2.0
"""A plan waits at most this long for the checker to put the states that it kept into the health table."""

PING_S: Final = 5.0
"""Time between two looks at whether front and checker still work, and for each answer of the front."""

PINGS_MISSED: Final = 6
"""A child without a sign of life at this many looks in a row hangs, and is ended: a front that does not answer after a
minute, a checker whose heartbeat stands still after half a minute."""

HEARTBEAT_OLD_S: Final = 15.0
"""A checker that beats every second and did not for this long makes the node degraded."""

EXTEND_START_S: Final = 10.0
"""Time between two messages to the service manager that the start goes on."""

FIRST_RESULTS_S: Final = 5.0
"""Ready waits at most this long for the first results of health checks."""

FIRST_RESULTS_POLL_S: Final = 0.05
"""Time between two looks at whether they are there."""

DEATHS_OF_A_PLAN: Final = 2
"""A kept plan under which the front died this often while taking it is passed over for the one before."""

PLAN_OCTETS: Final = 16 << 30
"""Largest plan file that is taken from elsewhere: some hundred million records."""

BUILD_S: Final = 3600.0
"""A builder that has not finished within this time is ended, and the reload fails."""

NICENESS: Final = 10
"""How much a build and the taking of a plan give way to answers: a tenth of a CPU that both want is left to them."""

DRAIN_S: Final = 20.0
"""Time for open connections to finish once the node is asked to stop; TimeoutStopSec of the unit is longer."""

STOP_S: Final = 5.0
"""A child that has not ended this long after it was told to is killed."""

SETTLED_S: Final = 10.0
"""A child that lived this long starts over without a pause when it dies."""

BACKOFF_FIRST_S: Final = 0.1
"""Pause before the second restart in a row; the first has none. Doubles each time."""

BACKOFF_MOST_S: Final = 5.0
"""Longest pause between restarts of a child that keeps dying."""
