"""What an origin learns of a client beside its request: where it is, and how it came (`CloudFront-Viewer-…`)."""

from __future__ import annotations

import http.client
import subprocess

from ..edge import HOST
from ..origin import PLAIN

PLACES = """\
prefix,country,subdivision,latitude,longitude,country_name,region_name,city,postal_code,metro_code,time_zone,asn
198.51.100.0/24,US,CA,37.5,-122.25,United States,California,Mountain View,94043,807,America/Los_Angeles,AS64500
203.0.113.0/24,FR,,,,,,,,,,
"""
KNOWN = {
    "Country": "US",
    "Country-Name": "United States",
    "Country-Region": "CA",
    "Country-Region-Name": "California",
    "City": "Mountain View",
    "Postal-Code": "94043",
    "Metro-Code": "807",
    "Time-Zone": "America/Los_Angeles",
    "ASN": "64500",
    "Latitude": "37.50000",
    "Longitude": "-122.25000",
}
TLS = "CloudFront-Viewer-TLS"


def request_policy(*names: str) -> dict:
    """An origin request policy that adds these of CloudFront's fields."""
    none = {"CookiesConfig": {"CookieBehavior": "none"}, "QueryStringsConfig": {"QueryStringBehavior": "none"}}
    headers = {"HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": list(names)}}
    config = {"OriginRequestPolicyConfig": {"Name": "viewer", **none, **headers}}
    return {"Viewer": {"Type": "AWS::CloudFront::OriginRequestPolicy", "Properties": config}}


def made(make_edge, origin, *names: str, **more):
    """A node that keeps nothing and tells its origin these fields."""
    return make_edge(
        origin.port,
        policy="CachingDisabled",
        forwards=None,
        behaviour={"OriginRequestPolicyId": {"Ref": "Viewer"}},
        resources=request_policy(*names),
        **more,
    )


def test_an_origin_is_told_where_a_client_is(make_edge, origin, tmp_path):
    """Whatever the place data says; what it says nothing of is not sent, and a client's own is never believed."""
    names = [f"CloudFront-Viewer-{name}" for name in KNOWN]
    (tmp_path / "places.csv").write_text(PLACES)
    environ = {"EDGEPLANE__DNS__GEO_DATABASE": str(tmp_path / "places.csv")}
    edge = made(make_edge, origin, names[0], settings='trusted_proxies = ["127.0.0.0/8"]\n', environ=environ).start()
    for number in range(0, len(names), 10):
        some = names[number : number + 10]
        edge.distribution.resources = request_policy(*some)
        edge.write()
        edge.do("reload")
        for client, expected in (
            ("198.51.100.7", KNOWN),
            ("203.0.113.7", {"Country": "FR", "Latitude": "48.00000", "Longitude": "2.50000"}),
            ("192.0.2.7", {}),
        ):
            edge.fetch("/a", X_Forwarded_For=client, CloudFront_Viewer_City="Atlantis")
            for name in some:
                told = origin.asked[-1].field(name)
                short = name.removeprefix("CloudFront-Viewer-")
                assert told == expected.get(short), (client, name)


def test_an_origin_is_told_how_a_client_came(make_edge, origin):
    """The first request of a connection, the others, and those that resume a session, over HTTP/1.1 and 2."""
    origin.answer = lambda asked: PLAIN
    edge = made(make_edge, origin, TLS, "CloudFront-Viewer-Http-Version").start()
    connection = edge._secure()
    for _ in range(3):
        connection.request("GET", "/a", headers={"Host": HOST})
        connection.getresponse().read()
    connection.close()
    assert [asked.field(TLS).rpartition(":")[2] for asked in origin.asked] == [
        "fullHandshake",
        *["connectionReused"] * 2,
    ]
    assert origin.asked[-1].field("CloudFront-Viewer-Http-Version") == "1.1"
    urls = [f"https://{HOST}:{edge.https}/{number}" for number in range(2)]
    chain = str(edge.directory / "tls" / "chain.pem")
    options = ["--cacert", chain, "--http2", "--resolve", f"{HOST}:{edge.https}:127.0.0.1"]
    subprocess.run(["curl", "-sS", "-m", "10", *options, *urls], check=True, capture_output=True)
    ways = [asked.field(TLS).rpartition(":")[2] for asked in origin.asked[-2:]]
    assert ways == ["fullHandshake", "connectionReused"]
    assert origin.asked[-1].field("CloudFront-Viewer-Http-Version") == "2.0"
    plain = http.client.HTTPConnection("127.0.0.1", edge.http, timeout=10)
    plain.request("GET", "/a", headers={"Host": HOST})
    plain.getresponse().read()
    plain.close()
    assert origin.asked[-1].field(TLS) is None
