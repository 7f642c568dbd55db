"""edgeplane, from the environment that `make serve` builds; also, as `plain`, the same without policies."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

from measure.load import ROOT
from measure.machine import first_line
from rival import Content, Setup, Site, write

BINARY = ROOT / ".venv" / "bin" / "edgeplane"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""CloudFront's managed cache policy: no cookies, headers or query in the key, 1 s to a year."""


def prepare(folder: Path, port: int, content: Content | Site) -> Setup:
    """The state of an earlier round is removed: every start reads its content anew."""
    shutil.rmtree(folder / "state", ignore_errors=True)
    tables: dict[str, dict[str, Any]] = {
        "node": {"state_dir": str(folder / "state"), "threads": 1},
        "observe": {"listen": f"127.0.0.1:{port + 1}"},
    }
    if isinstance(content, Site):
        templates = write(folder / "site.json", json.dumps(distribution(content), indent=1))
        tables |= {"dns": {"listen": [f"127.0.0.1:{port + 2}"]}, "edge": edge(port, content)}
    else:
        templates = {str(content.template): ""} if content.template else {}
        tables["dns"] = dns(port, content)
    lines = [f"templates = {_toml(list(templates))}"]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    configs = write(folder / "edgeplane.toml", "\n".join(lines) + "\n")
    configs |= {name: text for name, text in templates.items() if text}
    return Setup([str(BINARY), "serve", str(folder / "edgeplane.toml")], configs, signal.SIGHUP)


def dns(port: int, content: Content) -> dict[str, Any]:
    """The section of settings."""
    return {
        "listen": [f"127.0.0.1:{port}"],
        "zone_files": [str(path) for path in content.zones.values()],
        "name_servers": ["ns1.example.", "ns2.example."],
        "rrl": {"enabled": False},
        "cookies": False,
    } | content.settings


def edge(port: int, site: Site) -> dict[str, Any]:
    """The section of settings."""
    listen = {"https" if site.certificate else "http": [f"127.0.0.1:{port}"]}
    certificate = site.certificate and {"cert": str(site.certificate.chain), "key": str(site.certificate.key)}
    limits = {"connections_per_prefix": 100_000, "connections": site.places}
    settings = {"memory": str(site.memory), "allow_private_origins": ["127.0.0.0/8"], "limits": limits}
    return listen | settings | ({"certificates": [certificate]} if certificate else {})


def distribution(site: Site) -> dict[str, Any]:
    """A template with one distribution, semantics of CloudFront."""
    origin = {"HTTPPort": site.origin, "OriginProtocolPolicy": "http-only", "OriginKeepaliveTimeout": 60}
    behaviour = {
        "TargetOriginId": "origin",
        "ViewerProtocolPolicy": "allow-all",
        "CachePolicyId": CACHING_OPTIMIZED,
        "Compress": False,
    }
    config = {
        "Enabled": True,
        "Aliases": [site.host],
        "Origins": [{"Id": "origin", "DomainName": "127.0.0.1", "CustomOriginConfig": origin}],
        "DefaultCacheBehavior": behaviour | site.behaviour,
    }
    resource = {"Type": "AWS::CloudFront::Distribution", "Properties": {"DistributionConfig": config}}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Site": resource} | site.resources}


def version() -> str:
    return first_line(str(BINARY), "version")


def _toml(value: object) -> str:
    """TOML writes texts, numbers, booleans and lists as JSON does; inline tables are its own."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
