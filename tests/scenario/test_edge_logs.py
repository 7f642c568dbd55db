"""A request to the edge can be read in its access log, and is counted for its distribution."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

from ..edge import HOST, Edge
from ..origin import Origin
from ..running import until

Make = Callable[..., Edge]


def log(form: str) -> str:
    return f'access_log = {{path = "access.log", format = "{form}"}}\n'


def rows(path: Path) -> list[dict[str, str]]:
    """Lines of CloudFront's format by the names in their head."""
    lines = path.read_text().splitlines() if path.exists() else []
    names = next((line.split()[1:] for line in lines if line.startswith("#Fields:")), [])
    return [dict(zip(names, line.split("\t"), strict=True)) for line in lines if not line.startswith("#")]


def test_requests_are_in_the_log_and_in_the_metrics(make_edge: Make, origin: Origin) -> None:
    edge = make_edge(origin.port, settings=log("cloudfront")).start()
    path = edge.directory / "access.log"
    answers = [edge.fetch("/a%20b?x=1", User_Agent="a reader\t1") for _ in range(2)]
    until(lambda: len(rows(path)) == 2, edge)
    assert [row["x-edge-result-type"] for row in rows(path)] == ["Miss", "Hit"]
    assert [row["x-edge-request-id"] for row in rows(path)] == [answer.fields["x-amz-cf-id"] for answer in answers]
    assert origin.asked[-1].field("X-Amz-Cf-Id") == answers[0].fields["x-amz-cf-id"], "one id for all who see it"
    for row in rows(path):
        asked = (row["cs-method"], row["cs-uri-stem"], row["cs-uri-query"], unquote(row["cs(User-Agent)"]))
        assert asked == ("GET", "/a%20b", "x=1", "a reader\t1")
        assert (row["sc-status"], row["x-host-header"], row["c-ip"]) == ("200", HOST, "127.0.0.1")
    shown = edge.do("distribution", distribution=HOST)
    assert (shown["requests"], shown["hits"], shown["counters"]["misses"]) == (2, 1, 1)
    assert edge.metric("edgeplane_edge_hits_total") == 1
    assert edge.metric("edgeplane_edge_worker_requests_total") == 2
    assert edge.metric("edgeplane_edge_worker_results_total") == 1
    assert edge.metric("edgeplane_edge_memory_objects") == 1
    assert 0 < edge.metric("edgeplane_edge_memory_used") < edge.metric("edgeplane_edge_memory_limit")
    assert edge.metric("edgeplane_edge_octets_total") == sum(int(row["sc-bytes"]) for row in rows(path))


def test_accounts_stay_with_their_distributions(make_edge: Make, origin: Origin) -> None:
    """Also when a reload brings others, or takes one away that was before them."""
    edge = make_edge(origin.port).start()
    names = ["another.test", "zulu.test"]

    def counted(host: str) -> tuple[int, int, int]:
        told = edge.do("distribution", distribution=host)
        return told["requests"], told["hits"], told["counters"]["origin_requests"]

    edge.fetch("/a")
    edge.fetch("/a")
    site = edge.distribution.template(origin.port)["Resources"]["Site"]
    config = site["Properties"]["DistributionConfig"]
    for name in names:
        other = {"DistributionConfig": config | {"Aliases": [name]}}
        edge.distribution.resources[name.partition(".")[0].title()] = site | {"Properties": other}
    edge.write()
    edge.do("reload")
    assert [counted(host) for host in (HOST, *names)] == [(2, 1, 1), (0, 0, 0), (0, 0, 0)]
    for times, name in enumerate(names, 1):
        for _ in range(times):
            edge.fetch("/b", Host=name)
    edge.fetch("/a")
    assert [counted(host) for host in (HOST, *names)] == [(3, 2, 1), (1, 0, 1), (2, 1, 1)]
    del edge.distribution.resources["Another"]
    edge.write()
    edge.do("reload")
    edge.fetch("/b", Host="zulu.test")
    edge.fetch("/c", Host="zulu.test")
    assert [counted(host) for host in (HOST, "zulu.test")] == [(3, 2, 1), (4, 2, 2)]


def test_the_log_says_why_somebody_was_refused(make_edge: Make, origin: Origin, tmp_path: Path) -> None:
    """In the words of the answer's own field, and of its page where there is one: CloudFront's where it has one."""
    places = "prefix,continent,country,subdivision,latitude,longitude\n198.51.100.0/24,EU,FR,,,\n"
    page = {"ErrorCode": 403, "ResponsePagePath": "/page", "ResponseCode": 403}
    config = {"Restrictions": {"GeoRestriction": {"RestrictionType": "blacklist", "Locations": ["FR"]}}}
    edge = make_edge(
        origin.port,
        settings=f'trusted_proxies = ["127.0.0.0/8"]\n{log("cloudfront")}',
        environ={"EDGEPLANE__DNS__GEO_DATABASE": str(tmp_path / "places.csv")},
        config=config,
        behaviour={"AllowedMethods": ["GET", "HEAD"]},
    )
    (tmp_path / "places.csv").write_text(places)
    path = edge.start().directory / "access.log"
    said = []
    for pages in ([], [page]):
        edge.distribution.config = config | {"CustomErrorResponses": pages}
        edge.write()
        edge.do("reload")
        refused = [edge.fetch("/a", X_Forwarded_For="198.51.100.7"), edge.fetch("/a", "DELETE")]
        assert [reply.status for reply in refused] == [403, 403]
        said += [reply.fields["x-edge-reason"] for reply in refused]
    assert said == ["ClientGeoBlocked", "method-not-allowed"] * 2
    until(lambda: len(rows(path)) == len(said), edge)
    assert [row["x-edge-detailed-result-type"] for row in rows(path)] == said
    assert {row["x-edge-result-type"] for row in rows(path)} == {"Error"}


def test_a_moved_log_is_opened_anew_on_sighup(make_edge: Make, origin: Origin) -> None:
    edge = make_edge(origin.port, settings=log("cloudfront")).start()
    path, moved = edge.directory / "access.log", edge.directory / "access.log.1"
    edge.fetch("/before")
    until(lambda: rows(path), edge)
    path.rename(moved)
    edge.process.send_signal(signal.SIGHUP)
    until(path.exists, edge)
    edge.fetch("/after")
    until(lambda: rows(path), edge)
    assert [row["cs-uri-stem"] for found in (moved, path) for row in rows(found)] == ["/before", "/after"]


def test_json_says_the_same(make_edge: Make, origin: Origin) -> None:
    edge = make_edge(origin.port, settings=log("json")).start()
    path = edge.directory / "access.log"
    edge.fetch("/a", Referer='https://example.net/"quoted"')
    until(lambda: path.exists() and path.read_text().endswith("\n"), edge)
    (row,) = map(json.loads, path.read_text().splitlines())
    assert (row["cs-uri-stem"], row["sc-status"]) == ("/a", 200)
    assert row["cs(Referer)"] == 'https://example.net/"quoted"'
