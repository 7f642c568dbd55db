"""A client of the control socket, for command lines and scripts. Blocking."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from edgeplane.errors import EdgeplaneError, Fault
from edgeplane.node.host import socket_path
from edgeplane.node.lines import Refused, encode

SOCKET_NAME = "control.sock"


class NoNode(EdgeplaneError):
    """No node answers at this state directory."""


def call(state_dir: Path | str, do: str, *, timeout: float | None = None, **args: Any) -> Any:
    """Asks the running node and returns the reply's "ok" (see docs/control-socket.md).

    timeout: seconds to wait for each part of the reply; None waits as long as the node works on it.
    Raises NoNode when none runs there or it goes away, Refused with `.faults` when it says no.
    """
    path = Path(state_dir) / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(timeout)
        _connect(sock, path)
        try:
            sock.sendall(encode({"id": 1, "do": do, **args}))
            with sock.makefile("rb") as replies:
                line = replies.readline()
        except OSError as error:
            raise NoNode(f"the node at {path} does not answer: {error}") from error
    if not line.endswith(b"\n"):
        raise NoNode(f"the node at {path} went away before it answered")
    return _opened(json.loads(line))


def _connect(sock: socket.socket, path: Path) -> None:
    try:
        with socket_path(path) as address:
            sock.connect(address)
    except PermissionError as error:
        raise NoNode(f"{path} may not be opened by this user; join its group, or become its owner") from error
    except OSError as error:
        raise NoNode(f"no node runs at {path.parent} ({error.strerror}); start one with `edgeplane serve`") from error


def _opened(reply: dict[str, Any]) -> Any:
    if "faults" in reply:
        raise Refused(map(Fault.from_document, reply["faults"]))
    return reply["ok"]
