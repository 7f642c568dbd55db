"""Settings and templates → plan source: the contract with the builder, references, slots, stable ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.config.generate import ROOT
from edgeplane.dns.plan import FREE, assign_slots, checks_document
from edgeplane.dns.types import health_check_id, zone_id
from edgeplane.errors import ContentError, Fault
from edgeplane.health.models import parse_checks
from edgeplane.node.source import read_source

SITE = ROOT / "config" / "examples" / "site" / "edgeplane.toml"
CONFIG = 'templates = ["site.yaml"]\n[dns]\nname_servers = ["ns1.example", "ns2.example"]\n'
ZONE = "Resources:\n  Z: {Type: 'AWS::Route53::HostedZone', Properties: {Name: example.net}}\n"
TCP = "{Type: TCP, IPAddress: 192.0.2.1, Port: 1}"
CHECK = f"  C: {{Type: 'AWS::Route53::HealthCheck', Properties: {{HealthCheckConfig: {TCP}}}}}\n"
RECORD = "  R: {{Type: 'AWS::Route53::RecordSet', Properties: {{Name: a.example.net, Type: A, {}}}}}\n"
SIMPLE = "HostedZoneId: !Ref Z, TTL: 1, ResourceRecords: [192.0.2.1]"


def plan(folder: Path, template: str, config: str = CONFIG, **options: Any) -> dict[str, Any]:
    (folder / "site.yaml").write_text(template)
    (folder / "edgeplane.toml").write_text(config)
    return read_source(folder / "edgeplane.toml", {}).document(7, **options)


def faults(folder: Path, template: str, config: str = CONFIG) -> list[str]:
    with pytest.raises(ContentError) as refused:
        plan(folder, template, config)
    return [str(fault) for fault in refused.value.faults]


def test_a_small_plan_in_full(tmp_path: Path) -> None:
    found = plan(
        tmp_path, ZONE + CHECK + RECORD.format(SIMPLE + ", HealthCheckId: !Ref C, Weight: 5, SetIdentifier: s")
    )
    check = health_check_id("C")
    assert found["generation"] == 7
    assert found["source"] == str(tmp_path / "edgeplane.toml")
    assert found["dns"]["checks"] == [check]
    record = {"Name": "a.example.net.", "Type": "A", "TTL": 1, "ResourceRecords": ["192.0.2.1"]}
    routed = {"SetIdentifier": "s", "HealthCheckId": check, "Weight": 5}
    assert found["dns"]["zones"] == [
        {
            "path": "site.yaml: Resources.Z",
            "id": zone_id("Z"),
            "name": "example.net.",
            "name_servers": ["ns1.example.", "ns2.example."],
            "record_sets": [{"path": "site.yaml: Resources.R", **record, **routed}],
        }
    ]
    assert found["dns"]["settings"]["tcp"] == {"idle_timeout_s": 10, "connections": 4096, "connections_per_prefix": 64}
    assert found["dns"]["settings"]["query_log"] is None


def test_settings_reach_the_plan(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"k" * 16)
    (tmp_path / "secret").chmod(0o600)
    text = 'cookie_secret_file = "secret"\nquery_log = {path = "q.log", sample = 0.5}\n'
    text += 'query_acl = ["192.0.2.0/24"]\nnsid = "n"'
    settings = plan(tmp_path, ZONE, CONFIG + text)["dns"]["settings"]
    assert settings["cookie_secret"] == b"k" * 16
    assert settings["query_log"] == {"path": str(tmp_path / "q.log"), "sample": 0.5}
    assert (settings["query_acl"], settings["nsid"]) == (["192.0.2.0/24"], "n")


def test_the_example_site_shows_every_policy_and_its_checks_suit_the_checker() -> None:
    source = read_source(SITE, {})
    found = msgpack.unpackb(source.packed(1))
    keys = {key for zone in found["dns"]["zones"] for record in zone["record_sets"] for key in record}
    assert keys >= {
        "Weight", "Region", "Failover", "GeoLocation", "GeoProximityLocation", "CidrRoutingConfig", "MultiValueAnswer",
        "AliasTarget", "HealthCheckId",
    }  # fmt: skip
    checks, wrong = parse_checks(checks_document(found)["checks"])
    assert [check.id for check in checks] == found["dns"]["checks"]
    assert wrong == []
    assert [Path(each["path"]).name for each in found["dns"]["zone_files"]] == ["example.org.zone"]


def test_the_same_content_in_another_folder_is_the_same_plan_of_zones(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found.append(plan(tmp_path / name, ZONE + RECORD.format(SIMPLE))["dns"]["zones"])
    assert found[0] == found[1]


def test_a_record_set_may_belong_to_a_zone_that_only_a_file_makes(tmp_path: Path) -> None:
    record = RECORD.format("HostedZoneName: example.net, TTL: 1, ResourceRecords: [192.0.2.1]")
    (zone,) = plan(tmp_path, "Resources:\n" + record)["dns"]["zones"]
    assert (zone["id"], zone["name"], zone["name_servers"]) == ("", "example.net.", [])


def test_sets_of_a_group_have_paths_and_lines_of_their_own(tmp_path: Path) -> None:
    group = (
        "  G:\n    Type: AWS::Route53::RecordSetGroup\n    Properties:\n      HostedZoneId: !Ref Z\n      RecordSets:\n"
        "        - {Name: a.example.net, Type: A, TTL: 1, ResourceRecords: [192.0.2.1]}\n"
        "        - {Name: b.example.%s, Type: A, TTL: 1, ResourceRecords: [192.0.2.1]}\n"
    )
    paths = [each["path"] for each in plan(tmp_path, ZONE + group % "net")["dns"]["zones"][0]["record_sets"]]
    assert paths == [f"site.yaml: Resources.G.Properties.RecordSets[{number}]" for number in (0, 1)]
    (fault,) = faults(tmp_path, ZONE + group % "com")
    wanted = "site.yaml:9: Resources.G.Properties.RecordSets[1].Name: b.example.com. is not within example.net."
    assert fault == wanted


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ("TTL: 1, ResourceRecords: [192.0.2.1]", "needs HostedZoneId or HostedZoneName"),
        ("HostedZoneId: Z0, TTL: 1, ResourceRecords: [192.0.2.1]", "HostedZoneId: no hosted zone here has the id Z0"),
        (f"{SIMPLE}, HealthCheckId: c", "HealthCheckId: no health check here has the id c"),
        (
            f"{SIMPLE}, SetIdentifier: s, CidrRoutingConfig: {{CollectionId: c, LocationName: l}}",
            "no CIDR collection here",
        ),
        (
            "HostedZoneId: !Ref Z, AliasTarget: {DNSName: x.elb.amazonaws.com, HostedZoneId: Z35SXDOTRQ7X7K}",
            "AliasTarget.HostedZoneId: no hosted zone here has the id Z35SXDOTRQ7X7K",
        ),
        (
            "HostedZoneId: !Ref Z, AliasTarget: {DNSName: a.org, HostedZoneId: !Ref Z}",
            "a.org. is not within example.net.",
        ),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused_at_its_line(tmp_path: Path, properties: str, fault: str) -> None:
    (found,) = faults(tmp_path, ZONE + RECORD.format(properties))
    assert fault in found
    assert found.startswith("site.yaml:3: Resources.R")


def test_faults_of_the_core_get_the_place_and_the_line_of_a_record_set(tmp_path: Path) -> None:
    record = "{Name: a.example.net, Type: A, TTL: 1,\n      ResourceRecords: [192.0.2.300]}"
    single = f"  R: {{Type: 'AWS::Route53::RecordSet', Properties: {record.replace('{', '{HostedZoneId: !Ref Z, ')}}}\n"
    group = (
        "  G: {Type: 'AWS::Route53::RecordSetGroup', Properties: {HostedZoneId: !Ref Z, RecordSets: [\n    " + record
    )
    (tmp_path / "site.yaml").write_text(ZONE + single + group + "]}}\n")
    (tmp_path / "edgeplane.toml").write_text(CONFIG)
    source, head = read_source(tmp_path / "edgeplane.toml", {}), "site.yaml: Resources."
    said = ["R.ResourceRecords[0]", "R", "G.Properties.RecordSets[0].ResourceRecords[0]", "Z", "Other.TTL"]
    found = source.with_lines(Fault(head + place, 0, "m") for place in said)
    lines = {fault.place.removeprefix(head): fault.line for fault in found}
    where = ["R.Properties.ResourceRecords[0]", "R", said[2], "Z", "Other.TTL"]
    assert lines == dict(zip(where, [4, 3, 7, 2, 0], strict=True))


def test_checks_that_count_each_other_are_refused(tmp_path: Path) -> None:
    counted = (
        "  {}: {{Type: 'AWS::Route53::HealthCheck', Metadata: {{edgeplane: {{Id: {}}}}}, Properties: "
        "{{HealthCheckConfig: {{Type: CALCULATED, HealthThreshold: 1, ChildHealthChecks: [{}]}}}}}}\n"
    )
    (found,) = faults(tmp_path, "Resources:\n" + counted.format("A", "a", "b") + counted.format("B", "b", "a"))
    assert "counts itself: a → b → a" in found


def test_a_zone_of_a_template_needs_name_servers(tmp_path: Path) -> None:
    assert "set dns.name_servers" in faults(tmp_path, ZONE, 'templates = ["site.yaml"]')[0]


def test_a_zone_is_made_once(tmp_path: Path) -> None:
    twice = ZONE + ZONE.partition("\n")[2].replace("Z:", "Y:")
    assert "example.net. is the zone of site.yaml: Resources.Z already" in faults(tmp_path, twice)[0]


def test_ids_come_from_logical_names_and_stay() -> None:
    assert zone_id("Zone") == "ZFUQULSKPGICVO3NGL6WQ"
    assert health_check_id("NodeIsUp") == "24ac4d1a-eb47-60cd-2640-72133d858547"


IDS = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(IDS, IDS)
def test_slots_stay_with_their_checks_and_no_live_slot_is_given_away(before: list[str], after: list[str]) -> None:
    taken = {id_: slot for slot, id_ in enumerate(before)}
    slots = assign_slots(after, taken)
    assert sorted(id_ for id_ in slots if id_ != FREE) == sorted(after)
    for slot, id_ in enumerate(slots):
        assert taken.get(id_, slot) == slot
        assert id_ == FREE or slot >= len(before) or before[slot] == id_
    assert FREE not in slots[-1:]
