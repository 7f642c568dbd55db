"""The core's own classes: what the services use below `edgeplane.core`."""

import os
import threading
import time

import msgpack
import pytest

from edgeplane import _core
from edgeplane.errors import ContentError, Fault


def test_a_health_table_is_shared_through_its_descriptor():
    ours = _core.HealthTable.create(3)
    theirs = _core.HealthTable.open(ours.fd)
    ours.set(2, 1)
    ours.beat(12_345)
    assert (theirs.get(2), theirs.get(0), theirs.slots, theirs.heartbeat) == (1, 0, 3, 12_345)
    assert (ours.publish(), theirs.epoch) == (1, 1)


def test_a_health_table_keeps_to_its_slots_and_states():
    table = _core.HealthTable.create(1)
    with pytest.raises(IndexError, match="the table has 1"):
        table.set(1, 1)
    with pytest.raises(IndexError):
        table.get(1)
    with pytest.raises(ValueError, match="0 unknown, 1 healthy, 2 unhealthy"):
        table.set(0, 3)


def test_a_descriptor_that_is_no_table_is_refused_and_stays_open():
    read, write = os.pipe()
    try:
        with pytest.raises(OSError, match="sealed"):
            _core.HealthTable.open(read)
        os.fstat(read)
    finally:
        os.close(read)
        os.close(write)
    with pytest.raises(OSError, match="Bad file"):
        _core.HealthTable.open(read)


def test_faults_arrive_as_pythons_own_exception(tmp_path):
    zone = tmp_path / "example.net.zone"
    zone.write_text("$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2\nx BLA\n")
    dns = {"zone_files": [{"path": str(zone), "origin": None}]}
    source = msgpack.packb({"generation": 1, "source": "test", "dns": dns})
    with pytest.raises(ContentError) as caught:
        _core.build_plan(source, tmp_path / "out.plan")
    places = [(fault.place, fault.line) for fault in caught.value.faults if isinstance(fault, Fault)]
    assert places[:2] == [(str(zone), 4), (str(zone), 5)]
    assert not (tmp_path / "out.plan").exists()


def test_other_threads_run_while_the_core_works(tmp_path):
    zone = tmp_path / "example.net.zone"
    zone.write_text("$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\n$GENERATE 1-100000 h$ A 192.0.2.1\n")
    done = threading.Event()
    worker = threading.Thread(target=lambda: (work(zone, tmp_path), done.set()))
    start = last = time.perf_counter()
    longest_wait = 0.0
    worker.start()
    while not done.is_set() and last - start < 60:
        longest_wait, last = max(longest_wait, time.perf_counter() - last), time.perf_counter()
    worker.join()
    assert longest_wait < (last - start) / 2, "the interpreter lock was held for most of the work"


def work(zone, folder) -> None:
    dns = {"zone_files": [{"path": str(zone), "origin": None}]}
    _core.build_plan(msgpack.packb({"generation": 1, "source": "test", "dns": dns}), folder / "out.plan")
