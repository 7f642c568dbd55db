"""Plan files from elsewhere: what is none is refused before anything is copied."""

import os
import re
import socket
import stat
from pathlib import Path

import pytest

from edgeplane.node import limits
from edgeplane.node.handed import copy_plan
from edgeplane.node.plans import PlanFileError

from .programs.builder import plan


def refusal(source: Path, copy: Path) -> str:
    with pytest.raises(PlanFileError, match=f"^{re.escape(str(source))}[ :]") as refused:
        copy_plan(source, copy)
    assert not copy.exists()
    return str(refused.value)


def test_a_plan_is_copied_for_its_owner_alone(tmp_path):
    source, copy = tmp_path / "site.plan", tmp_path / "next.plan"
    source.write_bytes(plan("good", 3) + bytes(3_000_000))
    source.chmod(0o644)
    copy.write_text("left over")
    copy.chmod(0o666)
    copy_plan(source, copy)
    assert copy.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    copy = tmp_path / "next.plan"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for source in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero"), tmp_path):
        assert refusal(source, copy).endswith("is no regular file")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        refusal(tmp_path / "socket", copy)
    assert "No such file" in refusal(tmp_path / "nothing", copy)


def test_what_is_too_large_or_no_plan_is_refused_unread(tmp_path):
    copy, source = tmp_path / "next.plan", tmp_path / "site.plan"
    source.write_bytes(b"EDGEPLAN")
    os.truncate(source, limits.PLAN_OCTETS + 1)
    assert refusal(source, copy).endswith(f"{limits.PLAN_OCTETS + 1} octets; {limits.PLAN_OCTETS} is the most")
    for octets in (b"", b"EDGEPLA", b"\x7fELF" + bytes(99)):
        source.write_bytes(octets)
        assert refusal(source, copy).endswith("is not a plan file")
