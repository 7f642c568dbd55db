"""One visitor in a process of its own: `python -m tests.fault.visits PORT`, until its standard input ends.

Asks for /a over one connection, some hundred times a second; prints the 99th percentile of the seconds that an answer
took. What else a test does in its own process is not measured with it.
"""

from __future__ import annotations

import http.client
import select
import sys
import time

from ..edge import HOST

PAUSE_S = 0.005


def main(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    taken = []
    while not select.select([sys.stdin], [], [], PAUSE_S)[0]:
        begun = time.monotonic()
        connection.request("GET", "/a", headers={"Host": HOST})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        taken.append(time.monotonic() - begun)
    print(sorted(taken)[len(taken) * 99 // 100])


if __name__ == "__main__":
    main(int(sys.argv[1]))
