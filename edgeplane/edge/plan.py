"""Settings and resources → the edge's part of the plan source, as docs/ARCHITECTURE.md has it. Pure: reads no file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from edgeplane.config.model import Edge
from edgeplane.config.tiers import tiers
from edgeplane.edge.models import DistributionMetadata
from edgeplane.edge.resources import EdgeResources
from edgeplane.template.resource import Resource

NOT_PLANNED = {"Comment", "Description", "PriceClass", "ViewerCertificate"}
"""Properties that change nothing here."""


def plan_source(edge: Edge, resources: EdgeResources, base: Path, geo_database: Path | None = None) -> dict[str, Any]:
    """The map "edge". base: folder of the configuration, to which files of templates are relative."""
    return {
        "settings": _settings(edge, geo_database),
        "distributions": [
            {**one, **_preferences(resource.metadata)}
            for resource, one in zip(
                resources.distributions, _configs(resources.distributions, "DistributionConfig"), strict=True
            )
        ],
        "cache_policies": _configs(resources.cache_policies, "CachePolicyConfig"),
        "origin_request_policies": _configs(resources.origin_request_policies, "OriginRequestPolicyConfig"),
        "response_headers_policies": _configs(resources.response_headers_policies, "ResponseHeadersPolicyConfig"),
        "public_keys": _configs(resources.public_keys, "PublicKeyConfig"),
        "key_groups": _configs(resources.key_groups, "KeyGroupConfig"),
        "signing_keys": [
            {
                "id": key.id,
                "path": key.path,
                "name": key.properties.Name,
                "secret_file": str(key.beside(base, key.properties.SecretFile)),
            }
            for key in resources.signing_keys
        ],
        "origin_access_controls": _configs(resources.origin_access_controls, "OriginAccessControlConfig"),
    }


def _preferences(metadata: DistributionMetadata) -> dict[str, Any]:
    return {
        "semantics": metadata.Semantics,
        "ranges": metadata.Ranges,
        "origin_health_checks": metadata.OriginHealthChecks,
        "origin_weights": metadata.OriginWeights,
    }


def _configs(resources: Iterable[Resource[Any]], key: str) -> list[dict[str, Any]]:
    """[{"id", "path", "config"}]; what a template leaves out has its default, what means nothing is left out."""
    return [
        {
            "id": one.id,
            "path": one.path,
            "config": getattr(one.properties, key).model_dump(mode="json", exclude_none=True, exclude=NOT_PLANNED),
        }
        for one in resources
    ]


def _settings(edge: Edge, geo_database: Path | None) -> dict[str, Any]:
    found = edge.model_dump(
        mode="json",
        include={
            "domain", "location", "certificates", "directories", "buckets", "allow_private_origins",
            "trusted_proxies", "proxy_protocol", "public_addresses", "tag_header", "limits",
        },
    )  # fmt: skip
    log = edge.access_log
    return {
        **found,
        **tiers(edge),
        "access_log": {"path": str(log.path), "format": log.format, "sample": log.sample} if log.path else None,
        "geo_database": str(geo_database) if geo_database else None,
    }
