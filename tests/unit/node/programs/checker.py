"""A checker that finds everything healthy and remembers what it was told. HEARTBEAT_MS: its heart does not beat."""

import asyncio
import os
import socket
import struct
import sys
import threading
import time

from edgeplane.node.lines import serve_channel

told: list = []


async def handle(do, args):
    if do == "checks":
        told[:] = args["checks"]
        print(f"checker: told {[c['id'] for c in told]}", file=sys.stderr, flush=True)
        return {}
    if do == "stats":
        return {
            "checks": [{"id": c["id"], "path": c["path"], "state": "healthy"} for c in told],
            "transitions_total": 2,
        }
    return [{**c, "state": "healthy"} for c in told]


def beat():
    while "HEARTBEAT_MS" not in os.environ:
        os.pwrite(4, struct.pack("<Q", int(time.monotonic() * 1000)), 24)
        time.sleep(0.02)


time.sleep(float(os.environ.get("SLOW_CHECKER", 0)))
assert sys.argv[1:5] == ["--control-fd", "3", "--health-fd", "4"]
threading.Thread(target=beat, daemon=True).start()
asyncio.run(serve_channel(socket.socket(fileno=3), handle))
