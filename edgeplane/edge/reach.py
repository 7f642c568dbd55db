"""What would not be reached, as far as settings and templates show it: origins, and HTTPS for viewers."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from edgeplane.config.model import Edge
from edgeplane.edge.resources import EdgeResources, behaviours
from edgeplane.errors import Fault

LOCALHOST = "127.0.0.1"
WITHOUT_HTTPS = {
    "redirect-to-https": "every viewer is led to where nothing is served",
    "https-only": "every viewer is refused with 403",
}
"""What a ViewerProtocolPolicy does on a node that serves HTTP alone."""


def refused_origins(resources: EdgeResources, edge: Edge) -> Iterator[Fault]:
    """One warning for each that is written as a private, loopback or link-local address which no setting allows.

    Host names are looked up and vetted when they are connected to.
    """
    allowed = [ip_network(network) for network in edge.allow_private_origins]
    for distribution in resources.distributions:
        for number, origin in enumerate(distribution.properties.DistributionConfig.Origins):
            address = _literal(origin.DomainName)
            if origin.CustomOriginConfig is None or address is None or address.is_global:
                continue
            if not any(address in network for network in allowed):
                said = f"is {origin.DomainName!r}: no public address, so that requests to it are refused with 502"
                at = ("DistributionConfig", "Origins", number, "DomainName")
                yield distribution.fault(at, f"{said}; edge.allow_private_origins allows it")


def unserved_https(resources: EdgeResources, edge: Edge) -> Iterator[Fault]:
    """One warning for each behaviour that asks viewers for HTTPS where only HTTP has an address."""
    if edge.https or not edge.http:
        return
    for distribution in resources.distributions:
        for at, behaviour in behaviours(distribution):
            policy = behaviour.ViewerProtocolPolicy
            if happens := WITHOUT_HTTPS.get(policy):
                said = f"is {policy}, but edge.https names no address: {happens}; name one, or write allow-all"
                yield distribution.fault((*at, "ViewerProtocolPolicy"), said)


def _literal(name: str) -> IPv4Address | IPv6Address | None:
    """The address that a host name stands for by itself."""
    try:
        return ip_address(LOCALHOST if name.lower() == "localhost" else name.strip("[]"))
    except ValueError:
        return None
