"""S4: whatever is wrong with configuration, content or plan file, the node says so and its last good plan answers."""

from __future__ import annotations

import os
import random
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeplane.errors import FaultsError

from ..running import until
from ..scenario.conftest import ZONE
from .load import Load

QUERIES = [("www.example.org", "A"), ("example.org", "SOA")]
SEED = 20_251_118
HEAD = struct.Struct("<8sIIQ32s")
TEMPLATE = """\
Resources:
  Zone: {Type: "AWS::Route53::HostedZone", Properties: {Name: example.net}}
  Www: {Type: "AWS::Route53::RecordSet", Properties: {HostedZoneId: !Ref Zone, Name: www.example.net, Type: A, TTL: 5,
    ResourceRecords: [192.0.2.1]}}
"""
LAUGHS = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
"""A document that is 40 million values when its aliases are followed."""


def build(node, out: Path, generation: int) -> bytes:
    """A plan file as a colleague's machine makes it."""
    command = [
        sys.executable,
        "-m",
        "edgeplane",
        "plan",
        "build",
        str(out),
        "-c",
        str(node.config),
        "-g",
        str(generation),
    ]
    subprocess.run(command, check=True, timeout=60, env=node.environ, capture_output=True)
    return out.read_bytes()


def envelope_length(plan: bytes) -> int:
    return int(HEAD.unpack_from(plan)[2])


