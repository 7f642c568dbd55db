"""Record sets, names and places: what one resource can say about itself is checked at its property."""

from __future__ import annotations

from typing import Any

import dns.exception
import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.dns.models import CidrCollection, HealthCheck, HostedZone, RecordSet
from edgeplane.dns.name import canonical, master_file_escapes, within

from ..refusal import refused

SIMPLE = {"Name": "www.example.net", "Type": "A", "TTL": "300", "ResourceRecords": ["192.0.2.1"]}
ROUTED = {**SIMPLE, "SetIdentifier": "a"}
ALIAS = {"Name": "www.example.net", "Type": "A", "AliasTarget": {"DNSName": "example.net"}}
POLICIES: dict[str, Any] = {
    "Weight": "0",
    "Region": "eu-west-1",
    "Failover": "SECONDARY",
    "GeoLocation": {"CountryCode": "NO"},
    "GeoProximityLocation": {"AWSRegion": "eu-west-1", "Bias": "-99"},
    "CidrRoutingConfig": {"CollectionId": "c", "LocationName": "*"},
    "MultiValueAnswer": "true",
}


def test_texts_become_numbers_and_names_are_canonical() -> None:
    record = RecordSet.model_validate({**SIMPLE, "Name": "WWW.Example.net"})
    assert (record.TTL, record.Name) == (300, "www.example.net.")


@pytest.mark.parametrize("policy", POLICIES)
def test_each_policy_stands_alone_with_an_identifier(policy: str) -> None:
    assert refused(RecordSet, {**ROUTED, policy: POLICIES[policy]}) == []
    assert refused(RecordSet, {**SIMPLE, policy: POLICIES[policy]}) == [f"SetIdentifier: is required with {policy}"]
    for other in POLICIES.keys() - {policy}:
        (found,) = refused(RecordSet, {**ROUTED, policy: POLICIES[policy], other: POLICIES[other]})
        assert "a record set has one policy" in found


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("rtype", ["NS", "SOA", "DS", "DNAME"])
def test_policies_exclude_what_delegates_and_redirects(policy: str, rtype: str) -> None:
    found = refused(RecordSet, {**ROUTED, "Type": rtype, policy: POLICIES[policy]})
    assert f"{policy}: record sets of type {rtype} have no routing policy" in found


