"""The origin behind the caches: a bare server whose content tells what was asked, and which counts."""

from __future__ import annotations

import http.client
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from measure import load

START_S = 10.0


@dataclass(frozen=True)
class Origin:
    """`edgeplane-load http-echo --by-path`. `fields`: header fields of every response, with ; between them."""

    port: int
    length: int
    fields: str

    def content(self, target: str) -> bytes:
        """What it answers: the target, over and over."""
        return (target.encode() * (self.length // len(target) + 1))[: self.length]

    def requests(self) -> int:
        """Requests that it has answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        try:
            connection.request("GET", "/.count")
            return int(connection.getresponse().read())
        finally:
            connection.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        """On the CPU of the caller."""
        where = ["--listen", f"127.0.0.1:{self.port}", "--length", str(self.length)]
        argv = [str(load.binary()), "http-echo", "--by-path", *where, "--fields", self.fields]
        process = subprocess.Popen(argv)
        try:
            self._wait(process)
            yield
        finally:
            process.terminate()
            process.wait()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end and process.poll() is None:
            try:
                self.requests()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise RuntimeError(f"no origin on port {self.port}")
