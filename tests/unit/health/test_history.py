"""The store across restarts, and everything that can be wrong with it."""

import contextlib
import errno
import os
import random
from pathlib import Path

import lmdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.health import history as module
from edgeplane.health.history import FORMAT, History, Kept, decode, encode, inspect, open_environment
from edgeplane.health.judge import State, Status, Transition

statuses = st.sampled_from(list(Status))
times = st.floats(0, 4e9)
transitions = st.builds(Transition, times, statuses, statuses, st.text(max_size=20), st.integers(0, 99))
kepts = st.builds(
    Kept,
    st.builds(State, raw=statuses, status=statuses, since=times),
    st.text(max_size=20),
    st.text(max_size=20),
    st.lists(transitions, max_size=5).map(tuple),
)
SOME = Kept(State(Status.HEALTHY, Status.HEALTHY, 7.0), "fine", "target")


@given(kepts)
def test_what_is_written_is_read(kept: Kept) -> None:
    assert decode(encode(kept)) == kept


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_a_value_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(document)


@given(kepts, st.data())
def test_a_changed_byte_is_a_document_or_a_value_error(kept: Kept, data: st.DataObject) -> None:
    document = bytearray(encode(kept))
    document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        assert isinstance(decode(bytes(document)), Kept)


OLDER = (
    b"\x86\xa3raw\x02\xa6status\x01\xa5since\xcbA\xda_{\xb0 \x00\x00\xa6reason\xafHTTP status 503"
    b'\xa6target\xa8["HTTP"]\xabtransitions\x91\x95\xcbA\xda_{\xb0 \x00\x00\x02\x01\xafHTTP status 200\x03'
)
"""A document as the first release with a checker writes it; never made anew."""


def test_a_document_of_an_older_release_is_read() -> None:
    at = 1_769_860_800.5
    state = State(Status.UNHEALTHY, Status.HEALTHY, at)
    moved = Transition(at, Status.UNHEALTHY, Status.HEALTHY, "HTTP status 200", 3)
    assert decode(OLDER) == Kept(state, "HTTP status 503", '["HTTP"]', (moved,))


def filled(directory: Path, checks: int = 200) -> Path:
    store = History(directory)
    assert store.save({f"c{number}": SOME for number in range(checks)})
    store.close()
    return directory


def test_state_comes_back_and_forgotten_checks_do_not(tmp_path: Path) -> None:
    filled(tmp_path / "control")
    store = History(tmp_path / "control")
    assert len(store.load()) == 200
    assert store.save({f"c{number}": None for number in range(1, 200)} | {"never": None})
    store.close()
    assert History(tmp_path / "control").load() == {"c0": SOME}


def test_no_store_is_no_history(tmp_path: Path) -> None:
    assert History(tmp_path / "control").load() == {}
    assert list(tmp_path.iterdir()) == []


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "truncated":
        data = data[: len(data) // 2]
    elif how == "cut to a page":
        data = data[:4096]
    elif how == "noise":
        data = bytearray(random.Random(1).randbytes(len(data)))
    elif how == "noise behind the head":
        data[8192:] = random.Random(2).randbytes(len(data) - 8192)
    elif how == "zeros behind the head":
        data[8192:] = bytes(len(data) - 8192)
    else:
        data = bytearray()
    path.write_bytes(data)


@pytest.mark.parametrize(
    "how", ["truncated", "cut to a page", "noise", "noise behind the head", "zeros behind the head"]
)
def test_a_damaged_store_is_moved_aside(tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture) -> None:
    filled(tmp_path / "control")
    damage(tmp_path / "control" / "data.mdb", how)
    store = History(tmp_path / "control")
    assert store.load() == {}
    assert [one.name.split("-")[0] for one in tmp_path.iterdir()] == ["control.damaged"]
    assert "moved to" in caplog.text
    assert store.save({"a": SOME})
    store.close()
    assert History(tmp_path / "control").load() == {"a": SOME}


def test_an_empty_file_is_an_empty_store(tmp_path: Path) -> None:
    filled(tmp_path / "control")
    damage(tmp_path / "control" / "data.mdb", "emptied")
    store = History(tmp_path / "control")
    assert store.load() == {}
    assert store.save({"a": SOME})
    store.close()


def test_a_store_of_a_newer_release_is_moved_aside(tmp_path: Path) -> None:
    environment, _ = open_environment_of(filled(tmp_path / "control"))
    with environment.begin(write=True) as transaction:
        transaction.put(b"format", str(FORMAT + 1).encode())
    environment.close()
    assert (inspect(tmp_path / "control") or "").startswith("newer")
    assert History(tmp_path / "control").load() == {}
    assert [one.name.split("-")[0] for one in tmp_path.iterdir()] == ["control.newer"]


def open_environment_of(directory: Path) -> tuple[lmdb.Environment, object]:
    opened: tuple[lmdb.Environment, object] = open_environment(directory)
    return opened


def test_a_bad_document_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    environment, documents = open_environment_of(filled(tmp_path / "control", 2))
    with environment.begin(write=True, db=documents) as transaction:
        transaction.put(b"c1", b"\xc1")
        transaction.put(b"\xff", encode(SOME))
    environment.close()
    assert History(tmp_path / "control").load() == {"c0": SOME}
    assert "left out" in caplog.text


def test_a_full_disk_is_counted_logged_once_and_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = History(tmp_path / "control")

    def full(_: Path) -> None:
        raise lmdb.DiskError(os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(module, "open_environment", full)
        assert [store.save({"a": SOME}) for _ in range(3)] == [False] * 3
    assert store.errors == 3
    assert caplog.text.count("cannot be written") == 1
    assert store.save({"a": SOME})
    assert "written again" in caplog.text
    store.close()


def test_a_full_map_is_an_error_like_a_full_disk(tmp_path: Path) -> None:
    """LMDB's own limit, reached for real."""
    store = History(tmp_path / "control")
    assert store.save({"a": SOME})
    store._environment[0].set_mapsize(1 << 16)
    big = Kept(SOME.state, "x" * 4_000, "target")
    assert not store.save({f"b{number}": big for number in range(200)})
    assert store.errors == 1
    assert store.save({"c": SOME})
    store.close()


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = History(tmp_path / "file" / "control")
    assert store.load() == {}
    assert not store.save({"a": SOME})
