"""gdnsd: one UDP thread, CNAME chains followed as the others do. It has no rate limiting and no query log."""

from __future__ import annotations

from pathlib import Path

from measure.machine import first_line
from rival import Content, Setup, write


def prepare(folder: Path, port: int, content: Content) -> Setup:
    text = f"""\
options => {{
    listen => 127.0.0.1:{port}
    udp_threads => 1
    tcp_threads => 1
    udp_rcvbuf => 1048576
    zones_rfc1035_threads => 1
    disable_cookies => true
    experimental_no_chain => false
    run_dir => "{folder}/run"
    state_dir => "{folder}/state"
}}
"""
    configs = write(folder / "config", text)
    zones = folder / "zones"
    zones.mkdir(exist_ok=True)
    for link in zones.iterdir():
        link.unlink()
    for origin, path in content.zones.items():
        (zones / origin.rstrip(".")).symlink_to(path)
    reload = ["/usr/bin/gdnsdctl", "-c", str(folder), "reload-zones"]
    return Setup(["/usr/sbin/gdnsd", "-c", str(folder), "start"], configs, reload)


def version() -> str:
    return first_line("/usr/sbin/gdnsd", "-h", containing="version")
