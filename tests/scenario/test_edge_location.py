"""Where a host is stands in its answers and in its log."""

from __future__ import annotations

from ..origin import response
from ..running import until

SETTINGS = 'location = "FRA1"\n[edge.access_log]\npath = "access.log"\n'


def test_the_location_is_in_answers_and_log(make_edge, origin):
    """In answers from the origin, from the store and of the edge itself; a reload renames it everywhere."""
    origin.answer = lambda asked: response(Cache_Control="max-age=600")
    edge = make_edge(origin.port, settings=SETTINGS).start()
    log, toml = edge.directory / "access.log", edge.directory / "edgeplane.toml"
    for location in ("FRA1", "MUC-2"):
        toml.write_text(toml.read_text().replace("FRA1", location))
        edge.do("reload")
        replies = [edge.fetch(f"/{location}") for _ in range(2)]
        assert [reply.fields["x-cache"].split()[0] for reply in replies] == ["Miss", "Hit"]
        for reply in (*replies, edge.fetch("/", Host="nobody.test")):
            assert reply.fields["x-amz-cf-pop"] == location
        assert all(reply.fields["via"].endswith(f" (edgeplane {location})") for reply in replies)
        until(lambda at=f"\t{location}\t": log.read_text().count(at) == 3, edge)
