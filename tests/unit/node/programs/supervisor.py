"""A supervisor over the programs beside this file: `supervisor.py CONFIG`."""

import os
import struct
import sys
from pathlib import Path

import uvloop

from edgeplane.config import load
from edgeplane.node import limits
from edgeplane.node.host import StateLock
from edgeplane.node.listen import bind_all, bind_web
from edgeplane.node.programs import Programs
from edgeplane.node.supervisor import Supervisor
from edgeplane.observe import logs

if "QUICK_PINGS" in os.environ:
    limits.PING_S, limits.PINGS_MISSED, limits.EXTEND_START_S = 0.2, 3, 0.2

HERE = Path(__file__).parent


async def run(config: Path) -> int:
    settings = load(config)
    logs.set_up("text")
    lock = StateLock(settings.node.state_dir)
    programs = Programs(
        config=config,
        front=[sys.executable, str(HERE / "front.py")],
        checker=[sys.executable, str(HERE / "checker.py"), "--control-fd", "3", "--health-fd", "4"],
        builder=[sys.executable, str(HERE / "builder.py"), str(config)],
    )
    health = os.memfd_create("health")
    os.pwrite(health, struct.pack("<Q", int(os.environ.get("HEARTBEAT_MS", 0))), 24)
    try:
        listeners = bind_web(bind_all(settings.dns.listen, 2), settings.edge, 2)
        return await Supervisor(settings, programs, listeners, health).run()
    finally:
        lock.release()


sys.exit(uvloop.run(run(Path(sys.argv[1]))))
