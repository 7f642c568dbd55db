"""Answers leave from the address that was asked, whatever the node is bound to."""

import socket
import struct

import dns.message
import pytest

ASKED = ["127.0.0.1", "127.0.0.2", "127.255.255.254", "::1"]


def ask(address: str, port: int, kind: int) -> dns.message.Message:
    """Over a connected socket, which hears that address alone."""
    query = dns.message.make_query("www.example.org", "A").to_wire()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as sock:
        sock.settimeout(20)
        sock.connect((address, port))
        if kind == socket.SOCK_STREAM:
            sock.sendall(struct.pack("!H", len(query)) + query)
            return dns.message.from_wire(sock.recv(4096)[2:])
        sock.send(query)
        return dns.message.from_wire(sock.recv(4096))


def listening(node, *addresses: str):
    """The node, started on these addresses."""
    old = f'listen = ["127.0.0.1:{node.port}"]'
    new = ", ".join(f'"{address}:{node.port}"' for address in addresses)
    assert old in node.config.read_text()
    node.config.write_text(node.config.read_text().replace(old, f"listen = [{new}]"))
    return node.start()


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_wildcard_answers_from_the_address_that_was_asked(make_node, kind):
    """0.0.0.0 and [::] side by side: every loopback address answers as itself."""
    node = listening(make_node(), "0.0.0.0", "[::]")  # noqa: S104 - loopback is all that the test asks
    for address in ASKED:
        assert ask(address, node.port, kind).answer[0][0].address == "192.0.2.1"


def test_several_addresses_and_no_other(make_node):
    """Each address named answers; one that is not named is closed."""
    node = listening(make_node(), "127.0.0.1", "127.0.0.3", "[::1]")
    for address in ("127.0.0.1", "127.0.0.3", "::1"):
        assert ask(address, node.port, socket.SOCK_DGRAM).answer
    with pytest.raises(ConnectionRefusedError):
        ask("127.0.0.2", node.port, socket.SOCK_DGRAM)
