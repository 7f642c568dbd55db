"""Settings and templates → the edge's part of the plan source, references, files, and the zone of distributions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgpack
import pytest

from edgeplane.config.generate import ROOT
from edgeplane.config.kinds import Listen
from edgeplane.edge.managed import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES, RESPONSE_HEADERS_POLICIES
from edgeplane.edge.reach import refused_origins, unserved_https
from edgeplane.edge.types import distribution_id
from edgeplane.errors import ContentError, Fault
from edgeplane.node.source import Source, read_source

CONFIG = """
templates = ["site.yaml"]
[dns]
name_servers = ["ns1.example", "ns2.example"]
[edge]
http = ["127.0.0.1:8080"]
domain = "edge.example.net"
public_addresses = ["192.0.2.80", "2001:db8::80"]
directories = {files = "files"}
"""
KEYS = """
  Key: {Type: "Edgeplane::Edge::SigningKey", Properties: {Name: k, SecretFile: secret}}
  Group: {Type: "AWS::CloudFront::KeyGroup", Properties: {KeyGroupConfig: {Name: g, Items: [!Ref Key]}}}
"""
SITE = """
  Site:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Aliases: [www.example.com]
        Origins:
          - {Id: files, DomainName: files, S3OriginConfig: {}}
        DefaultCacheBehavior:
          TargetOriginId: files
          ViewerProtocolPolicy: allow-all
          CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
"""
MANAGED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ZONE = "\n  Zone: {Type: AWS::Route53::HostedZone, Properties: {Name: example.net}}\n"
ALIAS = """
  Alias:
    Type: AWS::Route53::RecordSet
    Properties:
      HostedZoneId: !Ref Zone
      Name: cdn.example.net
      Type: A
      AliasTarget: {DNSName: !GetAtt Site.DomainName, HostedZoneId: Z2FDTNDATAQYW2}
