"""Generated zones and questions: edgeplane answers as BIND, Knot and NSD do.

EDGEPLANE_CONFORMANCE_ZONES sets how many sets of zones (300), EDGEPLANE_CONFORMANCE_SEED the first seed (0).
"""

import os

from .ask import Question
from .court import Court, court
from .variants import VARIANTS
from .verdict import Case, faults, told
from .zones import ZoneSet, generate

SETS = int(os.environ.get("EDGEPLANE_CONFORMANCE_ZONES", "300"))
FIRST = int(os.environ.get("EDGEPLANE_CONFORMANCE_SEED", "0"))
SHOWN = 10
"""Wrong answers that a report shows."""
ENOUGH = 300
"""Sets among which every variant must come up."""


def test_answers_are_those_of_the_judges(tmp_path):
    sets = [generate(seed) for seed in range(FIRST, FIRST + SETS)]
    used: set[str] = set()
    with court(tmp_path / "court", {name: text for each in sets for name, text in each.zones.items()}) as judged:
        wrong = [report for each in sets for report in verdicts(judged, each, used)]
    assert not wrong, f"{len(wrong)} answers are wrong\n" + "\n\n".join(wrong[:SHOWN])
    if SETS >= ENOUGH:
        assert {variant.name for variant in VARIANTS} == used, "variants that no question needs must go"


def verdicts(judged: Court, zones: ZoneSet, used: set[str]) -> list[str]:
    """Reports of the wrong answers about one set. What was truncated is asked again over TCP."""
    cases = judged.hear(zones.questions, zones.zones)
    again = [case.question for case in cases if truncated(case)]
    cases += judged.hear(again, zones.zones, tcp=True)
    found = [(case, faults(case, VARIANTS, used)) for case in cases]
    return [f"seed {zones.seed}: {told(case, why)}" for case, why in found if why]


def truncated(case: Case) -> bool:
    """Whether anyone's answer did not fit."""
    return case.ours.tc or any(answer.tc for answer in case.judges.values())


def test_a_seed_gives_the_same_zones_and_questions():
    assert generate(7) == generate(7)
    assert generate(7).questions != generate(8).questions
    assert all(isinstance(question, Question) for question in generate(7).questions)
