"""CALCULATED: healthy when at least `HealthThreshold` children are healthy."""

from collections.abc import Sequence

from edgeplane.health.judge import Status


def calculate(children: Sequence[Status], threshold: int) -> Status:
    """What the children's shown states amount to. Unknown as long as the unknown children could decide it.

    Threshold 0 is always healthy, one above the number of children always unhealthy (Route 53, HealthThreshold).
    """
    healthy = children.count(Status.HEALTHY)
    if healthy >= threshold:
        return Status.HEALTHY
    return Status.UNKNOWN if healthy + children.count(Status.UNKNOWN) >= threshold else Status.UNHEALTHY


def describe(children: Sequence[Status], threshold: int) -> str:
    """The same for people."""
    return f"{children.count(Status.HEALTHY)} of {len(children)} children healthy, {threshold} needed"
