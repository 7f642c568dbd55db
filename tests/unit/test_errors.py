"""Faults stay readable, whatever they quote and however many there are."""

from time import process_time

from edgeplane import errors
from edgeplane.errors import Fault, nearest, told


def test_a_fault_that_quotes_a_long_text_keeps_its_beginning_and_its_end() -> None:
    fault = Fault("site.yaml: " + "k" * 1_000_000, 7, f"{'n' * 1_000_000!r} is longer than 255 octets")
    assert len(fault.message) <= errors.MESSAGE_LENGTH
    assert len(fault.place) <= errors.PLACE_LENGTH
    assert str(fault).startswith("site.yaml:7: kkk")
    assert "nnn…nnn" in fault.message
    assert str(fault).endswith("nnn' is longer than 255 octets")
    assert Fault.from_document(fault.document()) == fault


def test_a_fault_of_the_longest_length_is_whole() -> None:
    assert Fault("site.yaml", 0, "m" * errors.MESSAGE_LENGTH).message == "m" * errors.MESSAGE_LENGTH


def test_the_first_faults_are_told_and_how_many_more_there_are() -> None:
    faults = [Fault("site.yaml", n, "is wrong") for n in range(1, 2_001)]
    assert told(faults[:100]) == faults[:100]
    assert told(faults) == [*faults[:100], Fault("edgeplane", 0, "1900 more faults; mend these first")]
    assert told(faults[:101])[-1].message == "1 more fault; mend these first"


def test_ten_known_names_are_listed() -> None:
    names = [f"n{n:02}" for n in range(12)]
    assert nearest("Qqqq", names[:10]) == f"; known here: {', '.join(names[:10])}"
    assert nearest("Qqqq", names) == f"; known here: {', '.join(names[:10])} and 2 more"
    assert nearest("Qqqq", []) == ""


def test_of_many_names_those_nearest_in_length_are_compared() -> None:
    names = [*(f"Other{n}{'x' * 30}" for n in range(5_000)), "Zone"]
    assert nearest("Zome", names) == "; did you mean Zone?"


def test_what_is_compared_is_bounded() -> None:
    """Without bounds, hours: each comparison grows with the square of the names."""
    begun = process_time()
    nearest("a" * 1_000_000 + "b", ["a" * 1_000_000 + "c"])
    for n in range(10):
        nearest(f"Name{n}", [f"Nmae{n}" for n in range(100_000)])
    assert process_time() - begun < 20
