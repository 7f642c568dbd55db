"""Varnish: malloc storage, two thread pools."""

from __future__ import annotations

import shutil
from pathlib import Path

from measure.machine import first_line
from rival import Setup, Site, write


def prepare(folder: Path, port: int, site: Site) -> Setup:
    if site.certificate:
        raise ValueError("Varnish has no TLS")
    shutil.rmtree(folder / "work", ignore_errors=True)
    vcl = f'vcl 4.1;\nbackend origin {{ .host = "127.0.0.1"; .port = "{site.origin}"; }}\n'
    configs = write(folder / "site.vcl", vcl)
    where = ["-a", f"127.0.0.1:{port},HTTP", "-f", str(folder / "site.vcl"), "-n", str(folder / "work")]
    storage = ["-s", f"malloc,{site.memory}", "-s", "Transient=malloc,64m", "-T", "none", "-j", "none"]
    settings = {"thread_pools": 2, "thread_pool_min": 50, "timeout_idle": 600}
    options = [word for name, value in settings.items() for word in ("-p", f"{name}={value}")]
    argv = ["/usr/sbin/varnishd", "-F", *where, *storage, *options]
    return Setup(argv, configs | {"argv": " ".join(argv)})


def version() -> str:
    return first_line("/usr/sbin/varnishd", "-V")
