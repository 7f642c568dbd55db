"""Sockets: bound once for all threads, a taken port seen, activation as the same path."""

import socket

import pytest

from edgeplane.cli import serve
from edgeplane.config.kinds import Listen
from edgeplane.config.model import Edge
from edgeplane.node.host import HostError
from edgeplane.node.listen import Listeners, activated, bind_all, bind_web, inherited

from ...running import free_port


def test_every_thread_has_a_udp_socket_on_every_address():
    port = free_port()
    bound = bind_all([Listen("127.0.0.1", port), Listen("::1", port)], 3)
    assert (len(bound.udp), len(bound.tcp)) == (6, 2)
    assert bound.addresses() == [Listen("127.0.0.1", port), Listen("::1", port)]
    bound.close()


def test_a_wildcard_of_each_family_fits_beside_a_single_address():
    port = free_port()
    bind_all([Listen("0.0.0.0", port), Listen("::", port), Listen("127.0.0.1", port)], 1).close()  # noqa: S104


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_taken_port_is_seen_although_its_holder_would_share_it(kind):
    with socket.socket(socket.AF_INET, kind) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            other.listen()
        port = other.getsockname()[1]
        with pytest.raises(HostError, match=f"127.0.0.1:{port} .* is taken by pid 7"):
            bind_all([Listen("127.0.0.1", port)], 2, lambda *_: "pid 7")


def test_an_address_of_another_host_is_named():
    with pytest.raises(HostError, match=r"203\.0\.113\.9:5300 \(udp\) is not an address of this host"):
        bind_all([Listen("203.0.113.9", 5300)], 1)


def test_after_a_fault_nothing_stays_bound():
    port = free_port()
    with pytest.raises(HostError):
        bind_all([Listen("127.0.0.1", port), Listen("203.0.113.9", port)], 1)
    bind_all([Listen("127.0.0.1", port)], 1).close()


def test_descriptors_for_another_process_are_left_alone():
    assert inherited({"LISTEN_PID": "1", "LISTEN_FDS": "2"}) == []
    assert inherited({}) == []


def test_activated_sockets_are_told_apart_and_shared_by_the_threads():
    udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
    given = activated([("dns.socket", udp.detach()), ("dns.socket", tcp.detach())], 3)
    assert (len(given.udp), len(given.tcp)) == (3, 1)
    given.close()


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_SEQPACKET])
def test_an_activated_socket_that_speaks_no_dns_is_refused(kind):
    number = socket.socket(socket.AF_UNIX, kind).detach()
    with pytest.raises(HostError, match=r"dns.socket .*AF_UNIX.* UDP nor TCP"):
        activated([("dns.socket", number)], 1)


def test_an_activated_file_is_refused(tmp_path):
    with (tmp_path / "file").open("w") as file, pytest.raises(HostError, match="is not a socket"):
        activated([("dns.socket", file.fileno())], 1)


def connects(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(5)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def test_who_refuses_takes_nobody_new_and_keeps_what_had_come():
    ports = free_port(), free_port()
    bound = bind_web(bind_all([Listen("127.0.0.1", ports[0])], 2), edge([f"127.0.0.1:{ports[1]}"]), 2)
    waiting = [socket.create_connection(("127.0.0.1", port)) for port in ports for _ in range(8)]
    for sock in waiting:
        sock.sendall(b"?")
    bound.refuse()
    assert [connects(port) for port in ports] == [False, False]
    taken = 0
    for listener in (*bound.tcp, *bound.http):
        listener.setblocking(False)
        while connection := accepted(listener):
            with connection:
                assert connection.recv(1) == b"?"
                connection.sendall(b"!")
            taken += 1
    assert taken == len(waiting)
    for sock in waiting:
        assert sock.recv(1) == b"!"
        sock.close()
    bound.close()


def accepted(listener: socket.socket) -> socket.socket | None:
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return None
    connection.settimeout(5)
    return connection


def test_sockets_of_the_service_manager_go_on_for_the_next_process():
    http, tcp = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    ports = [sock.getsockname()[1] for sock in (http, tcp)]
    given = activated([("http", http.detach()), ("dns.socket", tcp.detach())], 2)
    given.refuse()
    assert [connects(port) for port in ports] == [True, True]
    given.close()


def test_an_address_without_tcp_is_named():
    port = free_port()
    bound = bind_all([Listen("127.0.0.1", port)], 2)
    assert bound.one_sided() == []
    tcp = bound.tcp.pop()
    assert bound.one_sided() == [(Listen("127.0.0.1", port), "TCP")]
    tcp.close()
    bound.close()


def test_activation_without_tcp_is_said(monkeypatch, caplog):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    address = "{}:{}".format(*udp.getsockname())
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setattr(serve, "inherited", lambda: [("dns", udp.detach())])
    serve._listeners(None, 1).close()
    assert caplog.messages == [f"{address} has no TCP socket, which DNS needs: add it to the .socket unit"]


def edge(http: list[str], https: list[str] = ()) -> Edge:  # type: ignore[assignment]
    sections = {"disk": {}, "access_log": {}, "limits": {}}
    return Edge.model_validate({"http": http, "https": list(https), **sections})


def test_every_thread_has_a_listening_socket_on_every_address_of_the_edge():
    ports = [free_port(), free_port()]
    bound = bind_web(Listeners(), edge([f"127.0.0.1:{ports[0]}"], [f"127.0.0.1:{ports[1]}"]), 3)
    assert [name for name, _ in bound.descriptors()] == ["http"] * 3 + ["https"] * 3
    assert bound.web_addresses() == {"http": [Listen("127.0.0.1", ports[0])], "https": [Listen("127.0.0.1", ports[1])]}
    assert bound.addresses() == []
    socket.create_connection(("127.0.0.1", ports[0])).close()
    bound.close()


def test_a_taken_port_of_the_edge_names_its_setting_and_gives_all_back():
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(HostError, match=rf"127.0.0.1:{taken} \(tcp\) is taken; .* another \[edge\] https"):
            bind_web(Listeners(), edge([f"127.0.0.1:{port}"], [f"127.0.0.1:{taken}"]), 2)
    bind_web(Listeners(), edge([f"127.0.0.1:{port}"]), 2).close()


def test_activated_sockets_of_the_edge_are_known_by_name_and_not_bound_again():
    http = socket.create_server(("127.0.0.1", 0))
    port = http.getsockname()[1]
    given = activated([("http", http.detach())], 2)
    assert (len(given.http), given.tcp) == (2, [])
    assert bind_web(given, edge(["127.0.0.1:1"]), 2).web_addresses() == {"http": [Listen("127.0.0.1", port)]}
    given.close()
