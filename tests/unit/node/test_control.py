"""Whatever a client of the control socket does, the node goes on and others are answered."""

import asyncio
import json
import os
import socket
import stat

import pytest

from edgeplane.errors import FaultsError
from edgeplane.node import limits
from edgeplane.node.client import NoNode, call
from edgeplane.node.host import socket_path
from edgeplane.node.lines import Channel


def client(node) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(20)
    with socket_path(node.state_dir / "control.sock") as address:
        sock.connect(address)
    return sock


def reply(sock: socket.socket) -> dict:
    with sock.makefile("rb") as lines:
        return json.loads(lines.readline())


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"null\n",
        b"[1]\n",
        b'{"do": 7}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b'{"do": "no such verb", "id": 4}\n',
        b'{"do": "\\ud800"}\n',
        b'{"do": "explain", "name": "\\ud800", "type": "A"}\n',
        b'{"do": "explain_url", "url": "\\ud800"}\n',
        b'{"do": "explain", "name": 1234567890123456789012345678901234567890}\n',
    ],
)
def test_a_line_that_means_nothing_is_answered_with_a_fault(node, line):
    with client(node) as sock:
        sock.sendall(line)
        assert reply(sock)["faults"][0]["message"]
        sock.sendall(b'{"id": 5, "do": "status"}\n')
        assert reply(sock)["id"] == 5


def test_a_line_over_the_limit_ends_the_conversation_and_nothing_else(node):
    with client(node) as sock:
        try:
            for _ in range(limits.LINE_OCTETS // 65_536 + 2):
                sock.sendall(b"x" * 65_536)
            assert "longer than 1048576 octets" in reply(sock)["faults"][0]["message"]
        except (BrokenPipeError, ConnectionResetError):
            pass  # the node need not read what it refuses
    assert node.do("status")["state"] == "ready"


def test_clients_beyond_the_limit_are_told_and_room_comes_back(node):
    held = [client(node) for _ in range(limits.CLIENTS)]
    held[-1].sendall(b'{"id": 1, "do": "status"}\n')
    assert reply(held[-1])["ok"]
    with pytest.raises((FaultsError, NoNode)):
        node.do("status")
    for sock in held:
        sock.close()
    assert node.answer() == 1


def test_a_client_that_leaves_during_a_reload_does_not_stop_it(node):
    with client(node) as sock:
        sock.sendall(b'{"id": 1, "do": "reload"}\n')
    assert node.do("reload")["generation"] == 3


def test_the_socket_is_for_owner_and_group(node):
    assert stat.S_IMODE(os.stat(node.state_dir / "control.sock").st_mode) == 0o660


def test_explain_and_stats_pass_through(node):
    assert node.do("explain", name="www.example.net.", type="A") == {"asked": {"name": "www.example.net.", "type": "A"}}
    assert node.do("stats")["front"]["queries_udp_ipv4"] == 5


@pytest.mark.parametrize("id_", ["\\ud800", "\\udfff\\ud800", "\\ud83d\\ude00", "é"])
def test_a_reply_has_the_id_of_its_request_whatever_that_is(node, id_):
    with client(node) as sock:
        sock.sendall(f'{{"id": "{id_}", "do": "plan"}}\n'.encode())
        answered = reply(sock)
    assert answered["id"] == json.loads(f'"{id_}"')
    assert "ok" in answered


def test_what_is_asked_of_the_running_plan_is_not_taken_for_what_the_node_asks(node):
    question = {"name": "www.example.net.", "type": "A", "within": 0, "self": 1, "request": 2}
    with client(node) as sock:
        sock.sendall(json.dumps({"id": 1, "do": "explain", **question}).encode() + b"\n")
        assert reply(sock) == {"id": 1, "ok": {"asked": question}}


def test_a_question_that_cannot_be_sent_leaves_nothing_open():
    async def ask() -> int:
        ours, theirs = socket.socketpair()
        with theirs:
            channel = await Channel.over("front", ours)
            endless: list = []
            endless.append(endless)
            with pytest.raises(ValueError, match="Circular"):
                await channel.call("explain", request=endless)
            channel.close()
            return len(channel._open)

    assert asyncio.run(ask()) == 0


def test_without_a_node_the_client_says_how_to_start_one(tmp_path):
    with pytest.raises(NoNode, match="edgeplane serve"):
        call(tmp_path, "status")
    with pytest.raises(NoNode, match="edgeplane serve"):
        call(tmp_path / "missing", "status")


def test_a_state_directory_with_a_long_path_works(make_node, monkeypatch):
    node = make_node()
    node.state_dir = node.directory / ("d" * 120)
    node.config.write_text(node.config.read_text().replace('"var"', f'"{"d" * 120}"'))
    assert node.start().do("status")["state"] == "ready"
