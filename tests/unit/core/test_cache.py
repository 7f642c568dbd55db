"""The cache beside a dict, and its least-recently-used order beside an OrderedDict."""

import sys
import threading
from collections import OrderedDict
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.core.cache import Cache, Policy

POLICIES = get_args(Policy)
ENTRY = 193
keys = st.binary(max_size=2)
steps = st.lists(st.tuples(st.sampled_from(["put", "get", "remove"]), keys, st.binary(max_size=300)), max_size=200)


@pytest.mark.parametrize("policy", POLICIES)
@given(steps=steps)
def test_a_map_within_its_limit(policy, steps):
    cache, model = Cache(3_000, policy), {}
    for do, key, value in steps:
        if do == "put":
            assert cache.put(key, value)
            model[key] = value
            assert cache.get(key) is value
        elif do == "get":
            assert cache.get(key) in (None, model.get(key))
        else:
            assert not cache.remove(key) or key in model
            model.pop(key, None)
        assert cache.weight <= 3_000
        present = {key: cache.get(key) for key in cache}
        assert present.items() <= model.items()
        assert len(cache) == len(present)
        assert cache.weight == sum(len(key) + len(value or b"") + ENTRY for key, value in present.items())


@given(steps)
def test_lru_forgets_what_was_used_longest_ago(steps):
    room = 5
    cache, model = Cache(room * (ENTRY + 2), "lru"), OrderedDict()
    for do, key, _ in steps:
        key = key.ljust(2)
        if do == "put":
            cache.put(key, b"")
            model[key] = b""
            model.move_to_end(key)
            if len(model) > room:
                model.popitem(last=False)
        elif do == "get":
            assert cache.get(key) == model.get(key)
            if key in model:
                model.move_to_end(key)
        else:
            assert cache.remove(key) == (model.pop(key, None) is not None)
        assert set(cache) == set(model)


def test_what_is_counted():
    cache = Cache(1_000)
    assert cache.put(b"a", b"1")
    assert cache.get(b"a") == b"1"
    assert cache.get(b"b") is None
    assert b"a" in cache
    assert b"b" not in cache
    assert not cache.put(b"c", bytes(1_000))
    stats = cache.stats()
    assert (stats.hits, stats.misses, stats.insertions, stats.refusals, stats.entries) == (1, 1, 1, 1, 1)
    cache.clear()
    assert (len(cache), cache.weight, cache.stats().hits) == (0, 0, 1)


def test_values_are_freed():
    value = bytes(500)
    before = sys.getrefcount(value)
    cache = Cache(2_000)
    cache.put(b"a", value)
    assert sys.getrefcount(value) == before + 1
    for n in range(100):
        cache.put(b"%d" % n, bytes(500))
    assert sys.getrefcount(value) == before


def test_threads():
    cache = Cache(50_000)
    wrong = []

    def work(seed: int) -> None:
        for n in range(5_000):
            key = b"%d" % ((n * 7 + seed) % 500)
            value = cache.get(key)
            if value is None:
                cache.put(key, key * 20)
            elif value != key * 20:
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cache.stats().hits > 0
    assert cache.weight <= 50_000


def test_faults():
    with pytest.raises(ValueError, match="sieve, s3fifo, lru"):
        Cache(1_000, "fifo")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="holds nothing"):
        Cache(0)
    with pytest.raises(OverflowError):
        Cache(-1)
    with pytest.raises(TypeError):
        Cache(1_000).get("text")  # type: ignore[arg-type]
