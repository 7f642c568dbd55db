"""The state directory belongs to one node; descriptors are raised as far as the host lets them."""

import os
import resource

import pytest

from edgeplane.node.host import HostError, StateLock, raise_open_files, resident_octets


def test_a_second_lock_names_the_holder(tmp_path):
    first = StateLock(tmp_path / "var")
    with pytest.raises(HostError, match=f"process {os.getpid()}"):
        StateLock(tmp_path / "var")
    first.release()
    StateLock(tmp_path / "var").release()


def test_a_state_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HostError, match="state_dir"):
        StateLock(tmp_path / "file" / "var")


def test_open_files_are_raised_to_the_hard_limit_at_most():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
        assert raise_open_files(512) == min(512, hard)
        assert raise_open_files(300) == min(512, hard), "never lowered"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_resident_memory_is_that_of_the_process():
    assert resident_octets(os.getpid()) > 1 << 20
    assert resident_octets(0) == 0
