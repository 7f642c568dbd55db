"""The order of calculated checks."""

from hypothesis import given
from hypothesis import strategies as st

from edgeplane.health.models import Check, HealthCheckConfig
from edgeplane.health.tree import order, parents


def calculated(check_id: str, *children: str) -> Check:
    config = {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": children}
    return Check(0, check_id, f"path of {check_id}", HealthCheckConfig.model_validate(config))


def leaf(check_id: str) -> Check:
    return Check(0, check_id, check_id, HealthCheckConfig(Type="HTTP", IPAddress="192.0.2.1"))


def test_a_missing_child_and_a_ring_are_named() -> None:
    assert [str(one) for one in order([calculated("a", "b")])[1]] == [
        "path of a: ChildHealthChecks: there is no check b"
    ]
    _, faults = order([calculated("a", "b"), calculated("b", "c"), calculated("c", "a"), leaf("x")])
    assert len(faults) == 1
    assert "ring" in faults[0].message
    assert order([calculated("a", "a")])[1]


@given(st.data())
def test_children_come_before_parents(data: st.DataObject) -> None:
    names = [str(number) for number in range(data.draw(st.integers(1, 12)))]
    checks = [leaf("leaf")]
    for number, name in enumerate(names):
        below = data.draw(st.lists(st.sampled_from([*names[:number], "leaf"]), unique=True))
        checks.append(calculated(name, *below))
    found, faults = order(data.draw(st.permutations(checks)))
    assert not faults
    assert sorted(found) == sorted(names)
    rank = {check_id: number for number, check_id in enumerate(found)}
    for child, above in parents(checks).items():
        assert all(rank.get(child, -1) < rank[parent] for parent in above)
