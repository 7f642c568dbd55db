"""What the service manager hears."""

import os
import socket

from edgeplane.node import notify


def test_nothing_is_sent_where_nobody_listens(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify.notify(READY=1)
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert not notify.notify(READY=1)


def test_an_abstract_address_is_reached(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0edgeplane-test-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@edgeplane-test-{os.getpid()}")
        assert notify.notify(READY=1, STATUS="up")
        assert manager.recv(99) == b"READY=1\nSTATUS=up"


def test_the_watchdog_gets_a_sign_twice_in_its_time():
    assert notify.watchdog_interval({"WATCHDOG_USEC": "4000000"}) == 2.0
    assert notify.watchdog_interval({"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "1"}) is None
    assert notify.watchdog_interval({}) is None
