"""A whole node on its sockets answers dnspython and kdig as the engine does without them."""

import subprocess

import dns.edns
import dns.message
import dns.query
import dns.rdataclass

from ..scenario.conftest import kind_of_node  # noqa: F401 - a fixture
from .answer import read
from .ask import Edgeplane
from .corners import CORNERS

SETTINGS = 'nsid = "judged"\nid_server = "judged"\nminimal_any = true\n'
CORNER = CORNERS["parent and child"]
BIG = "big.two.corner."


def files() -> dict[str, str]:
    big = "".join(f'big TXT "{n:02} {"t" * 90}"\n' for n in range(20))
    texts = CORNER.texts | {"two.corner.": CORNER.texts["two.corner."] + big}
    return {f"zones/{name}zone": text for name, text in texts.items()}


def kdig(node, *args: str) -> str:
    command = ["kdig", "@127.0.0.1", "-p", str(node.port), *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout


def test_a_node_answers_as_its_engine(make_node):
    node = make_node(files=files(), settings=SETTINGS).start()
    engine = Edgeplane({f"{name.removeprefix('zones/').removesuffix('zone')}": text for name, text in files().items()})
    for question in CORNER.questions:
        query = dns.message.from_wire(question.packet(7))
        for ask in (dns.query.udp, dns.query.tcp):
            answer = ask(query, "127.0.0.1", port=node.port, timeout=5).to_wire()
            expected = engine.ask([question.packet(7)])[0]
            assert read(answer, b"", frozenset()) == read(expected, b"", frozenset()), question
    truncated_then_whole(node)
    identity(node)


def truncated_then_whole(node) -> None:
    """TC over UDP; kdig comes back over TCP by itself and has all."""
    assert "tc" in kdig(node, "+ignore", "+bufsize=1232", BIG, "TXT").split("Flags: ")[1].split(";")[0].split()
    assert kdig(node, "+short", BIG, "TXT").count("tt") == kdig(node, "+short", "+tcp", BIG, "TXT").count("tt") == 900


def identity(node) -> None:
    """NSID (RFC 5001) and id.server in class CH (RFC 4892)."""
    assert '"judged"' in kdig(node, "+nsid", "two.corner.", "SOA")
    assert kdig(node, "+short", "id.server.", "CH", "TXT").strip() == '"judged"'
    assert "BADVERS" in kdig(node, "+edns=1", "two.corner.", "SOA")
