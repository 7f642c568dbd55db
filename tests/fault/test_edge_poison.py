"""H6: what one client writes is in no answer that another one gets, and a private page is kept under no disguise."""

from __future__ import annotations

import socket

import pytest

from ..edge import HOST, Edge, cache_policy, heard
from ..origin import Asked, response

EVIL = "evil"
"""In every vector. The origin repeats all that it is asked, so that a key is poisoned once this arrives."""
FORWARDED = frozenset(
    {"Cache-Control", "Date", "Max-Forwards", "Pragma", "Request-Range", "Via", "Warning", "X-Forwarded-For"}
)
"""What CloudFront hands on although it is in no key ("Request and response behavior for custom origins"): an origin
that repeats it in what may be kept has to say so."""
HEADERS = FORWARDED | {
    "Accept", "Accept-Charset", "Accept-Datetime", "Accept-Language", "Authorization", "CF-Connecting-IP",
    "Client-IP", "CloudFront-Forwarded-Proto", "CloudFront-Viewer-Country", "Content-Language", "Content-Type",
    "Cookie", "DNT", "Fastly-Client-IP", "Forwarded", "Forwarded-Host", "From", "Front-End-Https", "Keep-Alive",
    "Origin", "Profile", "Proxy", "Proxy-Authorization", "Proxy-Host", "Referer", "Save-Data", "Sec-CH-UA",
    "Surrogate-Capability", "TE", "Trailer", "True-Client-IP", "User-Agent", "X-ATT-DeviceId", "X-Amz-Cf-Id",
    "X-Amz-Website-Redirect-Location", "X-Amzn-Trace-Id", "X-Backend-Host", "X-Client-IP", "X-Cluster-Client-IP",
    "X-Edge-Location", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Proto",
    "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-SSL", "X-HTTP-Host-Override",
    "X-HTTP-Method-Override", "X-Host", "X-Method-Override", "X-Original-Host", "X-Original-URL", "X-Real-IP",
    "X-Requested-With", "X-Rewrite-URL", "X-WAP-Profile", "x_forwarded_host",
}  # fmt: skip
QUERIES = (
    "a=1&evil=1", "evil=1&a=1", "a=1&evil", "a=1&&evil", "a=1&=evil", "a=1&A=evil", "a=1&%61=evil", "a=1&a%00=evil",
    "a=1&b=2?a=evil", "a=1&utm_content=evil", "a=1&aa=evil", "a=1&+a=evil",
)  # fmt: skip
"""Only `a` is in the key; each is asked for, and then `a=1` alone."""
REQUESTS = {
    "a port": "GET {path} HTTP/1.1\r\nHost: {host}:1337\r\nEvil: evil\r\n\r\n",
    "no port but a colon": "GET {path} HTTP/1.1\r\nHost: {host}:\r\nEvil: evil\r\n\r\n",
    "another host in the target": "GET http://evil.test{path} HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "another host after it": "GET {path} HTTP/1.1\r\nHost: {host}\r\nHost: evil.test\r\n\r\n",
    "a user": "GET http://evil@{host}{path} HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "a fragment": "GET {path}#evil HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "content": "GET {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\n\r\nevil",
    "chunks": "GET {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
    "a range": "GET {path} HTTP/1.1\r\nHost: {host}\r\nRange: bytes=0-0\r\nEvil: evil\r\n\r\n",
    "a condition": "GET {path} HTTP/1.1\r\nHost: {host}\r\nIf-None-Match: *, \"evil\"\r\n\r\n",
    "an upgrade": "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: upgrade\r\nUpgrade: evil\r\n\r\n",
    "a method": "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\n\r\nevil",
    "a head": "HEAD {path} HTTP/1.1\r\nHost: {host}\r\nEvil: evil\r\n\r\n",
    "an option": "OPTIONS {path} HTTP/1.1\r\nHost: {host}\r\nEvil: evil\r\n\r\n",
    "an old version": "GET {path} HTTP/1.0\r\nHost: {host}\r\nEvil: evil\r\n\r\n",
    "a word of the connection": "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Host, evil\r\nEvil: evil\r\n\r\n",
}  # fmt: skip
DISGUISES = (
    "/account;.css", "/account;a.css", "/account/a.css", "/account//a.css", "/account/;a.css", "/account.css",
    "/account%2Fa.css", "/account%2fa.css", "/account%3Ba.css", "/account%3Fa.css", "/account%23a.css",
    "/account%00a.css", "/account%0Aa.css", "/account%5Ca.css", "/account%20.css", "/account%E2%80%A6.css",
    "/account/%2e%2e/account/a.css", "/account/../account/a.css", "/static/..%2Faccount.css",
    "/static/../account/a.css", "/./account/a.css", "//account/a.css", "/account/a.css?x=1",
    "/account/a.css?/../b.css", "/account/.css", "/account/a.js%2F..%2Fb.css",
)  # fmt: skip
"""Many servers answer them with /account; the pattern *.css is of what may be kept."""


