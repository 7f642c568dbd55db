"""What a HealthCheckConfig may say."""

import pytest

from edgeplane.health.models import HealthCheckConfig, parse_checks

HTTP = {"Type": "HTTP", "IPAddress": "192.0.2.1"}


def faults(**config: object) -> list[str]:
    return [
        str(one) for one in parse_checks([{"slot": 0, "id": "a", "path": "site: Resources.A", "config": config}])[1]
    ]


@pytest.mark.parametrize(
    "config",
    [
        HTTP,
        {"Type": "HTTPS_STR_MATCH", "FullyQualifiedDomainName": "a.example", "SearchString": "x" * 255},
        {"Type": "TCP", "IPAddress": "2001:db8::1", "Port": "53"},
        {"Type": "ICMP", "FullyQualifiedDomainName": "_a.example."},
        {"Type": "CALCULATED", "HealthThreshold": 0, "ChildHealthChecks": []},
        HTTP | {"RequestInterval": 5, "FailureThreshold": 10, "MeasureLatency": True, "Regions": ["us-east-1"]},
    ],
)
def test_good(config: dict[str, object]) -> None:
    assert faults(**config) == []


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"Type": "CLOUDWATCH_METRIC"}, "not offered"),
        ({"Type": "RECOVERY_CONTROL"}, "not offered"),
        ({"Type": "GOPHER"}, "Type: Input should be 'HTTP'"),
        ({"Type": "HTTP"}, "needs IPAddress or FullyQualifiedDomainName"),
        (HTTP | {"Prot": 80}, "Prot: Extra inputs"),
        (HTTP | {"Port": 65_536}, "Port"),
        (HTTP | {"IPAddress": "www"}, "IPAddress"),
        (HTTP | {"IPAddress": "224.0.0.1"}, "one host"),
        (HTTP | {"FullyQualifiedDomainName": "a b\r\nX: y"}, "not a host name"),
        (HTTP | {"ResourcePath": "/a\r\nX: y"}, "printable ASCII"),
        (HTTP | {"ResourcePath": "x" * 256}, "ResourcePath"),
        (HTTP | {"FailureThreshold": 11}, "FailureThreshold"),
        (HTTP | {"RequestInterval": 0}, "RequestInterval"),
        (HTTP | {"SearchString": "x"}, "SearchString belongs to"),
        (HTTP | {"Type": "HTTP_STR_MATCH"}, "needs SearchString"),
        (HTTP | {"Type": "HTTP_STR_MATCH", "SearchString": "x" * 256}, "SearchString"),
        (HTTP | {"HealthThreshold": 1}, "belong to Type CALCULATED"),
        ({"Type": "TCP", "IPAddress": "192.0.2.1"}, "TCP needs Port"),
        ({"Type": "ICMP", "IPAddress": "192.0.2.1", "Port": 7}, "ICMP has no Port"),
        ({"Type": "CALCULATED", "HealthThreshold": 1}, "CALCULATED needs"),
        ({"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": ["b", "b"]}, "twice"),
        ({"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": ["b"], "Port": 1}, "has no IPAddress"),
    ],
)
def test_bad_is_named_with_its_path(config: dict[str, object], says: str) -> None:
    found = faults(**config)
    assert len(found) == 1
    assert says in found[0]
    assert found[0].startswith("site: Resources.A")


def test_all_faults_are_reported_and_doubles_named() -> None:
    documents = [
        {"slot": 0, "id": "a", "path": "A", "config": HTTP},
        None,
        {"slot": 0, "id": "a", "path": "B", "config": HTTP},
        {"id": "c", "path": "C", "config": {"Type": "HTTP"}},
        {"id": "d"},
        17,
    ]
    checks, found = parse_checks(documents)
    assert [(one.id, one.slot) for one in checks] == [("a", 0), ("a", 0)]
    assert [one.place for one in found] == ["C", "checks[4]", "checks[5]", "B", "B"]


def test_a_missing_slot_is_the_position() -> None:
    checks, _ = parse_checks([None, {"id": "a", "path": "A", "config": HTTP}])
    assert checks[0].slot == 1


def test_the_target_is_what_is_looked_at() -> None:
    base = HealthCheckConfig.model_validate(HTTP)
    same = [{"Port": 80}, {"FailureThreshold": 1}, {"RequestInterval": 10}, {"Inverted": True}, {"EnableSNI": True}]
    other = [{"Port": 81}, {"ResourcePath": "/x"}, {"IPAddress": "192.0.2.2"}, {"FullyQualifiedDomainName": "a.b"}]
    assert all(HealthCheckConfig.model_validate(HTTP | one).target == base.target for one in same)
    assert all(HealthCheckConfig.model_validate(HTTP | one).target != base.target for one in other)


@pytest.mark.parametrize("check_id", ["", "x" * 257, "a\nb", "\ud800", 7])
def test_an_id_is_short_printable_text(check_id: object) -> None:
    checks, faults = parse_checks([{"slot": 0, "id": check_id, "path": "A", "config": HTTP}])
    assert (checks, len(faults)) == ([], 1)