@pytest.mark.parametrize("rtype", ["NS", "SOA", "DS", "DNAME"])
def test_what_delegates_and_redirects_has_neither_health_nor_target(rtype: str) -> None:
    found = refused(RecordSet, {**SIMPLE, "Type": rtype, "HealthCheckId": "c"})
    assert f"HealthCheckId: record sets of type {rtype} have no health check" in found
    found = refused(RecordSet, {**ALIAS, "Type": rtype})
    assert f"AliasTarget: a record set of type {rtype} cannot be an alias" in found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"SetIdentifier": "a"}, "SetIdentifier: needs a policy"),
        ({"Ttl": "1"}, "Ttl: is not known; did you mean TTL?"),
        ({"TTL": None}, "TTL: is required with ResourceRecords"),
        ({"TTL": "2147483648"}, "TTL: "),
        ({"TTL": "-1"}, "TTL: "),
        ({"TTL": "5m"}, "TTL: must be a whole number"),
        ({"TTL": "6_0"}, "TTL: must be a whole number"),
        ({"ResourceRecords": ["192.0.2.1 ; here"]}, "ResourceRecords[0]: has a comment"),
        ({"Type": "TXT", "ResourceRecords": ['"a;b" ; "c"']}, "ResourceRecords[0]: has a comment"),
        ({"ResourceRecords": []}, "ResourceRecords: "),
        ({"ResourceRecords": None}, "ResourceRecords: is required, or AliasTarget"),
        ({"ResourceRecords": ["192.0.2.1", "192.0.2.1"]}, "has a value twice"),
        ({"Type": "CNAME", "ResourceRecords": ["a.", "b."]}, "CNAME has one value"),
        ({"Type": "a"}, "Type: is 'a', but must be 'A'"),
        ({"Type": "NS", "Name": "*.a"}, "Name: a wildcard has no NS"),
        ({"Name": "a..b"}, "Name: 'a..b' has an empty label"),
        ({"HostedZoneId": "Z1", "HostedZoneName": "example.net"}, "stands beside HostedZoneId"),
        ({"HostedZoneName": "example.com"}, "Name: www.example.net. is not within example.com."),
        ({"AliasTarget": {"DNSName": "a"}}, "TTL: is the target's"),
        ({"SetIdentifier": "a", "Weight": "256"}, "Weight: "),
        ({"SetIdentifier": "", "Weight": "1"}, "SetIdentifier: "),
        ({"SetIdentifier": "a" * 129, "Weight": "1"}, "SetIdentifier: "),
        ({"SetIdentifier": "a", "Failover": "primary"}, "Failover: is 'primary', but must be 'PRIMARY'"),
        (
            {"SetIdentifier": "a", "MultiValueAnswer": "true", "ResourceRecords": ["1", "2"]},
            "each value is a record set",
        ),
        ({"SetIdentifier": "a", "MultiValueAnswer": "true", "Type": "CNAME"}, "MultiValueAnswer: a CNAME is one"),
        ({"SetIdentifier": "a", "GeoLocation": {}}, "GeoLocation: needs ContinentCode or CountryCode"),
        ({"SetIdentifier": "a", "GeoLocation": {"ContinentCode": "XX"}}, "GeoLocation.ContinentCode: is 'XX'"),
        ({"SetIdentifier": "a", "GeoLocation": {"ContinentCode": "EU", "CountryCode": "DE"}}, "stands alone"),
        ({"SetIdentifier": "a", "GeoLocation": {"CountryCode": "DE", "SubdivisionCode": "BY"}}, "United States"),
        ({"SetIdentifier": "a", "GeoProximityLocation": {"Bias": "1"}}, "has none of AWSRegion"),
        ({"SetIdentifier": "a", "GeoProximityLocation": {"AWSRegion": "a", "Bias": "100"}}, "Bias"),
        ({"SetIdentifier": "a", "GeoProximityLocation": {"AWSRegion": "a", "LocalZoneGroup": "b"}}, "exactly one"),
        ({"SetIdentifier": "a", "CidrRoutingConfig": {"CollectionId": "a", "LocationName": "a" * 17}}, "LocationName"),
    ],
)
def test_a_record_set_that_cannot_be_is_refused_at_the_property(change: dict[str, Any], fault: str) -> None:
    document = {key: value for key, value in {**SIMPLE, **change}.items() if value is not None}
    found = refused(RecordSet, document)
    assert any(fault in each for each in found), found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"Type": "NS"}, "cannot be an alias"),
        ({"MultiValueAnswer": "true", "SetIdentifier": "a"}, "a multivalue answer cannot be an alias"),
        ({"Failover": "PRIMARY", "SetIdentifier": "a"}, "else the primary never fails over"),
    ],
)
def test_an_alias_that_cannot_be_is_refused(change: dict[str, Any], fault: str) -> None:
    assert any(fault in each for each in refused(RecordSet, {**ALIAS, **change}))


@pytest.mark.parametrize(
    ("latitude", "longitude", "right"),
    [
        ("90", "-180.00", True), ("49.22", "1e2", True), ("49.222", "0", False), ("91", "0", False),
        ("0", "180.01", False), ("nan", "0", False), ("inf", "0", False), ("x", "0", False), ("1e-3", "0", False),
    ],
)  # fmt: skip
def test_coordinates(latitude: str, longitude: str, right: bool) -> None:
    place = {"Coordinates": {"Latitude": latitude, "Longitude": longitude}}
    assert (refused(RecordSet, {**ROUTED, "GeoProximityLocation": place}) == []) is right


