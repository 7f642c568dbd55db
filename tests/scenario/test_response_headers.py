"""Response headers policies on what comes from the store: the same fields as on what comes from the origin."""

from typing import Any

import pytest

from ..origin import response

LINES = {"age", "cache-status", "connection", "content-length", "date", "via", "x-amz-cf-id", "x-cache"}
"""What differs between two answers, and what every answer has."""


def policy(**config: Any) -> dict[str, Any]:
    """A template's resource."""
    properties = {"ResponseHeadersPolicyConfig": {"Name": "own"} | config}
    return {"Headers": {"Type": "AWS::CloudFront::ResponseHeadersPolicy", "Properties": properties}}


def custom(name: str, value: str, override: bool) -> dict[str, Any]:
    return {"Header": name, "Value": value, "Override": override}


def security() -> dict[str, Any]:
    items = [custom("X-Own", "own", True), custom("X-Kind", "own", False), custom("X-New", "new", False)]
    hsts = {"AccessControlMaxAgeSec": 63_072_000, "IncludeSubdomains": True, "Override": True}
    return {
        "CustomHeadersConfig": {"Items": items},
        "RemoveHeadersConfig": {"Items": [{"Header": "X-Powered-By"}]},
        "SecurityHeadersConfig": {"StrictTransportSecurity": hsts, "ContentTypeOptions": {"Override": True}},
    }


def cors() -> dict[str, Any]:
    allowed = {"Items": ["https://a.example"]}
    return {
        "CorsConfig": {
            "AccessControlAllowCredentials": False,
            "AccessControlAllowHeaders": {"Items": ["*"]},
            "AccessControlAllowMethods": {"Items": ["GET"]},
            "AccessControlAllowOrigins": allowed,
            "OriginOverride": True,
        }
    }


def said(reply: Any) -> dict[str, str]:
    return {name: value for name, value in reply.fields.items() if name.lower() not in LINES}


@pytest.fixture
def served(make_edge, origin):
    """A node whose distribution has a policy; the origin says something of everything."""
    own = {"X_Powered_By": "x", "X_Own": "origin", "X_Kind": "origin", "ETag": '"1"'}
    origin.answer = lambda asked: response(b"stored\n", Cache_Control="max-age=600", **own)

    def start(**config: Any):
        return make_edge(
            origin.port, resources=policy(**config), behaviour={"ResponseHeadersPolicyId": {"Ref": "Headers"}}
        ).start()

    return start


def test_a_hit_says_what_the_miss_said(served, origin):
    edge = served(**security())
    miss, hit = edge.fetch("/a"), edge.fetch("/a")
    assert (miss.fields["x-cache"], hit.fields["x-cache"]) == ("Miss from cloudfront", "Hit from cloudfront")
    assert said(miss) == said(hit)
    fields = said(hit)
    assert (fields["x-own"], fields["x-kind"], fields["x-new"]) == ("own", "origin", "new")
    assert fields["strict-transport-security"] == "max-age=63072000; includeSubDomains"
    assert "x-powered-by" not in fields
    assert hit.content == b"stored\n"
    assert origin.count == 1
    head = edge.fetch("/a", method="HEAD")
    assert said(head) == fields
    assert (head.fields["content-length"], head.content) == ("7", b"")


def test_a_reload_changes_what_hits_say(served, origin):
    edge = served(**security())
    assert [edge.fetch("/a").fields["x-own"] for _ in range(2)] == ["own"] * 2
    edge.distribution.resources = policy(CustomHeadersConfig={"Items": [custom("X-Own", "other", True)]})
    edge.write()
    edge.do("reload")
    changed = [edge.fetch("/a").fields for _ in range(2)]
    assert [fields["x-own"] for fields in changed] == ["other"] * 2
    assert all("x-new" not in fields and fields["x-powered-by"] == "x" for fields in changed)
    assert origin.count == 1


def test_cors_is_for_requests_with_an_origin(served, origin):
    edge = served(**security(), **cors())
    edge.fetch("/a")
    allowed = [
        edge.fetch("/a", **named).fields.get("access-control-allow-origin")
        for named in ({}, {"Origin": "https://a.example"}, {"Origin": "https://b.example"}, {})
    ]
    assert allowed == [None, "https://a.example", None, None]
    assert origin.count == 1


def test_preconditions_and_ranges_are_heeded_beside_a_policy(served):
    edge = served(**security())
    edge.fetch("/a")
    assert edge.fetch("/a", **{"If-None-Match": '"1"'}).status == 304
    part = edge.fetch("/a", Range="bytes=1-2")
    assert (part.status, part.content, part.fields["x-own"]) == (206, b"to", "own")


def test_what_each_answer_gets_anew_is_the_policys_to_take(served):
    """Removing `Via` means the edge's own, on hits as on misses."""
    edge = served(RemoveHeadersConfig={"Items": [{"Header": "Via"}, {"Header": "X-Powered-By"}]})
    assert ["via" in edge.fetch("/a").fields for _ in range(3)] == [False] * 3
