"""Pauses between restarts, and descriptors in their places."""

import os
import sys

from hypothesis import given
from hypothesis import strategies as st

from edgeplane.node import limits
from edgeplane.node.child import Backoff, exit_words, spawn


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
