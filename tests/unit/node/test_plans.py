"""Plans on disk: a current one at every moment, generations that only grow."""

import os
import stat
import struct
from pathlib import Path

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.node.plans import (
    PlanFileError,
    PlanStore,
    difference,
    edge_document,
    edge_resources,
    read_envelope,
    serves_something,
    slots_of,
)

from .programs.builder import CHECK, plan


def candidate(store: PlanStore, generation: int) -> None:
    store.next.write_bytes(plan("good", generation))
    store.commit(store.next, generation)


def test_the_plan_before_is_kept(tmp_path):
    store = PlanStore(tmp_path)
    candidate(store, 1)
    assert list(store.kept()) == [store.current]
    candidate(store, 2)
    assert [read_envelope(path)["generation"] for path in store.kept()] == [2, 1]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_plans_are_closed_to_others_whatever_the_umask_was(tmp_path):
    before = os.umask(0)
    try:
        store = PlanStore(tmp_path)
    finally:
        os.umask(before)
    assert mode(store.directory) == 0o700
    candidate(store, 1)
    candidate(store, 2)
    for path, open_ in ((store.directory, 0o755), (store.current, 0o644), (store.previous, 0o640)):
        path.chmod(open_)
    PlanStore(tmp_path)
    assert [mode(path) for path in (store.directory, store.current, store.previous)] == [0o700, 0o600, 0o600]


def test_generations_grow_whatever_file_is_lost(tmp_path):
    store = PlanStore(tmp_path)
    candidate(store, 5)
    assert store.next_generation() == 6
    store.reserve(9)
    store.current.unlink()
    assert PlanStore(tmp_path).next_generation() == 10
    (store.directory / "generation").write_text("no number")
    candidate(store, 11)
    assert PlanStore(tmp_path).next_generation() == 12


def test_reserving_an_older_generation_changes_nothing(tmp_path):
    store = PlanStore(tmp_path)
    store.reserve(9)
    store.reserve(3)
    assert store.next_generation() == 10


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"EDGEPLAN" + tail))
def test_no_octets_are_more_than_a_fault(tmp_path_factory, octets):
    path = tmp_path_factory.getbasetemp() / "hostile.plan"
    path.write_bytes(octets)
    with pytest.raises(PlanFileError):
        read_envelope(path)


def test_a_file_that_was_cut_is_not_a_plan(tmp_path):
    whole = plan("good", 3)
    for length in range(len(whole)):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(PlanFileError):
            read_envelope(tmp_path / "cut")


def test_an_envelope_that_claims_more_than_the_file_is_not_a_plan(tmp_path):
    whole = bytearray(plan("good", 3))
    struct.pack_into("<I", whole, 12, 1 << 31)
    (tmp_path / "long").write_bytes(whole)
    with pytest.raises(PlanFileError):
        read_envelope(tmp_path / "long")


def test_a_difference_names_zones_checks_and_settings(tmp_path):
    (tmp_path / "a").write_bytes(plan("one", 3))
    old = read_envelope(tmp_path / "a")
    new = {**old, "dns": {**old["dns"], "zones": [], "settings": {"nsid": "x"}}, "health": b"\x90"}
    found = difference(old, new)
    assert found["zones"]["removed"] == ["example.net."]
    assert found["checks"]["removed"] == ["hc-1"]
    assert found["settings"] == ["nsid"]


def test_what_a_killed_builder_left_is_removed_at_the_start(tmp_path):
    directory = tmp_path / "plans"
    directory.mkdir()
    for name in ("next.plan.4711.new", "generation.new", "next.plan", "current.plan"):
        (directory / name).touch()
    PlanStore(tmp_path)
    assert [path.name for path in directory.iterdir()] == ["current.plan"]


@pytest.mark.parametrize(
    "health",
    [b"\x01", b"\xc1", b"\xc0", {}, [1], [{**CHECK, "slot": -1}], [{**CHECK, "slot": 1 << 16}],
     [{**CHECK, "slot": True}], [{**CHECK, "id": 1}], [{**CHECK, "path": None}], [{**CHECK, "config": []}],
     [{"slot": 0}]],
)  # fmt: skip
def test_checks_of_no_right_shape_are_no_plan(tmp_path, health):
    (tmp_path / "odd").write_bytes(plan("odd", 3, health))
    with pytest.raises(PlanFileError, match="health checks"):
        read_envelope(tmp_path / "odd")
    assert slots_of(tmp_path / "odd") == {}


@given(st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_whatever_stands_for_checks_is_a_fault_or_readable(tmp_path_factory, health):
    path = tmp_path_factory.getbasetemp() / "hostile-checks.plan"
    try:
        packed = msgpack.packb(health)
    except OverflowError:
        return
    path.write_bytes(plan("odd", 3, packed))
    try:
        read_envelope(path)
    except PlanFileError:
        return
    slots_of(path)


def test_slots_are_kept_for_the_plan_before_too(tmp_path):
    check = [{**CHECK, "slot": slot, "id": id_} for slot, id_ in enumerate("abc")]
    (tmp_path / "previous.plan").write_bytes(plan("old", 1, check[:2]))
    (tmp_path / "current.plan").write_bytes(plan("new", 2, [None, check[1], check[2]]))
    assert slots_of(tmp_path / "current.plan") == {"a": 0, "b": 1, "c": 2}


def test_a_slot_that_another_check_has_by_now_is_not_given_back(tmp_path):
    (tmp_path / "previous.plan").write_bytes(plan("old", 1, [{**CHECK, "id": "a"}]))
    (tmp_path / "current.plan").write_bytes(plan("new", 2, [{**CHECK, "id": "z"}]))
    assert slots_of(tmp_path / "current.plan") == {"z": 0}


def test_a_counter_out_of_range_is_no_counter(tmp_path):
    store = PlanStore(tmp_path)
    for text in ("18446744073709551615", "-5", "9" * 5000):
        (store.directory / "generation").write_text(text)
        assert store.next_generation() == 1


def edge(**lists):
    return {"edge": msgpack.packb({"settings": {"domain": "edge.example", "memory": 1}, **lists})}


SITE = {"id": "E1", "path": "site.yaml: Resources.Site", "config": {"Enabled": True}}


def test_a_difference_names_resources_and_settings_of_the_edge():
    new = {**SITE, "config": {"Enabled": False}}
    other = {**SITE, "id": "P", "path": "p"}
    found = difference(edge(distributions=[SITE]), edge(distributions=[new], cache_policies=[other]))
    assert found["edge"] == {"added": ["p"], "removed": [], "changed": [SITE["path"]]}
    assert found["settings"] == []
    assert difference({}, edge())["settings"] == ["edge.domain", "edge.memory"]


def test_a_plan_with_a_distribution_alone_serves_something():
    assert serves_something(edge(distributions=[SITE]))
    assert not serves_something(edge(distributions=[]))
    assert not serves_something({})


@given(st.recursive(st.none() | st.integers(0, 9) | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_whatever_stands_for_the_edge_is_read_or_is_nothing(document):
    for packed in (msgpack.packb(document), document):
        envelope = {"edge": packed}
        assert isinstance(edge_document(envelope), dict)
        assert all({"kind", "id", "path"} <= each.keys() for each in edge_resources(envelope))
        difference({}, envelope)
