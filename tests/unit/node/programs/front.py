"""The real front around a small core that answers every datagram with the generation it serves."""

import os
import sys
import threading
import time
import types
from pathlib import Path
from socket import SO_ACCEPTCONN, SOL_SOCKET, socket

import msgpack

from edgeplane.errors import ContentError, Fault
from edgeplane.node.plans import read_envelope

FILE = Fault("site.yaml: Resources.Key", 0, "cannot be read")
"""What is wrong with a plan that needs a file, where state_dir has none of that name."""


class Events:
    """Has nothing to say."""

    def take(self):
        return [], 0


class Node:
    """Stands in for `_core.Node`. What a plan's source says decides how it behaves."""

    def __init__(self):
        self.generation = 0

    def check(self, path):
        pass

    def apply(self, path):
        if self._lacks_its_file(path):
            raise ContentError([FILE])
        return self._take(path, [])

    def _take(self, path, unread):
        envelope = read_envelope(Path(path))
        if "kills the front" in envelope["source"]:
            os._exit(3)
        if "is refused" in envelope["source"]:
            raise ContentError.one("site.yaml", "refused by the core", 7)
        self.generation = envelope["generation"]
        zones = [{"name": "example.net.", "serial": self.generation, "records": 3}]
        if envelope["source"] == "nothing":
            zones = []
        return msgpack.packb({"generation": self.generation, "zones": zones, "reused": 0, "unread": unread})

    def restore(self, path):
        return self._take(path, [FILE.document()] if self._lacks_its_file(path) else [])

    def _lacks_its_file(self, path):
        return (
            "needs a file" in read_envelope(Path(path))["source"]
            and not Path(path).parents[1].joinpath("file").exists()
        )

    def serve(self, udp, tcp, http, https, health_fd):
        assert os.fstat(health_fd) is not None
        assert len(udp) == 2 * len(tcp)
        assert all(socket(fileno=os.dup(number)).getsockopt(SOL_SOCKET, SO_ACCEPTCONN) for number in [*http, *https])
        print(f"front: serves {self.generation} with {len(http)} http", file=sys.stderr, flush=True)
        for number in udp:
            threading.Thread(target=self._answer, args=[socket(fileno=os.dup(number))], daemon=True).start()

    def _answer(self, sock):
        sock.setblocking(True)
        while True:
            _, client = sock.recvfrom(512)
            sock.sendto(str(self.generation).encode(), client)

    def stats(self):
        dns = {"queries_udp_ipv4": 5, "responses_noerror": 4, "responses_refused": 1}
        return msgpack.packb({**dns, "edge": {"panics": 0}, "edge_distributions": {"E1": {"requests": 6}}})

    def explain(self, request):
        return msgpack.packb({"asked": msgpack.unpackb(request)})

    def edge(self, request):
        return msgpack.packb({"asked": msgpack.unpackb(request)})

    def drain(self, timeout):
        if "SLOW_DRAIN" in os.environ:
            time.sleep(timeout)
        print(f"drained {timeout:g}", file=sys.stderr, flush=True)
        return True

    def stop(self):
        pass

    def reopen_logs(self):
        pass


sys.modules["edgeplane._core"] = types.SimpleNamespace(Node=Node, Events=Events)  # type: ignore[assignment]

import edgeplane  # noqa: E402 - the core must be in its place first

edgeplane._core = sys.modules["edgeplane._core"]

from edgeplane.node.front import main  # noqa: E402

main()
