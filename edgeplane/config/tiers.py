"""Where and how much the edge keeps, as plans say it."""

from __future__ import annotations

from typing import Any

from edgeplane.config.model import Edge


def tiers(edge: Edge) -> dict[str, Any]:
    """{"memory", "disk"}: what a front keeps from its start to its end."""
    disk = {"path": str(edge.disk.path), "size": edge.disk.size} if edge.disk.path else None
    return {"memory": edge.memory, "disk": disk}
