"""Whole nodes, as an operator starts them: `edgeplane serve` on loopback ports, asked by dnspython.

def test_…(make_node):
    node = make_node(files={"zones/example.org.zone": "…"}).start()
    assert node.answers("www.example.org", "A") == ["192.0.2.1"]
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import dns.edns
import dns.message
import dns.query
import dns.rdatatype
import pytest

from ..running import PATIENCE_S, SERVE, Running

TOML = """
templates = [{templates}]
[node]
state_dir = "var"
threads = 2
[observe]
listen = "127.0.0.1:{observe}"
[dns]
listen = ["127.0.0.1:{port}"]
zone_files = [{zone_files}]
name_servers = ["ns1.example.net", "ns2.example.net"]
"""

ZONE = """\
$ORIGIN example.org.
@ 3600 SOA ns1 hostmaster 1 7200 900 1209600 300
@ 3600 NS ns1
ns1 3600 A 192.0.2.53
www 300 A 192.0.2.1
"""
"""The smallest zone that a test can start from."""


class Node(Running):
    """A node with content. `files`: path below its directory → text; zones/*.zone and *.yaml are served (`ZONE`)."""

    def __init__(
        self, directory: Path, files: Mapping[str, str] | None = None, settings: str = "", **environ: str
    ) -> None:
        files = {"zones/example.org.zone": ZONE} if files is None else files
        for name, text in files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text)
        templates = ", ".join(f'"{name}"' for name in files if name.endswith((".yaml", ".json")))
        zone_files = '"zones/*.zone"' if any(name.endswith(".zone") for name in files) else ""
        toml = TOML.replace("{templates}", templates).replace("{zone_files}", zone_files) + settings
        super().__init__(directory, toml, SERVE, **environ)

    def write(self, name: str, text: str) -> None:
        """Changes a file; a reload shows it."""
        (self.directory / name).write_text(text)

    def query(
        self, name: str, rdtype: str = "A", *, tcp: bool = False, subnet: str | None = None, timeout: float = PATIENCE_S
    ) -> dns.message.Message:
        """The whole reply."""
        options = [dns.edns.ECSOption.from_text(subnet)] if subnet else None
        message = dns.message.make_query(name, rdtype, options=options)
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(message, "127.0.0.1", port=self.port, timeout=timeout)

    def answers(self, name: str, rdtype: str = "A", *, tcp: bool = False, subnet: str | None = None) -> list[str]:
        """The rdata of the answer section, in its order."""
        reply = self.query(name, rdtype, tcp=tcp, subnet=subnet)
        return [rdata.to_text() for rrset in reply.answer for rdata in rrset]


@pytest.fixture
def kind_of_node() -> type[Node]:
    """Of these tests."""
    return Node