@pytest.mark.parametrize(
    ("prefixes", "fault"),
    [
        (["192.0.2.0/24", "2001:db8::/48", "0.0.0.0/0"], ""),
        (["192.0.2.0/25"], "longer than /24"),
        (["2001:db8::/49"], "longer than /48"),
        (["192.0.2.1/24"], "host bits set"),
        (["192.0.2.0/24", "192.0.2.0/24"], "is in location here already"),
        ([], "Locations[0].CidrList"),
    ],
)
def test_cidr_collections(prefixes: list[str], fault: str) -> None:
    collection = {"Name": "c", "Locations": [{"LocationName": "here", "CidrList": prefixes}]}
    found = refused(CidrCollection, collection)
    assert any(fault in each for each in found) if fault else found == []


def test_private_zones_and_unknown_checks_are_refused_with_the_reason() -> None:
    assert refused(HostedZone, {"Name": "a", "VPCs": []}) == ["VPCs: private zones are not offered"]
    assert "is not offered" in refused(HealthCheck, {"HealthCheckConfig": {"Type": "CLOUDWATCH_METRIC"}})[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("WWW.Example.NET", "www.example.net."),
        ("example.net.", "example.net."),
        (".", "."),
        (r"\052.example.net", "*.example.net."),
        (r"a\.b.c", r"a\.b.c."),
        (r"a\056b.c", r"a\.b.c."),
        (r"\000\377.c", r"\000\255.c."),
        ("_sip._tcp.a-b", "_sip._tcp.a-b."),
        ("@.x", r"\@.x."),
    ],
)
def test_names_as_the_api_writes_them(text: str, name: str) -> None:
    assert canonical(text) == name


@pytest.mark.parametrize(
    "text", ["", "..", "a..b", ".a", "a" * 64, ".".join(["a" * 63] * 4), "ä.de", "a\\", r"\9.a", r"\400.a"]
)
def test_names_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"label|octet|ASCII|escape"):
        canonical(text)


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=8))
def test_every_label_of_octets_can_be_written_in_octal_and_reads_as_dnspython_reads_it(labels: list[bytes]) -> None:
    name = dns.name
    text = ".".join("".join(f"\\{octet:03o}" for octet in label) for label in labels)
    assert name.from_text(canonical(text)).labels == (*(label.lower() for label in labels), b"")


@given(st.text("aZ9-_.", min_size=1, max_size=270))
def test_plain_names_read_as_dnspython_reads_them_or_not_at_all(text: str) -> None:
    names, errors = dns.name, dns.exception
    try:
        wanted = names.from_text(text).to_text().lower()
    except errors.DNSException:
        with pytest.raises(ValueError, match=r"label|octets"):
            canonical(text)
    else:
        assert canonical(text) == wanted


@pytest.mark.parametrize(("text", "value"), [(r'"\344"', r'"\228"'), (r'"\"\\052"', r'"\"\\052"'), ("a", "a")])
def test_octal_escapes_in_values_become_decimal(text: str, value: str) -> None:
    assert master_file_escapes(text) == value


@pytest.mark.parametrize("text", [r"\999", r"\9", "\\"])
def test_what_is_no_octal_escape_in_a_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="octal"):
        master_file_escapes(text)


def test_within_counts_labels_not_letters() -> None:
    assert within("a.example.net.", "example.net.")
    assert within("example.net.", "example.net.")
    assert within("example.net.", ".")
    assert not within("badexample.net.", "example.net.")


@pytest.mark.parametrize("value", ['"v=DKIM1; k=rsa"', r"a\;b", r'"a\";" "b"', '"open ;'])
def test_a_semicolon_in_quotes_or_escaped_is_no_comment(value: str) -> None:
    record = RecordSet.model_validate(SIMPLE | {"Type": "TXT", "ResourceRecords": [value]})
    assert record.ResourceRecords == (value,)
