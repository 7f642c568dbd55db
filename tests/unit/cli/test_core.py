"""The example site through the core itself: it compiles without a word, every policy answers as its comment says."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edgeplane.cli import core, root
from edgeplane.config.generate import ROOT
from edgeplane.errors import ContentError
from edgeplane.node.source import Source, read_source

from ...running import free_port

SITE = ROOT / "config" / "examples" / "site" / "edgeplane.toml"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "site.plan"
    report = core.compile_plan(read_source(SITE, {}), 1, path)
    assert report["warnings"] == []
    assert [zone["name"] for zone in report["zones"]] == ["example.net.", "example.org."]
    return path


@pytest.mark.parametrize(
    ("name", "rtype", "client", "record"),
    [
        ("www.example.net.", "A", "192.0.2.7", "300 192.0.2.10"),
        ("failover.example.net.", "A", "192.0.2.7", "30 192.0.2.1"),
        ("geo.example.net.", "TXT", "198.51.100.7", '60 "California"'),
        ("geo.example.net.", "TXT", "198.51.100.200", '60 "everywhere else"'),
        ("geo.example.net.", "TXT", "2001:db8::1", '60 "Norway"'),
        ("geo.example.net.", "TXT", "192.0.2.7", '60 "Europe"'),
        ("latency.example.net.", "TXT", "203.0.113.7", '60 "Tokyo"'),
        ("near.example.net.", "TXT", "198.51.100.200", '60 "New York"'),
        ("ip.example.net.", "TXT", "192.0.2.7", '60 "office"'),
        ("ip.example.net.", "TXT", "203.0.113.7", '60 "everyone"'),
        ("x.apps.example.org.", "A", "192.0.2.7", "3600 192.0.2.80"),
    ],
)
def test_the_example_site_answers(plan: Path, name: str, rtype: str, client: str, record: str) -> None:
    found = core.explain(plan, {"name": name, "type": rtype, "client": client, "subnet": None})
    assert record in found["steps"][-1]["records"]


def test_an_exported_zone_is_a_zone_file(plan: Path, tmp_path: Path) -> None:
    path = tmp_path / "exported.zone"
    path.write_text(core.export_zone(plan, "example.org."))
    (zone,) = core.compile_zone_file(path, "example.org.")["zones"]
    assert (zone["name"], zone["records"]) == ("example.org.", 16)


def test_faults_of_the_core_arrive_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "example.org.zone"
    path.write_text("$ORIGIN example.org.\n@ IN A 1\n")
    with pytest.raises(ContentError) as refused:
        core.compile_zone_file(path, None)
    fault = refused.value.faults[0]
    assert (fault.place, fault.line) == (str(path), 2)


def test_templates_and_zone_files_are_refused_in_one_pass(tmp_path: Path) -> None:
    (tmp_path / "a.zone").write_text("$ORIGIN example.org.\n@ IN A 1\n")
    (tmp_path / "site.yaml").write_text("Resources:\n  Z: {Type: 'AWS::Route53::HostedZone'}\n")
    (tmp_path / "edgeplane.toml").write_text('templates = ["site.yaml"]\n[dns]\nzone_files = ["*.zone", "*.none"]\n')
    with pytest.raises(ContentError) as refused:
        read_source(tmp_path / "edgeplane.toml", {})
    places = [fault.place.removeprefix(f"{tmp_path}/") for fault in refused.value.faults]
    assert [places[0], places[-1]] == ["edgeplane.toml", "a.zone"]
    assert any(place.startswith("site.yaml: Resources.Z") for place in places)


def site(folder: Path, *resources: str) -> Source:
    """A template with the zone example.net in its second line, and these resources below."""
    zone = "  Z: {Type: 'AWS::Route53::HostedZone', Properties: {Name: example.net}}\n"
    (folder / "site.yaml").write_text("".join(["Resources:\n", zone, *resources]))
    (folder / "edgeplane.toml").write_text(
        'templates = ["site.yaml"]\n[dns]\nname_servers = ["ns1.example", "ns2.example"]\n'
    )
    return read_source(folder / "edgeplane.toml", {})


def test_faults_of_the_core_in_templates_have_the_path_and_the_line_that_python_gives(tmp_path: Path) -> None:
    record = "Type: AWS::Route53::RecordSet, Properties: {HostedZoneName: example.net, Name: a.example.net, TTL: 1, "
    source = site(
        tmp_path,
        f"  A: {{{record} Type: A, ResourceRecords: [192.0.2.1]}}}}\n",
        f"  C: {{{record} Type: CNAME, ResourceRecords: [b.example.net]}}}}\n",
    )
    with pytest.raises(ContentError) as refused:
        core.trial(source)
    found = {(fault.place, fault.line) for fault in refused.value.faults}
    assert found
    assert found <= {("site.yaml: Resources.A", 3), ("site.yaml: Resources.C", 4)}


def test_warnings_of_the_core_have_the_lines_of_their_resources(tmp_path: Path) -> None:
    record = "{Type: 'AWS::Route53::RecordSet', Properties: {HostedZoneId: !Ref Z, TTL: 1,"
    source = site(
        tmp_path,
        f"  A: {record} Name: a.example.net, Type: CNAME, ResourceRecords: [b.]}}}}\n",
        f"  M: {record} Name: m.example.net, Type: MX, ResourceRecords: [1 a.example.net]}}}}\n",
    )
    (warning,) = core.trial(source)["warnings"]
    assert (warning["place"], warning["line"]) == ("site.yaml: Resources.Z", 2)
    assert warning["message"].startswith("MX of m.example.net. points at a.example.net., which is an alias")


ADVISED = """\
$ORIGIN example.org.
@ 5 SOA ns h 1 1 1 1 1
@ 5 NS ns
ns 5 A 192.0.2.53
mail 5 MX 1 alias
alias 5 CNAME ns
sub 5 NS ns.sub
"""


def test_check_advises_of_what_is_legal_and_does_not_work(tmp_path: Path) -> None:
    (tmp_path / "a.zone").write_text(ADVISED)
    (tmp_path / "b.zone").write_text("$ORIGIN child.example.org.\n@ 5 SOA ns h 1 1 1 1 1\n@ 5 NS ns.example.org.\n")
    config = tmp_path / "edgeplane.toml"
    listen = f'listen = ["127.0.0.1:{free_port()}"]\n'
    config.write_text(f'[dns]\n{listen}zone_files = ["*.zone"]\n[observe]\nlisten = "127.0.0.1:{free_port()}"\n')
    shown = CliRunner().invoke(root, ["check", str(config)])
    assert shown.exit_code == 0, shown.output
    parent = f"warning: {tmp_path / 'a.zone'}:"
    assert {line for line in shown.stderr.splitlines() if line.startswith("warning: ")} == {
        f"{parent} child.example.org. is served here, but example.org. has no NS records for it",
        f"{parent} sub.example.org. is delegated to ns.sub.example.org., "
        "which lies inside it and has no address here (glue)",
        f"{parent} MX of mail.example.org. points at alias.example.org., "
        "which is an alias (CNAME; RFC 2181 section 10.3)",
    }
    assert "2 zones, 3 warnings" in shown.stdout


def test_the_difference_to_a_damaged_plan_is_its_fault(plan: Path, tmp_path: Path) -> None:
    current, damaged = tmp_path / "plans" / "current.plan", tmp_path / "damaged.plan"
    current.parent.mkdir()
    current.write_bytes(plan.read_bytes())
    command = ["plan", "apply", str(damaged), "--diff", "-s", str(tmp_path)]
    damaged.write_bytes(plan.read_bytes())
    assert CliRunner().invoke(root, command).output == "nothing would change\n"
    octets = bytearray(plan.read_bytes())
    octets[-1] ^= 1
    damaged.write_bytes(octets)
    shown = CliRunner().invoke(root, command)
    assert (shown.exit_code, "does not match its hash" in shown.stderr) == (1, True), shown.output


def test_a_plan_file_is_its_owners_alone(plan: Path) -> None:
    assert plan.stat().st_mode & 0o777 == 0o600
