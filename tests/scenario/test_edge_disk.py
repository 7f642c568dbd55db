"""What the edge keeps on disk outlives its process, and nothing else does."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from ..edge import Edge, cache_policy
from ..origin import Answer, Asked, Origin, response
from ..running import until

DISK = 'memory = "16MiB"\ndisk = {path = "cache", size = "256MiB"}\n'
SMALL, LARGE = b"x" * 5_000, bytes(range(256)) * 16_384

Make = Callable[..., Edge]


def numbered() -> Answer:
    """Every answer says which it is: what is fetched anew differs from what was kept."""
    number = count(1)

    def answer(asked: Asked) -> bytes:
        content = LARGE if asked.target.startswith("/large") else SMALL
        tags = {"x_amz_meta_cache_tag": "news"} if asked.target == "/tagged" else {}
        return response(content, Cache_Control="max-age=600", ETag='"a"', X_Number=str(next(number)), **tags)

    return answer


@pytest.fixture
def edge(make_edge: Make, origin: Origin) -> Edge:
    origin.answer = numbered()
    return make_edge(origin.port, settings=DISK, policy=cache_policy()).start()


def kept(edge: Edge, objects: int) -> None:
    """Waits until so many objects are on disk."""
    until(lambda: edge.do("cache_stats")["disk"]["entries"] == objects, edge)


def killed(edge: Edge) -> None:
    """Kills the process that serves without a word to it, and waits for the next one."""
    before = edge.child("front")
    os.kill(before, signal.SIGKILL)
    until(lambda: _another(edge, before), edge)


def _another(edge: Edge, before: int) -> bool:
    try:
        return edge.child("front") != before and edge.fetch("/probe").status == 200
    except (OSError, StopIteration):
        return False


def files(edge: Edge) -> list[Path]:
    return [path for path in (edge.directory / "cache" / "objects").rglob("*") if path.is_file()]


def test_objects_are_served_after_a_kill(edge: Edge, origin: Origin) -> None:
    first = edge.fetch("/a")
    kept(edge, 1)
    killed(edge)
    again = edge.fetch("/a")
    assert (again.status, again.content, again.fields["x-number"]) == (200, SMALL, first.fields["x-number"])
    assert again.fields["x-cache"].startswith("Hit")
    assert [asked.target for asked in origin.asked].count("/a") == 1


def test_what_was_damaged_is_fetched_anew(edge: Edge, origin: Origin) -> None:
    edge.fetch("/a")
    kept(edge, 1)
    [path] = files(edge)
    octets = path.read_bytes()
    path.write_bytes(octets[:100] + b"!" + octets[101:])
    killed(edge)
    again = edge.fetch("/a")
    assert (again.content, [asked.target for asked in origin.asked].count("/a")) == (SMALL, 2)
    assert edge.do("cache_stats")["disk"]["corrupted"] == 1


def test_invalidations_outlive_a_kill(edge: Edge, origin: Origin) -> None:
    for path in ("/a", "/b", "/tagged"):
        edge.fetch(path)
    kept(edge, 3)
    edge.do("invalidate", distribution="edge.test", paths=["/a"], tags=["news"], all=False)
    killed(edge)
    for path in ("/a", "/b", "/tagged"):
        edge.fetch(path)
    asked = [asked.target for asked in origin.asked]
    assert [asked.count(path) for path in ("/a", "/b", "/tagged")] == [2, 1, 2]


def test_the_node_says_what_it_keeps_and_why(edge: Edge) -> None:
    url = "http://edge.test/tagged"
    before = edge.do("explain_url", url=url, method="GET", headers=[("X-A", "b")], client="192.0.2.7")
    assert (before["kept"], before["decision"], before["why"]) == ("nowhere", "fetch", "not-stored")
    assert (before["behaviour"], before["access"]) == ("*", "allowed")
    assert (before["asked"]["path"], before["asked"]["origin"]) == ("/tagged", "origin")
    assert edge.do("cache_inspect", url=url)["objects"] == []
    edge.fetch("/tagged")
    kept(edge, 1)
    objects = edge.do("cache_inspect", url=url)["objects"]
    assert [each["tier"] for each in objects] == ["memory", "disk"]
    assert all(each["tags"] == ["news"] and each["octets"] == len(SMALL) for each in objects)
    after = edge.do("explain_url", url=url, method="GET", headers=[], client=None)
    assert (after["kept"], after["decision"], after["why"]) == ("memory", "hit", "fresh")
    edge.do("invalidate", distribution="edge.test", paths=["/tagged"], tags=[], all=False)
    gone = edge.do("explain_url", url=url, method="GET", headers=[], client=None)
    assert (gone["kept"], gone["decision"]) == ("nowhere", "fetch")
    assert all(each["invalidated"] for each in edge.do("cache_inspect", url=url)["objects"])
    unsafe = edge.do("explain_url", url=url, method="POST", headers=[], client=None)
    assert (unsafe["decision"], unsafe["why"]) == ("pass", "method")


def test_what_a_client_wrote_is_not_served_again_and_all_else_is(make_edge: Make, origin: Origin) -> None:
    """RFC 9111 section 4.4: in all variants, whatever of the query counts, before and after a restart."""
    origin.answer = numbered()
    policy = cache_policy(query="none")
    edge = make_edge(origin.port, semantics="rfc9111", settings=DISK, policy=policy).start()
    first = {path: edge.fetch(path).fields["x-number"] for path in ("/a?b=1", "/large", "/other")}
    kept(edge, 3)
    assert [edge.fetch(path, "POST").status for path in ("/a?b=2", "/large")] == [200, 200]
    assert edge.do("cache_stats")["disk"]["entries"] == 1
    killed(edge)
    again = {path: edge.fetch(path).fields["x-number"] for path in first}
    assert [path for path in first if first[path] == again[path]] == ["/other"]
    assert edge.fetch("/a", "POST").status == 200
    assert edge.fetch("/a?b=1").fields["x-number"] != again["/a?b=1"]


def large(asked: Asked) -> bytes | list[bytes | float]:
    """Longer than memory takes; of a length that is said, or not."""
    if asked.target == "/known":
        return response(LARGE, Cache_Control="max-age=600")
    return [b"HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nConnection: close\r\n\r\n", LARGE, b""]


@pytest.mark.parametrize("path", ["/known", "/unknown"])
def test_what_is_too_long_for_memory_goes_to_disk(edge: Edge, origin: Origin, path: str) -> None:
    origin.answer = large
    assert edge.fetch(path).content == LARGE
    kept(edge, 1)
    again = edge.fetch(path)
    assert (again.content, again.fields["x-cache"][:3], origin.count) == (LARGE, "Hit", 1)
    assert edge.fetch(path, Range="bytes=4000000-4000003").content == LARGE[4000000:4000004]
    killed(edge)
    assert edge.fetch(path).content == LARGE
    assert [asked.target for asked in origin.asked].count(path) == 1


def test_without_a_disk_nothing_is_broken_off_for_its_length(make_edge: Make, origin: Origin) -> None:
    origin.answer = large
    edge = make_edge(origin.port, settings='memory = "16MiB"\n', policy=cache_policy()).start()
    for path in ("/known", "/unknown"):
        with ThreadPoolExecutor(4) as clients:
            assert all(reply.content == LARGE for reply in clients.map(edge.fetch, [path] * 4))


LANGUAGES = ("de", "en", "fr")


def spoken(asked: Asked) -> bytes:
    """In the language that the client likes; the German one alone has a tag."""
    language = asked.field("Accept-Language") or "none"
    tags = {"x_amz_meta_cache_tag": "german"} if language == "de" else {}
    size = LARGE if asked.target.startswith("/large") else SMALL
    content = language.encode() + size
    return response(content, Cache_Control="max-age=600", Vary="Accept-Language", ETag=f'"{language}"', **tags)


@pytest.fixture
def spoken_edge(make_edge: Make, origin: Origin) -> Edge:
    """Three variants of /a, of /b and of /large on disk."""
    origin.answer = spoken
    edge = make_edge(origin.port, semantics="rfc9111", settings=DISK, policy=cache_policy()).start()
    for path in ("/a", "/b", "/large"):
        assert all(edge.fetch(path, Accept_Language=each).content[:2] == each.encode() for each in LANGUAGES)
    kept(edge, 3 * (len(LANGUAGES) + 1))
    return edge


def fetched_anew(edge: Edge, origin: Origin, path: str) -> list[str]:
    """In which languages the origin had to be asked for a path; each client gets its own whatever happens."""
    anew = []
    for each in LANGUAGES:
        before = origin.count
        assert edge.fetch(path, Accept_Language=each).content[:2] == each.encode()
        anew += [each] * (origin.count - before)
    return anew


def test_each_variant_is_served_after_a_kill(spoken_edge: Edge, origin: Origin) -> None:
    assert [fetched_anew(spoken_edge, origin, path) for path in ("/a", "/large")] == [[], []]
    killed(spoken_edge)
    assert [fetched_anew(spoken_edge, origin, path) for path in ("/a", "/b", "/large")] == [[], [], []]
    objects = spoken_edge.do("cache_inspect", url="http://edge.test/large")["objects"]
    assert [each["tier"] for each in objects] == ["disk"] * 3


def test_a_path_is_invalidated_in_all_variants_and_a_tag_in_those_that_have_it(
    spoken_edge: Edge, origin: Origin
) -> None:
    spoken_edge.do("invalidate", distribution="edge.test", paths=["/a"], tags=["german"], all=False)
    killed(spoken_edge)
    anew = [fetched_anew(spoken_edge, origin, path) for path in ("/a", "/b", "/large")]
    assert anew == [list(LANGUAGES), ["de"], ["de"]]
    assert fetched_anew(spoken_edge, origin, "/b") == []
    spoken_edge.do("invalidate", distribution="edge.test", paths=[], tags=[], all=True)
    killed(spoken_edge)
    assert [fetched_anew(spoken_edge, origin, path) for path in ("/a", "/large")] == [list(LANGUAGES)] * 2


def test_what_a_client_wrote_goes_in_all_variants(spoken_edge: Edge, origin: Origin) -> None:
    assert [spoken_edge.fetch(path, "POST").status for path in ("/a", "/large")] == [200, 200]
    kept(spoken_edge, len(LANGUAGES) + 1)
    killed(spoken_edge)
    anew = [fetched_anew(spoken_edge, origin, path) for path in ("/a", "/b", "/large")]
    assert anew == [list(LANGUAGES), [], list(LANGUAGES)]


def test_a_damaged_variant_is_fetched_anew_alone(spoken_edge: Edge, origin: Origin) -> None:
    [path] = [path for path in files(spoken_edge) if path.read_bytes().startswith(b"en" + SMALL[:10])][:1]
    octets = path.read_bytes()
    path.write_bytes(octets[:100] + b"!" + octets[101:])
    killed(spoken_edge)
    anew = [fetched_anew(spoken_edge, origin, path) for path in ("/a", "/b", "/large")]
    assert sorted(anew) == [[], [], ["en"]]


def test_a_restart_takes_up_other_sizes_and_a_refused_one_what_was_kept(make_edge: Make, origin: Origin) -> None:
    origin.answer = numbered()
    edge = make_edge(origin.port, settings='memory = "16MiB"\n', policy=cache_policy()).start()
    assert (edge.fetch("/a").status, edge.do("cache_stats")["disk"]) == (200, None)
    edge.close()
    edge.config.write_text(edge.config.read_text().replace('memory = "16MiB"\n', DISK.replace("16MiB", "32MiB")))
    edge.start()
    tiers = edge.do("cache_stats")
    assert (tiers["memory"]["capacity"], tiers["disk"]["capacity"]) == (32 << 20, 256 << 20)
    edge.close()
    edge.config.write_text(edge.config.read_text().replace("32MiB", "64MiB"))
    (edge.directory / "edge.json").write_text("{}")
    edge.start()
    assert (edge.fetch("/a").status, edge.get("/readyz")[1].splitlines()[0]) == (200, "degraded")
