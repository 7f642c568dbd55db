"""Pauses between restarts, and descriptors in their places."""

import asyncio
import errno
import os
import signal
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.node import child, limits
from edgeplane.node.child import Backoff, Child, exit_words, spawn
from edgeplane.node.lines import Gone

UNTIL_THE_CHANNEL_CLOSES = [sys.executable, "-S", "-c", "import os; os.read(3, 1)"]


def test_the_first_restart_is_at_once_and_a_crash_loop_slows_down():
    backoff = Backoff()
    pauses = [backoff.pause(0.0) for _ in range(9)]
    assert pauses[:4] == [0.0, 0.1, 0.2, 0.4]
    assert pauses[-1] == limits.BACKOFF_MOST_S


def test_a_good_life_is_rewarded():
    backoff = Backoff()
    for _ in range(9):
        backoff.pause(0.0)
    assert backoff.pause(limits.SETTLED_S) == 0.0


@given(st.lists(st.floats(0, 2 * limits.SETTLED_S)))
def test_no_pause_is_longer_than_the_longest(lives):
    backoff = Backoff()
    assert all(0 <= backoff.pause(lived) <= limits.BACKOFF_MOST_S for lived in lives)


def test_descriptors_arrive_in_order_even_where_numbers_cross():
    pipes = [os.pipe() for _ in range(4)]
    reads = [read for read, _ in pipes]
    for n, (_, write) in enumerate(pipes):
        os.write(write, b"%d" % n)
    out, answer = os.pipe()
    # Reversed on purpose: some of these numbers are places of others.
    given_ = [(f"p{n}", reads[n]) for n in reversed(range(4))] + [("out", answer)]
    program = (
        "import os; os.write(7, b''.join(os.read(n, 9) for n in (3, 4, 5, 6)) + os.environ['LISTEN_FDNAMES'].encode())"
    )
    pid = spawn([sys.executable, "-c", program], given_)
    assert os.waitpid(pid, 0)[1] == 0
    assert os.read(out, 99) == b"3210p3:p2:p1:p0:out"
    for descriptor in [*reads, *(write for _, write in pipes), out, answer]:
        os.close(descriptor)


def test_how_a_process_ended_is_said_in_words():
    assert exit_words(0x0300) == "exited with 3"
    assert exit_words(9) == "was ended by SIGKILL"


async def _greet(_channel):
    pass


def test_a_child_that_never_ran_is_stopped_at_once():
    async def body():
        await Child("front", UNTIL_THE_CHANNEL_CLOSES, [], _greet).stop()

    before = time.monotonic()
    asyncio.run(body())
    assert time.monotonic() - before < limits.STOP_S / 2


@pytest.mark.parametrize("place", [(child, "spawn"), (os, "pidfd_open"), (child.socket, "socketpair")])
def test_a_host_that_is_short_of_something_delays_a_child_and_no_more(monkeypatch, place):
    """Both the first start and one in the middle of life fail twice."""
    owner, name = place
    real, shortages = getattr(owner, name), [2]

    def short(*args):
        if shortages[0]:
            shortages[0] -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return real(*args)

    async def body():
        kept = Child("front", UNTIL_THE_CHANNEL_CLOSES, [], _greet)
        monkeypatch.setattr(owner, name, short)
        with pytest.raises(OSError, match="Too many"):
            await kept.start()
        await kept.greeted(20)
        first, shortages[0] = kept.pid, 2
        kept.kill()
        while not (kept.lives and kept.pid != first):  # noqa: ASYNC110 - a process, not an event
            await asyncio.sleep(0.01)
        await kept.stop()
        return kept.restarts

    descriptors = len(os.listdir("/proc/self/fd"))
    assert asyncio.run(asyncio.wait_for(body(), 30)) == 5
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_descriptors_that_were_copied_before_one_could_not_be_are_closed():
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="Bad file"):
        spawn(UNTIL_THE_CHANNEL_CLOSES, [("good", 0), ("bad", 987_654)])
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_child_that_dies_as_its_greeting_ends_does_not_count_as_running():
    async def body():
        async def fatal(_channel):
            os.kill(kept.pid, signal.SIGKILL)
            await kept._ended.wait()

        kept = Child("front", UNTIL_THE_CHANNEL_CLOSES, [], fatal)
        with pytest.raises(Gone, match="ended while it was greeted"):
            await kept.start()
        assert not kept.lives
        await kept.stop()

    asyncio.run(asyncio.wait_for(body(), 30))