def mutations(plan: bytes) -> Iterator[tuple[str, bytes]]:
    """Five hundred ways and more in which a plan file can be wrong: each with its name."""
    dice = random.Random(SEED)
    envelope = range(HEAD.size, HEAD.size + envelope_length(plan))
    sections = range(-(-envelope.stop // 8) * 8, len(plan))  # what fills up to them means nothing
    for at in [*range(HEAD.size), *dice.sample(envelope, 180), *dice.sample(sections, 160)]:
        flipped = bytearray(plan)
        flipped[at] ^= 1 << dice.randrange(8)
        yield f"bit flipped at {at}", bytes(flipped)
    for length in [0, 1, 8, HEAD.size - 1, HEAD.size, envelope.stop - 1, envelope.stop, len(plan) - 1]:
        yield f"cut to {length}", plan[:length]
    for length in dice.sample(range(len(plan)), 110):
        yield f"cut to {length}", plan[:length]
    yield "longer by one octet", plan + b"\0"
    yield "twice", plan + plan
    yield "zeros", bytes(len(plan))
    yield "noise", dice.randbytes(len(plan))
    yield "zone file", ZONE.encode()


@pytest.fixture
def plans(make_node, tmp_path):
    """A node that serves, and a good plan of generation 1000 for it."""
    node = make_node().start()
    return node, build(node, tmp_path / "good.plan", 1000)


def test_five_hundred_damaged_plans_are_refused_while_queries_are_answered(plans, tmp_path):
    """Every one is refused with its file or its fault named, no query notices, and a good one is taken after them."""
    node, good = plans
    bad = tmp_path / "bad.plan"
    count = 0
    with Load(node, QUERIES, rate=2000) as load:
        for name, octets in mutations(good):
            bad.write_bytes(octets)
            with pytest.raises(FaultsError) as refusal:
                node.do("apply", path=str(bad), force=True)
            assert all(fault.message for fault in refusal.value.faults), name
            count += 1
        bad.write_bytes(good)
        assert node.do("apply", path=str(bad), force=True)["generation"] == 1000
        with pytest.raises(FaultsError, match="generation 1000 is not newer"):
            node.do("apply", path=str(bad), force=True)
    assert count >= 500
    assert (load.lost, set(load.rcodes())) == (0, {"NOERROR"})
    page = node.get("/metrics")[1]
    assert f'edgeplane_reloads_total{{outcome="failed"}} {count + 1}\n' in page
    assert 'edgeplane_restarts_total{process="front"} 0\n' in page, "none of them killed the front"
    assert node.do("reload")["generation"] == 1001, "no generation was burnt by a damaged number"
    left = {path.name for path in (node.state_dir / "plans").iterdir()}
    assert left == {"current.plan", "previous.plan", "generation"}


CONTENT = {"zones/example.org.zone": ZONE, "site.yaml": TEMPLATE}
HOSTILE = [
    ("zones/example.org.zone", "", "example.org"),
    ("zones/example.org.zone", ZONE + "www 300 A\n", "example.org.zone:6"),
    ("zones/example.org.zone", ZONE + "@ 1 SOA a b 1 1 1 1 1\n", "SOA"),
    ("zones/example.org.zone", ZONE + "www 300 CNAME ns1\n", "CNAME"),
    ("zones/example.org.zone", ZONE + f"{'x' * 64} 300 A 192.0.2.1\n", "example.org.zone:6"),
    ("zones/example.org.zone", ZONE + "$INCLUDE nowhere.zone\n", "nowhere.zone"),
    ("zones/example.org.zone", ZONE + 'www 1 TXT "' + "x" * 70_000 + '"\n', "example.org.zone:6"),
    ("zones/example.org.zone", "\0" * 4096, "example.org.zone"),
    ("site.yaml", "Resources: [", "site.yaml"),
    ("site.yaml", "", "site.yaml"),
    ("site.yaml", TEMPLATE.replace("192.0.2.1", "192.0.2.256"), "Www"),
    ("site.yaml", TEMPLATE.replace("TTL: 5", "TTL: 2147483648"), "TTL"),
    ("site.yaml", TEMPLATE.replace("!Ref Zone", "!Ref Nothing"), "Nothing"),
    ("site.yaml", TEMPLATE.replace("Name: example.net", "Name: example.org"), "example.org"),
    ("site.yaml", TEMPLATE + TEMPLATE, "site.yaml"),
    ("site.yaml", LAUGHS, "site.yaml"),
]
"""(file, what it says now, what the refusal must say): a file with its line, or the resource or setting."""


def test_hostile_content_is_refused_with_its_place(make_node):
    """Every refusal names the file and line, or the resource; the last good content answers all the while."""
    node = make_node(CONTENT).start()
    queries = [*QUERIES, ("www.example.net", "A")]
    with Load(node, queries, rate=1000) as load:
        for name, text, says in HOSTILE:
            node.write(name, text)
            with pytest.raises(FaultsError) as refusal:
                node.do("reload")
            assert says in "\n".join(map(str, refusal.value.faults)), text[:200]
            node.write(name, CONTENT[name])
    assert (load.lost, set(load.rcodes())) == (0, {"NOERROR"})
    assert node.do("reload")["generation"] == len(HOSTILE) + 2


def test_a_node_never_goes_from_some_zones_to_none(node, tmp_path):
    """A valid plan without zones is likelier a mistake of whoever generates it than a wish: it is refused."""
    node.config.write_text(node.config.read_text().replace('zone_files = ["zones/*.zone"]', "zone_files = []"))
    build(node, tmp_path / "empty.plan", 1000)
    with pytest.raises(FaultsError, match="nothing would be left to serve"):
        node.do("apply", path=str(tmp_path / "empty.plan"))
    node.do("reload")
    assert node.answers("www.example.org") == ["192.0.2.1"]


def test_an_empty_folder_of_zones_is_refused(node):
    """A pattern that finds nothing is a fault, with the setting named."""
    (node.directory / "zones" / "example.org.zone").unlink()
    with pytest.raises(FaultsError, match=r"zone_files: no file matches"):
        node.do("reload")
    assert node.answers("www.example.org") == ["192.0.2.1"]


@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "gone"])
def test_a_front_that_meets_a_damaged_plan_takes_the_one_before(node, damage):
    """A kept plan that rots on the disk costs nothing when the front is started anew."""
    node.do("reload")
    current = node.state_dir / "plans" / "current.plan"
    octets = bytearray(current.read_bytes())
    octets[len(octets) // 2] ^= 1
    spoiled = {"bit": octets, "cut": octets[:-9], "empty": b""}
    current.unlink()
    if damage in spoiled:
        current.write_bytes(spoiled[damage])
    os.kill(node.child("front"), signal.SIGKILL)
    until(lambda: node.do("status")["processes"][1]["restarts"] == 1, node)
    assert node.answers("www.example.org") == ["192.0.2.1"]
    assert node.do("reload")["generation"] == 3


def test_nothing_left_of_the_state_directory_costs_no_answer(node):
    """rm -r of the plans: the running plan answers on, and the next reload makes all anew."""
    shutil.rmtree(node.state_dir / "plans")
    assert node.do("reload")["generation"] >= 1
    assert (node.state_dir / "plans" / "current.plan").exists()
    assert node.answers("www.example.org") == ["192.0.2.1"]
