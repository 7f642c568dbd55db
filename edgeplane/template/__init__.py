"""CloudFormation-style templates → checked resources.

    site.yaml ─ from_yaml, from_json ─► tree (text, lines) ─ intrinsics, scope ─► values ─ pillar's models ─► Resource

Knows no pillar: those hand in their `ResourceType`s.
"""

from edgeplane.template.resource import Resource, ResourceType
from edgeplane.template.template import read_templates

__all__ = ["Resource", "ResourceType", "read_templates"]
