"""Multivalue answers: 1,000 names, ten record sets each, of which eight go into an answer."""

from __future__ import annotations

from pathlib import Path

from scenario import Material, Scenario
from scenario.routed import material


def make(folder: Path) -> Material:
    return material(folder, "multivalue", 12, [{"MultiValueAnswer": True}] * 10, plain=8, apart=16)


SCENARIOS = [Scenario("multivalue", "1,000 names, eight of ten records each; beside: eight plain records each", make)]
