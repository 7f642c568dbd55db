"""Weighted records: 1,000 names, four record sets each."""

from __future__ import annotations

from pathlib import Path

from scenario import Material, Scenario
from scenario.routed import material

WEIGHTS = (1, 10, 100, 255)


def make(folder: Path) -> Material:
    return material(folder, "weighted", 11, [{"Weight": weight} for weight in WEIGHTS], plain=1, apart=8)


SCENARIOS = [Scenario("weighted", "1,000 names of four weighted record sets; beside: one plain record each", make)]
