"""Plans on disk: a current one at every moment, generations that only grow."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.node.plans import PlanFileError, PlanStore, difference, read_envelope

from .programs.builder import plan


def candidate(store: PlanStore, generation: int) -> None:
    store.next.write_bytes(plan("good", generation))
    store.commit(store.next, generation)


def test_the_plan_before_is_kept(tmp_path):
    store = PlanStore(tmp_path)
    candidate(store, 1)
    assert list(store.kept()) == [store.current]
    candidate(store, 2)
    assert [read_envelope(path)["generation"] for path in store.kept()] == [2, 1]


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
