"""How much of a fault a run goes through: a part always, all of it with EDGEPLANE_LONG=1 (`make faults`)."""

from __future__ import annotations

import os

LONG = os.environ.get("EDGEPLANE_LONG") == "1"


def measure(usual: int, long: int) -> int:
    """The one or the other."""
    return long if LONG else usual
