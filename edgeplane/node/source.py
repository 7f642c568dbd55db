"""A configuration on disk → everything that a plan is made from: settings, templates, secrets, names of zone files.

The pillars meet here, and nowhere below: one reading of the templates serves them all, and DNS answers for the host
names of distributions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgpack

from edgeplane.config import Content, Settings, load, read_cookie_secret, readable_content
from edgeplane.dns import plan as dns_plan
from edgeplane.dns import resources as dns_resources
from edgeplane.dns import types as dns_types
from edgeplane.dns.resources import DnsResources
from edgeplane.edge import plan as edge_plan
from edgeplane.edge import resources as edge_resources
from edgeplane.edge import types as edge_types
from edgeplane.edge.resources import EdgeResources
from edgeplane.errors import ContentError, Fault, told
from edgeplane.node.edge_zone import absent_zone, edge_zone
from edgeplane.template import Resource, read_templates


@dataclass(frozen=True)
class Source:
    """A configuration that was read and found right, as far as Python can tell."""

    path: Path
    settings: Settings
    content: Content
    dns: DnsResources
    edge: EdgeResources
    cookie_secret: bytes = field(repr=False)

    def document(self, generation: int, slots: Mapping[str, int] | None = None) -> dict[str, Any]:
        """The plan source (docs/ARCHITECTURE.md). slots: check id → slot in plans that live."""
        document = {
            "generation": generation,
            "source": str(self.path),
            **dns_plan.plan_source(
                self.settings.dns,
                self.dns,
                zone_files=self.content.zone_files,
                cookie_secret=self.cookie_secret,
                slots=slots,
            ),
        }
        if self.has_edge:
            document["edge"] = msgpack.packb(self.edge_document())
        return document

    def edge_document(self) -> dict[str, Any]:
        """The edge's part, which travels packed, as `health` does: DNS reads past it."""
        return edge_plan.plan_source(self.settings.edge, self.edge, self.path.parent, self.settings.dns.geo_database)

    @property
    def has_edge(self) -> bool:
        """Whether there is anything for the edge: addresses, or resources. A node of DNS alone has no such part."""
        return bool(self.settings.edge.http or self.settings.edge.https or self.edge.every())

    def packed(self, generation: int, slots: Mapping[str, int] | None = None) -> bytes:
        """The plan source as `_core.build_plan` takes it."""
        return bytes(msgpack.packb(self.document(generation, slots)))

    def with_lines(self, faults: Iterable[Fault]) -> list[Fault]:
        """Faults of the core, which knows paths alone, with the lines of what stands there."""
        return self.edge.with_lines(self.dns.with_lines(faults))


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
        dns, edge = _resources(path, settings, content)
    except ContentError as error:
        faults += error.faults
    if faults:
        raise ContentError([*told(faults), *zone_file_faults(content.zone_files)])
    return Source(path, settings, content, dns, edge, cookie_secret)


def _resources(path: Path, settings: Settings, content: Content) -> tuple[DnsResources, EdgeResources]:
    types = [*dns_types.resource_types(settings.dns.name_servers), *edge_types.resource_types(settings.edge.domain)]
    resources = read_templates(content.templates, path.parent, types)
    health_checks = {each.id for each in resources if each.type == dns_types.HEALTH_CHECK}
    faults: list[Fault] = []
    edge = dns = None
    try:
        edge = edge_resources.assemble(resources, settings.edge, path.parent, health_checks)
    except ContentError as error:
        faults += error.faults
    try:
        dns = _dns(path, settings, content, resources)
    except ContentError as error:
        faults += error.faults
    if dns is None or edge is None:
        raise ContentError(faults)
    return dns, edge


def _dns(path: Path, settings: Settings, content: Content, resources: Sequence[Resource[Any]]) -> DnsResources:
    distributions = [each for each in resources if each.type == edge_types.DISTRIBUTION]
    zone = edge_zone(settings, distributions, path)
    found = dns_resources.assemble(resources, [zone] if zone else [], absent_zone(settings, path))
    made = [each for each in found.zones if each.id]
    if made and not settings.dns.name_servers and not content.zone_files:
        said = f'needs name servers; set dns.name_servers = ["…", "…"] in {path}'
        raise ContentError([Fault(made[0].path, made[0].line, said)])
    return found


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
