"""A configuration on disk → everything that a plan is made from: settings, templates, secrets, names of zone files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgpack

from edgeplane.config import Content, Settings, load, read_cookie_secret, readable_content
from edgeplane.dns.plan import plan_source
from edgeplane.dns.resources import DnsResources, assemble
from edgeplane.dns.types import resource_types
from edgeplane.errors import ContentError, Fault
from edgeplane.template import read_templates


@dataclass(frozen=True)
class Source:
    """A configuration that was read and found right, as far as Python can tell."""

    path: Path
    settings: Settings
    content: Content
    resources: DnsResources
    cookie_secret: bytes = field(repr=False)

    def document(self, generation: int, slots: Mapping[str, int] | None = None) -> dict[str, Any]:
        """The plan source; see `plan_source`."""
        return plan_source(
            self.settings,
            self.resources,
            generation,
            source=self.path,
            zone_files=self.content.zone_files,
            cookie_secret=self.cookie_secret,
            slots=slots,
        )

    def packed(self, generation: int, slots: Mapping[str, int] | None = None) -> bytes:
        """The plan source as `_core.build_plan` takes it."""
        return bytes(msgpack.packb(self.document(generation, slots)))


def read_source(path: Path | str, environ: Mapping[str, str] | None = None) -> Source:
    """Reads a configuration. Raises ConfigError for the host's settings, ContentError for what they name."""
    path = Path(path).absolute()
    return read_content(path, load(path, environ))


def read_content(path: Path, settings: Settings) -> Source:
    """Reads what the settings name. Raises ConfigError for the cookie secret, ContentError for all else.

    Where something is wrong, zone files are read by themselves, so that their faults come in the same pass.
    """
    cookie_secret = read_cookie_secret(settings.dns.cookie_secret_file)
    content, faults = readable_content(settings, path)
    try:
        resources = _resources(path, settings, content)
    except ContentError as error:
        faults += error.faults
    if faults:
        raise ContentError([*faults, *zone_file_faults(content.zone_files)])
    return Source(path, settings, content, resources, cookie_secret)


def _resources(path: Path, settings: Settings, content: Content) -> DnsResources:
    types = resource_types(settings.dns.name_servers)
    resources = assemble(read_templates(content.templates, path.parent, types))
    made = [zone for zone in resources.zones if zone.id]
    if made and not settings.dns.name_servers and not content.zone_files:
        said = f'needs name servers; set dns.name_servers = ["…", "…"] in {path}'
        raise ContentError([Fault(made[0].path, made[0].line, said)])
    return resources


def zone_file_faults(zone_files: Sequence[Path]) -> list[Fault]:
    """What is wrong in lines of zone files, whatever templates add to their zones."""
    if not zone_files:
        return []
    from edgeplane import _core

    files = [{"path": str(path), "origin": None} for path in zone_files]
    source = {"generation": 1, "source": "", "dns": {"zone_files": files}}
    with TemporaryDirectory(prefix="edgeplane-") as folder:
        try:
            _core.build_plan(msgpack.packb(source), str(Path(folder, "trial.plan")), None)
        except ContentError as error:
            return [fault for fault in error.faults if fault.line]
    return []
