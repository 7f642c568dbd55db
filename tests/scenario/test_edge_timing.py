"""`Server-Timing` says what an answer is and where its time went, as CloudFront does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..edge import cache_policy
from ..origin import Asked, response


def policy(share: float, enabled: bool = True) -> dict[str, Any]:
    """A response headers policy that samples so many percent of the answers."""
    config = {"Name": "timing", "ServerTimingHeadersConfig": {"Enabled": enabled, "SamplingRate": share}}
    return {
        "Timing": {
            "Type": "AWS::CloudFront::ResponseHeadersPolicy",
            "Properties": {"ResponseHeadersPolicyConfig": config},
        }
    }


def answer(asked: Asked) -> Iterator[bytes | float]:
    """After 0.1 s; what is stored has to be confirmed at once, and is."""
    yield 0.1
    if asked.field("If-None-Match"):
        yield b"HTTP/1.1 304 Not Modified\r\n\r\n"
        return
    fields = {"Cache_Control": "max-age=60" if asked.target == "/hit" else "max-age=0", "ETag": '"a"'}
    yield response(**fields, Server_Timing="db;dur=5")


def members(value: str) -> dict[str, str]:
    """Name → what follows it."""
    return dict(member.strip().partition(";")[::2] for member in value.split(","))


def test_an_answer_says_what_it_is_and_where_its_time_went(make_edge, origin):
    """A miss, a hit, a refreshed one; without the sample, those who ask by Pragma."""
    origin.answer = answer
    behaviour = {"ResponseHeadersPolicyId": {"Ref": "Timing"}}
    edge = make_edge(
        origin.port, 'location = "FRA1"\n', policy=cache_policy(), behaviour=behaviour, resources=policy(100)
    ).start()
    said = {
        kind: edge.fetch(path) for kind, path in [("miss", "/hit"), ("hit", "/hit"), ("old", "/x"), ("refresh", "/x")]
    }
    timed = {kind: members(reply.fields["server-timing"]) for kind, reply in said.items()}
    for kind in ("miss", "hit", "refresh"):
        assert f"cdn-cache-{kind}" in timed[kind]
        assert timed[kind]["cdn-pop"] == 'desc="FRA1"'
        assert timed[kind]["cdn-rid"] == f'desc="{said[kind].fields["x-amz-cf-id"]}"'
        assert ("cdn-hit-layer" in timed[kind]) == (kind != "miss")
        assert ("cdn-upstream-fbl" in timed[kind]) == (kind != "hit")
        assert (milliseconds(timed[kind]["cdn-downstream-fbl"]) >= 100) == (kind != "hit")
    for name in ("dns", "connect", "fbl"):
        assert (milliseconds(timed["refresh"][f"cdn-upstream-{name}"]) >= 100) == (name == "fbl")
    for share, enabled, asks, expected in [(0, True, "no", False), (0, True, "yes", True), (0, False, "yes", False)]:
        edge.distribution.resources = policy(share, enabled)
        edge.write()
        edge.do("reload")
        pragma = {"Pragma": "server-timing"} if asks == "yes" else {}
        assert ("cdn-cache-hit" in edge.fetch("/hit", **pragma).fields["server-timing"]) == expected


def milliseconds(parameter: str) -> int:
    """`dur=7`."""
    found = re.fullmatch(r"dur=(\d+)", parameter)
    assert found, parameter
    return int(found[1])