@pytest.fixture(params=["cloudfront", "rfc9111"])
def edge(request: pytest.FixtureRequest, make_edge, origin) -> Edge:
    """Before an origin that repeats all that it is asked, and lets it be kept; of the query `a` alone is in the key."""
    origin.answer = lambda asked: response(asked.head + asked.content, Cache_Control="max-age=600")
    policy = cache_policy()
    chosen = {"QueryStringBehavior": "whitelist", "QueryStrings": ["a"]}
    policy["ParametersInCacheKeyAndForwardedToOrigin"]["QueryStringsConfig"] = chosen
    return make_edge(origin.port, semantics=request.param, policy=policy, forwards=None).start()


def is_evil(edge: Edge, path: str) -> bool:
    """Whether a client that writes nothing of its own gets what another one wrote."""
    reply = edge.fetch(path)
    assert reply.status == 200
    return EVIL.encode() in reply.content.lower()


def test_no_field_of_a_client_is_in_the_answer_of_another(edge: Edge) -> None:
    """Every one that is in no key stays here, but for those that CloudFront hands on: neither more nor fewer."""
    poisoned = set()
    for number, name in enumerate(sorted(HEADERS)):
        ask(edge, f"GET /{number} HTTP/1.1\r\nHost: {HOST}\r\n{name}: {EVIL}\r\n\r\n")
        if is_evil(edge, f"/{number}"):
            poisoned.add(name)
    assert poisoned == FORWARDED


def ask(edge: Edge, request: str) -> None:
    """Sends octets; what comes back is the next one's to judge."""
    with socket.create_connection(("127.0.0.1", edge.http), timeout=10) as sock:
        sock.sendall(request.encode())
        sock.shutdown(socket.SHUT_WR)
        heard(sock)


def test_no_other_parameter_is_in_the_answer_of_another(edge: Edge) -> None:
    poisoned = []
    for number, query in enumerate(QUERIES):
        edge.fetch(f"/{number}?{query}")
        if is_evil(edge, f"/{number}?a=1"):
            poisoned.append(query)
    assert poisoned == []


def test_no_odd_request_is_answered_to_others(edge: Edge) -> None:
    """Whatever each is answered: who asks in the plain way gets the whole plain answer."""
    for number, (kind, request) in enumerate(REQUESTS.items()):
        ask(edge, request.format(path=f"/{number}", host=HOST))
        assert not is_evil(edge, f"/{number}"), kind
        assert edge.fetch(f"/{number}").content.startswith(b"GET /%d HTTP/1.1\r\n" % number), kind


@pytest.mark.parametrize("semantics", ["cloudfront", "rfc9111"])
def test_a_private_page_is_kept_under_no_disguise(make_edge, origin, semantics: str) -> None:
    """Though the behaviour is one of what is kept, and the server takes each path for /account."""

    def answer(asked: Asked) -> bytes:
        return response(f"secret of {asked.field('Cookie')}".encode(), Cache_Control="private", ETag='"1"')

    origin.answer = answer
    css = {
        "PathPattern": "*.css",
        "TargetOriginId": "origin",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": {"Ref": "Policy"},
        "OriginRequestPolicyId": "216adef6-5c7f-47e4-b989-5492eafa07d3",
    }
    config, policy = {"CacheBehaviors": [css]}, cache_policy(0, 60)
    edge = make_edge(origin.port, semantics=semantics, policy=policy, config=config).start()
    told = {}
    for path in DISGUISES:
        seen = [edge.fetch(path, Cookie=f"user={user}") for user in ("alice", "mallory")]
        told[path] = [reply.content.decode() for reply in seen if reply.status == 200]
    assert {path: said for path, said in told.items() if any("alice" in each for each in said[1:])} == {}
    assert sum(len(said) == 2 for said in told.values()) > len(DISGUISES) // 2, "most of them reach the origin"
