"""Whatever stands in a template, the outcome is a plan source or faults with places; never anything else."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeplane.dns import types
from edgeplane.dns.models import CidrCollection, RecordSet
from edgeplane.errors import ContentError
from edgeplane.health.models import HealthCheckConfig
from edgeplane.node.source import read_source

KEYS = [
    *RecordSet.model_fields, *HealthCheckConfig.model_fields, *CidrCollection.model_fields, "Ref", "Fn::GetAtt",
    "Fn::Sub", "Fn::Join", "Fn::If", "DNSName", "CountryCode", "Coordinates", "Latitude", "Longitude", "AWSRegion",
    "RecordSets", "LocationName", "CidrList", "CollectionId", "HealthCheckConfig", "Key", "Id", "edgeplane",
]  # fmt: skip
WORDS = [
    "A", "B", "Z", "A.Id", "${A}", "${A.Id}", "${!A}", "${", "example.net", "a.example.net", "*", "-1", "300",
    "1e9999", "nan", "true", "PRIMARY", "192.0.2.1", "192.0.2.0/24", "TCP", "CALCULATED", "\\052", "\\", "", "\x00",
    "é", "AWS::Region", "Z1",
]  # fmt: skip
LEAVES = st.sampled_from(WORDS) | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from([types.ZONE, types.RECORD_SET, types.GROUP, types.HEALTH_CHECK, types.COLLECTION])
PROPERTIES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6) | VALUES
PARAMETER = st.fixed_dictionaries({"Default": VALUES}, optional={"Type": VALUES, "AllowedValues": VALUES})
RESOURCE = st.fixed_dictionaries(
    {"Type": KINDS | VALUES, "Properties": PROPERTIES}, optional={"DependsOn": VALUES, "Metadata": VALUES}
)
TEMPLATE = st.fixed_dictionaries(
    {"Resources": st.dictionaries(st.sampled_from("ABZ"), RESOURCE | VALUES, max_size=3) | VALUES},
    optional={
        "Parameters": st.dictionaries(st.sampled_from("PQ"), PARAMETER | VALUES, max_size=2) | VALUES,
        "Outputs": VALUES,
    },
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "edgeplane.toml"
    path.write_text('templates = ["site.yaml"]\n[dns]\nname_servers = ["ns1.example", "ns2.example"]\n')
    return path


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(template=TEMPLATE | VALUES)
def test_any_template_is_a_plan_or_faults(config: Path, template: object) -> None:
    (config.parent / "site.yaml").write_text(json.dumps(template))
    with suppress(ContentError):
        assert read_source(config, {}).packed(1)
