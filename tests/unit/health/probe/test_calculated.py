"""CALCULATED against every way the unknown children could turn out."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from edgeplane.health.judge import Status
from edgeplane.health.probe.calculated import calculate, describe

children = st.lists(st.sampled_from(list(Status)), max_size=7)


@given(children, st.integers(0, 9))
def test_it_is_known_when_the_unknown_children_cannot_matter(children: list[Status], threshold: int) -> None:
    ways = [(one,) if one is not Status.UNKNOWN else (Status.HEALTHY, Status.UNHEALTHY) for one in children]
    outcomes = {sum(one is Status.HEALTHY for one in way) >= threshold for way in product(*ways)}
    wanted = {(True,): Status.HEALTHY, (False,): Status.UNHEALTHY}.get(tuple(outcomes), Status.UNKNOWN)
    assert calculate(children, threshold) is wanted


@given(children)
def test_the_two_ends(children: list[Status]) -> None:
    assert calculate(children, 0) is Status.HEALTHY
    assert calculate(children, len(children) + 1) is Status.UNHEALTHY


def test_in_words() -> None:
    assert describe([Status.HEALTHY, Status.UNKNOWN], 2) == "1 of 2 children healthy, 2 needed"
