"""Builds a plan from one line of text: its source. `wrong` makes it content that is refused."""

import argparse
import json
import struct
import sys
import time
from pathlib import Path

import msgpack

CHECK = {"slot": 0, "id": "hc-1", "path": "site.yaml: Resources.Check", "config": {"Type": "TCP"}}

SITE = {"id": "E1", "path": "site.yaml: Resources.Site", "config": {"Aliases": ["cdn.example.net"], "Enabled": True}}


def plan(source: str, generation: int, health: object = (CHECK,)) -> bytes:
    dns = {"settings": {}, "checks": ["hc-1"], "zones": [{"name": "example.net.", "id": "Z1", "section": 0}]}
    sections = [{"kind": "zone", "hash": source.encode(), "offset": 0, "length": 0}]
    edge = {"settings": {"domain": "edge.localhost"}, "distributions": [SITE]} if "site" in source else {}
    envelope = msgpack.packb(
        {"generation": generation, "created": int(time.time()), "source": source, "dns": dns, "sections": sections,
         "edge": msgpack.packb(edge) if edge else b"",
         "health": health if isinstance(health, bytes) else msgpack.packb(health)}
    )  # fmt: skip
    return struct.pack("<8sIIQ32s", b"EDGEPLAN", 1, len(envelope), 56 + len(envelope), bytes(32)) + envelope


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("config", type=Path)
    parser.add_argument("--generation", type=int)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--current")
    options = parser.parse_args()
    source = options.config.with_name("content").read_text()
    if "wrong" in source:
        fault = {"place": "site.yaml: Resources.Www", "line": 4, "message": "wrong record"}
        print(json.dumps({"faults": [fault, {**fault, "line": 9}]}))
    elif "templates" not in options.config.read_text():
        options.out.write_bytes(plan("nothing", options.generation))
        print(json.dumps({"ok": {"generation": options.generation, "warnings": []}}))
    elif "unreadable secret" in source:
        print(json.dumps({"faults": [{"place": "cookie.key", "line": 0, "message": "cannot be read"}]}))
        raise SystemExit(2)
    elif "takes long" in source:
        print("builder: at work", file=sys.stderr, flush=True)
        time.sleep(60)
    elif "breaks the builder" in source:
        raise SystemExit("no memory")
    else:
        options.out.write_bytes(plan(source, options.generation))
        print(json.dumps({"ok": {"generation": options.generation, "warnings": []}}))