"""


def source(folder: Path, template: str, config: str = CONFIG) -> Source:
    (folder / "files").mkdir(exist_ok=True)
    if not (folder / "secret").exists():
        (folder / "secret").touch(0o600)
        (folder / "secret").write_bytes(b"s" * 32)
    (folder / "site.yaml").write_text("Resources:" + template)
    (folder / "edgeplane.toml").write_text(config)
    return read_source(folder / "edgeplane.toml", {})


def faults(folder: Path, template: str, config: str = CONFIG) -> list[str]:
    with pytest.raises(ContentError) as refused:
        source(folder, template, config)
    return [str(fault) for fault in refused.value.faults]


def test_a_small_plan_in_full(tmp_path: Path) -> None:
    found = source(tmp_path, KEYS + SITE).edge_document()
    assert found["settings"]["domain"] == "edge.example.net"
    assert found["settings"]["memory"] == 256 << 20
    assert found["settings"]["public_addresses"] == ["192.0.2.80", "2001:db8::80"]
    assert found["settings"]["directories"] == {"files": str(tmp_path / "files")}
    assert (found["settings"]["disk"], found["settings"]["access_log"]) == (None, None)
    (site,) = found["distributions"]
    assert site["id"] == distribution_id("Site")
    assert site["path"] == "site.yaml: Resources.Site"
    assert site["semantics"] == "cloudfront"
    assert site["config"]["Origins"][0]["S3OriginConfig"] == {"OriginReadTimeout": 30}
    assert site["config"]["DefaultCacheBehavior"]["AllowedMethods"] == ["GET", "HEAD"]
    (key,) = found["signing_keys"]
    assert key == {
        "id": key["id"],
        "path": "site.yaml: Resources.Key",
        "name": "k",
        "secret_file": str(tmp_path / "secret"),
    }
    assert found["key_groups"][0]["config"] == {"Name": "g", "Items": [key["id"]]}


def test_settings_reach_the_plan(tmp_path: Path) -> None:
    (tmp_path / "keys").touch(0o600)
    (tmp_path / "keys").write_text("[default]\n")
    more = """
    memory = "1GiB"
    allow_private_origins = ["127.0.0.0/8"]
    tag_header = "X-Tags"
    location = "FRA1"
    [edge.disk]
    path = "cache"
    size = 1048576
    [edge.access_log]
    path = "a.log"
    format = "json"
    sample = 0.5
    [edge.buckets.media]
    endpoint = "http://127.0.0.1:9000/"
    credentials_file = "keys"
    [edge.limits]
    requests_per_second = 7
    """
    found = source(tmp_path, SITE, CONFIG + more).edge_document()["settings"]
    assert found["memory"] == 1 << 30
    assert found["allow_private_origins"] == ["127.0.0.0/8"]
    assert found["tag_header"] == "x-tags"
    assert found["location"] == "FRA1"
    assert found["disk"] == {"path": str(tmp_path / "cache"), "size": 1 << 20}
    assert found["access_log"] == {"path": str(tmp_path / "a.log"), "format": "json", "sample": 0.5}
    bucket = {"endpoint": "http://127.0.0.1:9000", "region": "us-east-1", "credentials_file": str(tmp_path / "keys")}
    assert found["buckets"] == {"media": bucket}
    assert found["limits"]["requests_per_second"] == 7


def test_the_part_travels_packed_and_a_node_of_dns_alone_has_none(tmp_path: Path) -> None:
    whole = source(tmp_path, SITE)
    assert msgpack.unpackb(msgpack.unpackb(whole.packed(3))["edge"]) == whole.edge_document()
    assert "edge" not in source(tmp_path, ZONE, CONFIG.partition("[edge]")[0]).document(3)


def test_semantics_are_chosen_beside_the_properties(tmp_path: Path) -> None:
    chosen = SITE.replace(
        "    Properties:", "    Metadata: {edgeplane: {Id: Mine, Semantics: rfc9111}}\n    Properties:", 1
    )
    (site,) = source(tmp_path, chosen).edge_document()["distributions"]
    assert (site["id"], site["semantics"]) == ("Mine", "rfc9111")
    (fault,) = faults(tmp_path, chosen.replace("rfc9111", "rfc7234"))
    assert fault == "site.yaml:4: Resources.Site.Metadata.edgeplane.Semantics: must be cloudfront or rfc9111"


def test_ranges_are_fetched_as_the_metadata_says(tmp_path: Path) -> None:
    chosen = SITE.replace("    Properties:", "    Metadata: {edgeplane: {Ranges: slices}}\n    Properties:", 1)
    (site,) = source(tmp_path, chosen).edge_document()["distributions"]
    assert (site["ranges"], site["semantics"]) == ("slices", "cloudfront")
    (fault,) = faults(tmp_path, chosen.replace("slices", "pieces"))
    assert fault == "site.yaml:4: Resources.Site.Metadata.edgeplane.Ranges: must be whole or slices"


GROUP = """
  Check: {Type: AWS::Route53::HealthCheck, Properties: {HealthCheckConfig: {Type: TCP, IPAddress: 192.0.2.1, Port: 80}}}
  Site:
    Type: AWS::CloudFront::Distribution
    Metadata:
      edgeplane:
        OriginHealthChecks: {first: !Ref Check}
        OriginWeights: {first: 3, second: 1}
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - {Id: first, DomainName: files, S3OriginConfig: {}}
          - {Id: second, DomainName: files, S3OriginConfig: {}}
          - {Id: alone, DomainName: files, S3OriginConfig: {}}
        OriginGroups:
          Items:
            - Id: both
              FailoverCriteria: {StatusCodes: {Items: [500]}}
              Members: {Items: [{OriginId: first}, {OriginId: second}]}
        DefaultCacheBehavior:
          TargetOriginId: both
          ViewerProtocolPolicy: allow-all
          CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
