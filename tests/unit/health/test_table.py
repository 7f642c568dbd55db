"""The core's table, where the core is built, against the layout as ARCHITECTURE has it."""

import fcntl
import os
import struct

import pytest

from edgeplane.health.table import heartbeat_age, open_table

SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


def test_what_is_set_stands_in_the_memory() -> None:
    fd = os.memfd_create("health", os.MFD_ALLOW_SEALING)
    os.write(fd, b"EPHEALTH" + struct.pack("<IIQQ", 1, 9, 0, 0) + bytes(32) + bytes(9))
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    table = open_table(os.dup(fd))
    table.set(8, 2)
    table.publish()
    table.beat(123_456)
    assert table.get(8) == 2
    assert os.pread(fd, 73, 0) == b"EPHEALTH" + struct.pack("<IIQQ", 1, 9, 1, 123_456) + bytes(32) + bytes(8) + b"\2"
    with pytest.raises((IndexError, ValueError)):
        table.get(9)
    os.close(fd)


def test_the_heartbeat_s_age_is_read_without_the_core() -> None:
    fd = os.memfd_create("health")
    assert heartbeat_age(fd, 5.0) is None, "no table yet"
    os.write(fd, b"EPHEALTH" + struct.pack("<IIQQ", 1, 9, 0, 0))
    assert heartbeat_age(fd, 5.0) is None, "no beat yet"
    os.pwrite(fd, struct.pack("<Q", 2_500), 24)
    assert heartbeat_age(fd, 5.0) == 2.5
    os.close(fd)
