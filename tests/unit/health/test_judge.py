"""The state machine of a check against its definition."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edgeplane.health.judge import Rule, State, Status, Transition, doubt, judge, settle, shown

H, U, N = Status.HEALTHY, Status.UNHEALTHY, Status.UNKNOWN

results = st.lists(st.booleans(), max_size=80)
thresholds = st.integers(1, 10)


FRESH = State()


def play(results: list[bool], rule: Rule, state: State = FRESH) -> tuple[list[Status], list[tuple[int, Transition]]]:
    """Shown states after each result, and the transitions with the number of their result; one result a second."""
    states, transitions = [], []
    for number, ok in enumerate(results):
        state, transition = judge(state, ok, rule, float(number), "x")
        states.append(state.status)
        if transition:
            transitions.append((number, transition))
    return states, transitions


def oracle(results: list[bool], threshold: int) -> list[Status]:
    """By the words: the first result counts; then it flips when the last `threshold` results all disagree."""
    states: list[Status] = []
    for number, ok in enumerate(results):
        if not states:
            states.append(H if ok else U)
            continue
        last = results[max(0, number + 1 - threshold) : number + 1]
        disagree = len(last) == threshold and all((H if one else U) != states[-1] for one in last)
        states.append((H if ok else U) if disagree else states[-1])
    return states


@given(results, thresholds)
def test_it_does_what_the_definition_says(results: list[bool], threshold: int) -> None:
    assert play(results, Rule(threshold))[0] == oracle(results, threshold)


@given(results, thresholds)
def test_inverted_shows_the_opposite_always(results: list[bool], threshold: int) -> None:
    plain = play(results, Rule(threshold))[0]
    assert [{H: U, U: H}[one] for one in plain] == play(results, Rule(threshold, inverted=True))[0]


@given(results, thresholds, st.booleans())
def test_no_more_than_one_transition_a_window(results: list[bool], threshold: int, inverted: bool) -> None:
    states, transitions = play(results, Rule(threshold, inverted))
    numbers = [number for number, _ in transitions]
    assert all(later - earlier >= threshold for earlier, later in itertools.pairwise(numbers))
    shown_before = N
    for number, transition in transitions:
        assert (transition.before, transition.after, transition.at) == (shown_before, states[number], number)
        assert transition.consecutive >= (threshold if shown_before is not N else 1)
        shown_before = transition.after


@given(results, thresholds, st.sampled_from([H, U]))
def test_kept_state_is_not_moved_by_fewer_results_than_the_threshold(
    results: list[bool], threshold: int, kept: Status
) -> None:
    states, _ = play(results[: threshold - 1], Rule(threshold), State(raw=kept, status=kept))
    assert set(states) <= {kept}


@given(results, thresholds, st.booleans())
def test_after_doubt_the_old_state_shows_until_the_first_result(
    results: list[bool], threshold: int, first: bool
) -> None:
    state = State()
    for ok in results:
        state, _ = judge(state, ok, Rule(threshold), 0.0)
    doubted, transition = settle(doubt(state), Rule(threshold), 1.0, "configuration changed")
    assert (doubted.status, transition) == (state.status, None)
    state, _ = judge(doubted, first, Rule(threshold), 2.0)
    assert state.status is (H if first else U)


def test_disabled_is_healthy_and_inverted_turns_that_too() -> None:
    for raw in Status:
        assert shown(raw, Rule(disabled=True)) is H
        assert shown(raw, Rule(disabled=True, inverted=True)) is U
    assert shown(N, Rule(inverted=True)) is N


def test_since_is_the_moment_of_the_last_change() -> None:
    state = State()
    for now, ok in enumerate([True, True, False, False, False]):
        state, _ = judge(state, ok, Rule(2), 100.0 + now)
    assert (state.status, state.since, state.streak) == (U, 103.0, 3)