"""


def test_origins_have_health_checks_and_weights(tmp_path: Path) -> None:
    document = source(tmp_path, GROUP).document(1)
    (site,) = msgpack.unpackb(document["edge"])["distributions"]
    (check,) = document["dns"]["checks"]
    assert site["origin_health_checks"] == {"first": check}
    assert site["origin_weights"] == {"first": 3, "second": 1}
    assert [each["id"] for each in msgpack.unpackb(document["health"])] == [check], "the checker runs it"
    (other,) = source(tmp_path, SITE).edge_document()["distributions"]
    assert (other["origin_health_checks"], other["origin_weights"]) == ({}, {})


CHECKS = "{first: !Ref Check}"
WEIGHTS = "{first: 3, second: 1}"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (CHECKS, "{frist: !Ref Check}", "7: OriginHealthChecks.frist: no origin here has the Id frist; did you mean"),
        (CHECKS, "{first: none}", "7: OriginHealthChecks.first: no health check here has the id none"),
        (CHECKS, "{first: !Ref Nothing}", "7: OriginHealthChecks.first: Nothing is no parameter or resource"),
        (CHECKS, "[first]", "7: OriginHealthChecks: must be a map"),
        (WEIGHTS, "{first: 3, second: 1, third: 1}", "8: OriginWeights.third: no origin here has the Id third"),
        (WEIGHTS, "{first: 3, second: 1, alone: 1}", "8: OriginWeights.alone: is of an origin in no group"),
        (WEIGHTS, "{first: 3}", "8: OriginWeights: has no weight for second, the other member of both"),
        (WEIGHTS, "{first: 256, second: 1}", "8: OriginWeights.first: is '256': should be less than or equal to 255"),
        (WEIGHTS, "{first: -1, second: 1}", "8: OriginWeights.first: is '-1': should be greater than or equal to 0"),
        (WEIGHTS, "{first: 0.5, second: 1}", "8: OriginWeights.first: must be a whole number"),
    ],
)  # fmt: skip
def test_wrong_health_checks_and_weights_are_refused_at_their_line(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    line, _, said = fault.partition(": ")
    (found,) = faults(tmp_path, GROUP.replace(old, new))
    assert found.startswith(f"site.yaml:{line}: Resources.Site.Metadata.edgeplane.{said}")


def test_ids_come_from_logical_names_and_stay() -> None:
    assert distribution_id("Site") == "EFBA7GBYGU2VI6"


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("cache_policies", CACHE_POLICIES),
        ("origin_request_policies", ORIGIN_REQUEST_POLICIES),
        ("response_headers_policies", RESPONSE_HEADERS_POLICIES),
    ],
)
def test_managed_policies_are_those_of_the_core(kind: str, known: dict[str, str]) -> None:
    core = json.loads((ROOT / "rust" / "edge" / "src" / "plan" / "managed.json").read_text())
    assert {each["id"]: each["config"]["Name"].removeprefix("Managed-") for each in core[kind]} == known


POLICY = "ViewerProtocolPolicy: allow-all"
BEHAVIOUR = "Resources.Site.Properties.DistributionConfig.DefaultCacheBehavior."


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("658327ea", "00000000", f"{BEHAVIOUR}CachePolicyId: no cache policy, here or managed"),
        (MANAGED, "CachingOptimized", f"has the id CachingOptimized; that of CachingOptimized is {MANAGED}"),
        (POLICY, "OriginRequestPolicyId: Managed-AllViewer", "; that of AllViewer is 216adef6-"),
        (POLICY, "TrustedKeyGroups: [none]", "TrustedKeyGroups[0]: no key group here has the id none"),
        (POLICY, "ResponseHeadersPolicyId: none", "ResponseHeadersPolicyId: no response headers policy"),
        (POLICY, "OriginRequestPolicyId: none", "OriginRequestPolicyId: no origin request policy"),
        ("DomainName: files", "DomainName: nowhere", "Origins[0].DomainName: nowhere is no name in edge.directories"),
        ("S3OriginConfig: {}", "S3OriginConfig: {}, OriginAccessControlId: none", "no origin access control here"),
        ("Items: [!Ref Key]", "Items: [none]", "KeyGroupConfig.Items[0]: no public key or signing key here has"),
        ("SecretFile: secret", "SecretFile: nowhere", "Resources.Key.Properties.SecretFile: "),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused_at_its_line(tmp_path: Path, old: str, new: str, fault: str) -> None:
    new = f"{old}\n          {new}" if old == POLICY else new
    (found,) = faults(tmp_path, (KEYS + SITE).replace(old, new))
    assert fault in found
    assert re.match(r"site\.yaml:[1-9][0-9]*: ", found)


def test_two_distributions_share_no_host_name(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, SITE + SITE.replace("Site:", "Other:"))
    assert "Resources.Other.Properties.DistributionConfig.Aliases[0]: www.example.com is an alias of site.yaml" in found
    wrong = SITE.replace("    Properties:", "    Metadata: {edgeplane: {Id: -a}}\n    Properties:", 1)
    (found,) = faults(tmp_path, wrong)
    assert "has the id -a, which is no label of a host name" in found


@pytest.mark.parametrize(
    ("octets", "mode", "said"),
    [(b"s" * 31 + b"\n", 0o600, "holds 31 octets, but must have at least 32"), (b"s" * 32, 0o644, "run: chmod 0640")],
)
def test_a_poor_secret_is_refused(tmp_path: Path, octets: bytes, mode: int, said: str) -> None:
    (tmp_path / "secret").write_bytes(octets)
    (tmp_path / "secret").chmod(mode)
    (found,) = faults(tmp_path, KEYS)
    assert said in found


def test_a_distribution_has_a_host_name_in_dns_that_alias_records_find(tmp_path: Path) -> None:
    zones = {zone["name"]: zone for zone in source(tmp_path, ZONE + SITE + ALIAS).document(1)["dns"]["zones"]}
    name = f"{distribution_id('Site').lower()}.edge.example.net."
    (record,) = zones["edge.example.net."]["record_sets"]
    assert (record["Name"], record["Type"], record["ResourceRecords"]) == (name, "A", ["192.0.2.80"])
    assert zones["edge.example.net."]["name_servers"] == ["ns1.example.", "ns2.example."]
    (alias,) = zones["example.net."]["record_sets"]
    assert alias["AliasTarget"]["DNSName"] == name
    both = source(tmp_path, SITE.replace("Enabled: true", "Enabled: true\n        IPV6Enabled: true")).document(1)
    assert [each["Type"] for each in both["dns"]["zones"][0]["record_sets"]] == ["A", "AAAA"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('public_addresses = ["192.0.2.80", "2001:db8::80"]', "set edge.public_addresses in "),
        ('name_servers = ["ns1.example", "ns2.example"]', "set dns.name_servers in "),
    ],
)
def test_an_alias_record_says_what_is_not_set(tmp_path: Path, line: str, said: str) -> None:
    found = faults(tmp_path, ZONE + SITE + ALIAS, CONFIG.replace(line, ""))[0]
    assert "Resources.Alias.Properties.AliasTarget.HostedZoneId: is the zone of distributions" in found
    assert said in found


def test_faults_of_the_core_get_the_lines_of_what_stands_there(tmp_path: Path) -> None:
    place = "site.yaml: Resources.Site.Properties.DistributionConfig.Origins[0].DomainName"
    known = [Fault(place, 0, "m"), Fault("site.yaml: Resources.Site", 0, "m"), Fault("elsewhere", 0, "m")]
    assert [fault.line for fault in source(tmp_path, SITE).with_lines(known)] == [9, 5, 0]


def test_files_that_settings_name_are_there_and_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    (tmp_path / "key.pem").chmod(0o644)
    config = CONFIG.replace("files = ", "none = ") + (
        'https = ["127.0.0.1:8443"]\n'
        '[[edge.certificates]]\ncert = "cert.pem"\nkey = "key.pem"\n'
        '[[edge.certificates]]\ncert = "key.pem"\nkey = "nowhere"\n'
        '[edge.buckets.none]\nendpoint = "http://127.0.0.1:1"\n'
    )
    found = faults(tmp_path, ZONE, config)
    said = "\n".join(found)
    assert f"edge.certificates[0].key: {tmp_path}/key.pem is open to other users; run: chmod 0640" in said
    assert f"edge.certificates[1].cert: {tmp_path}/key.pem holds no certificate" in said
    assert f"edge.certificates[1].key: {tmp_path}/nowhere cannot be read (No such file or directory)" in said
    assert "edge.buckets.none: is the name of a directory too" in said


@pytest.mark.parametrize(
    ("host", "allowed", "warned"),
    [
        ("127.0.0.1", "", True), ("127.0.0.1", "127.0.0.0/8", False), ("localhost", "", True),
        ("localhost", "127.0.0.0/8", False), ("10.1.2.3", "127.0.0.0/8", True), ("169.254.169.254", "", True),
        ("8.8.8.8", "", False), ("www.example.net", "", False),
    ],
)  # fmt: skip
def test_origins_at_addresses_that_would_be_refused_are_warned_of(
    tmp_path: Path, host: str, allowed: str, warned: bool
) -> None:
    custom = "CustomOriginConfig: {OriginProtocolPolicy: http-only}"
    template = SITE.replace("DomainName: files, S3OriginConfig: {}", f"DomainName: {host}, {custom}")
    found = source(tmp_path, template, f"{CONFIG}\nallow_private_origins = {[allowed] if allowed else []}\n")
    warnings = [str(warning) for warning in refused_origins(found.edge, found.settings.edge)]
    place = "Resources.Site.Properties.DistributionConfig.Origins[0].DomainName"
    assert [place in each and f"is '{host}': no public address" in each for each in warnings] == [True] * warned


@pytest.mark.parametrize(
    ("policy", "listens", "said"),
    [
        ("redirect-to-https", {}, "every viewer is led to where nothing is served"),
        ("https-only", {}, "every viewer is refused with 403"),
        ("allow-all", {}, None),
        ("https-only", {"https": (Listen("127.0.0.1", 8443),)}, None),
        ("https-only", {"http": ()}, None),
    ],
)
def test_behaviours_that_ask_for_https_where_it_has_no_address_are_warned_of(
    tmp_path: Path, policy: str, listens: dict[str, tuple[Listen, ...]], said: str | None
) -> None:
    other = f"""        CacheBehaviors:
          - {{PathPattern: a, TargetOriginId: files, ViewerProtocolPolicy: {policy}, CachePolicyId: {MANAGED}}}
"""
    found = source(tmp_path, SITE + other)
    edge = found.settings.edge.model_copy(update=listens)
    warnings = [str(warning) for warning in unserved_https(found.edge, edge)]
    place = "Resources.Site.Properties.DistributionConfig.CacheBehaviors[0].ViewerProtocolPolicy"
    text = f"site.yaml:15: {place}: is {policy}, but edge.https names no address: {said}"
    assert [each.startswith(text) for each in warnings] == [True] * bool(said)
