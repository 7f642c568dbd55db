"""Corners of the standards, one zone or family of zones each: edgeplane answers as BIND, Knot and NSD do."""

import pytest

from .corners import CORNERS
from .court import court
from .variants import CORNER_VARIANTS, VARIANTS
from .verdict import faults, told


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    zones = {name: text for corner in CORNERS.values() for name, text in corner.texts.items()}
    with court(tmp_path_factory.mktemp("corners") / "court", zones) as servers:
        yield servers


@pytest.mark.parametrize("name", CORNERS)
def test_corner(judged, name):
    corner = CORNERS[name]
    variants = CORNER_VARIANTS.get(name, ()) + VARIANTS
    used = set()
    cases = judged.hear(corner.questions, corner.texts) + judged.hear(corner.questions[:3], corner.texts, tcp=True)
    wrong = [told(case, found) for case in cases if (found := faults(case, variants, used))]
    assert not wrong, "\n\n".join(wrong)
    assert {variant.name for variant in CORNER_VARIANTS.get(name, ())} <= used, (
        "variants that no question needs must go"
    )


def test_every_variant_belongs_to_a_corner():
    assert set(CORNER_VARIANTS) <= set(CORNERS)
