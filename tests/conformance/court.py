"""edgeplane and its judges, serving the same zones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import dns.name

from .answer import Answer, read
from .ask import ROUNDS, Edgeplane, Question, Rival, Server
from .judges import SERVERS, judges
from .verdict import Case

EDGEPLANE = "edgeplane"
FIXED = 4
"""Octets of type and class behind the name of a question."""


class Court:
    """All servers by name, edgeplane first."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self.servers = dict(servers)

    def hear(self, questions: Sequence[Question], zones: Mapping[str, str], tcp: bool = False) -> list[Case]:
        """Everyone's answers to some questions about some of the zones."""
        packets = [question.packet(number) for number, question in enumerate(questions)]
        heard = {
            name: [server.ask_tcp(packet) for packet in packets] if tcp else server.ask(packets)
            for name, server in self.servers.items()
        }
        return [
            self.case(question, {name: heard[name][number] for name in heard}, packets[number], zones)
            for number, question in enumerate(questions)
        ]

    def case(self, question: Question, packets: Mapping[str, bytes], query: bytes, zones: Mapping[str, str]) -> Case:
        """The answers to one question."""
        asked = query[12 : query.index(0, 12) + 1 + FIXED]
        apexes = frozenset(dns.name.from_text(zone) for zone in zones)
        answers: dict[str, Answer] = {name: read(packet, asked, apexes) for name, packet in packets.items()}
        return Case(question, answers.pop(EDGEPLANE), answers, zones)


@contextlib.contextmanager
def court(
    directory: Path, zones: Mapping[str, str], who: Iterable[str] = tuple(SERVERS), rounds: int = ROUNDS
) -> Iterator[Court]:
    """edgeplane's engine and other servers with these zones."""
    with judges(directory, zones, who) as running:
        yield Court({EDGEPLANE: Edgeplane(zones)} | {name: Rival(judge, rounds) for name, judge in running.items()})
