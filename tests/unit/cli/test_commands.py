"""The command line: words, exit codes and machine output, over a core that is played by the test."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import msgpack
import pytest
from click.testing import CliRunner, Result

import edgeplane
from edgeplane.cli import COMMANDS, root
from edgeplane.cli.completion import SHELLS
from edgeplane.cli.explain import lines
from edgeplane.cli.lazy import LazyGroup
from edgeplane.cli.output import dated, instant, print_document, print_error, print_json, print_table
from edgeplane.config.generate import ROOT
from edgeplane.errors import ContentError, EdgeplaneError, Fault

EXAMPLE = ROOT / "config" / "examples" / "site"
ZONE = {"name": "example.net.", "records": 3, "names": 2, "serial": 1, "octets": 99}
WARNING = {"place": "z.zone", "line": 3, "message": "has no glue"}
FAULT = {"place": "z.zone", "line": 4, "message": "is no record"}


class Core(SimpleNamespace):
    """What the commands ask of `edgeplane._core`. faults: what a build finds wrong."""

    def __init__(self) -> None:
        super().__init__(faults=[], sources=[], questions=[])

    def build_plan(self, source: bytes, path: str, previous: str | None) -> bytes:
        self.sources.append(msgpack.unpackb(source))
        Path(path).write_bytes(b"plan")
        return msgpack.packb({"faults": self.faults, "warnings": [WARNING], "zones": [ZONE]})

    def export_zone(self, path: str, name: str) -> str:
        return f"; {name}\n"

    def explain(self, path: str, request: bytes) -> bytes:
        self.questions.append(msgpack.unpackb(request))
        candidates = [
            {"set_identifier": "blue", "healthy": True, "chosen": True, "records": ["60 192.0.2.1"], "target": None}
        ]
        return msgpack.packb({"name": "www.", "group": {"policy": "weighted", "candidates": candidates}})


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    played = Core()
    monkeypatch.setitem(sys.modules, "edgeplane._core", played)
    monkeypatch.setattr(edgeplane, "_core", played, raising=False)
    return played


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A configuration on ports that nobody listens on."""
    (tmp_path / "edgeplane.toml").write_text(
        'templates = ["site.yaml"]\n[observe]\nlisten = "127.0.0.1:1"\n[dns]\nlisten = ["127.0.0.1:2"]\n'
        'name_servers = ["ns1.example", "ns2.example"]\n'
    )
    zone = "Resources:\n  Z:\n    Type: AWS::Route53::HostedZone\n    Properties:\n      Name: example.net\n"
    (tmp_path / "site.yaml").write_text(zone)
    return tmp_path / "edgeplane.toml"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(root, list(map(str, arguments)), prog_name="edgeplane")


ESCAPE = "a\x1b[2J\nb\u202e"
"""What would clear a screen, break a line and turn the reading round."""


def test_what_a_terminal_would_obey_is_shown(core: Core, site: Path, tmp_path: Path) -> None:
    core.faults = [{"place": f"z{ESCAPE}", "line": 1, "message": ESCAPE}]
    refused = run("check", site)
    assert r"za\x1b[2J\nb\u202e:1: a\x1b[2J\nb\u202e" in refused.stderr.splitlines()
    for output in ("table", "json"):
        for shown in (run("check", site, "-o", output), run("zone", "check", site, "-o", output)):
            assert shown.output.replace("\n", "").isprintable(), shown.output


def test_a_table_and_an_error_show_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["A"], [[ESCAPE]])
    print_error(EdgeplaneError(ESCAPE))
    print_document({"key": ESCAPE}, "table")
    shown = capsys.readouterr()
    assert (shown.out + shown.err).count(r"a\x1b[2J\nb\u202e") == 3


def test_json_keeps_its_meaning_where_it_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"é\x9b": "\x1b\U000e0001\n\xa0"})
    text = capsys.readouterr().out
    assert (text.replace("\n", "").isprintable(), "é" in text) == (True, True)
    assert json.loads(text) == {"é\x9b": "\x1b\U000e0001\n\xa0"}


def test_every_command_of_the_table_loads_and_shows_an_example() -> None:
    for name in COMMANDS:
        shown = run(name, "--help")
        assert shown.exit_code == 0, shown.output
        assert "Not available" not in shown.output, name


def test_a_broken_module_costs_one_command() -> None:
    group = LazyGroup("g", package="edgeplane.cli", said={"nowhere": "Is not there.", "version": "Is there."})
    assert CliRunner().invoke(group, ["version"]).exit_code == 0
    broken = CliRunner().invoke(group, ["nowhere", "--any", "thing"])
    assert broken.exit_code == 1
    assert "no working `nowhere`" in broken.output


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    context = click.Context(root)
    _, command, _ = root.resolve_command(context, [name])
    listed = root.get_command(context, name)
    for width in (20, 45, 1000):
        assert listed.get_short_help_str(width) == command.get_short_help_str(width)


LOADED = """
import sys
from edgeplane.cli import root
root(sys.argv[1:], prog_name="edgeplane", standalone_mode=False)
print(*sys.modules, file=sys.stderr)
"""


def test_the_help_imports_no_command_and_nothing_that_they_need() -> None:
    """It comes at once, and so does completion, which asks for the same."""
    shown = subprocess.run(
        [sys.executable, "-c", LOADED, "--help"], capture_output=True, text=True, timeout=60, cwd=ROOT, check=True
    )
    assert all(f"\n  {name} " in shown.stdout for name in COMMANDS), shown.stdout
    modules = set(shown.stderr.split())
    own = {name for name in modules if name.startswith("edgeplane")}
    assert own == {"edgeplane", "edgeplane.cli", "edgeplane.cli.lazy", "edgeplane.errors"}
    assert not modules & {"asyncio", "importlib.metadata", "msgpack", "pydantic", "rich", "uvloop"}


def test_version_for_machines(core: Core) -> None:
    assert json.loads(run("version", "-o", "json").stdout)["edgeplane"] == edgeplane.__version__
    assert run("--version").stdout == f"edgeplane {edgeplane.__version__}\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_scripts_name_the_command(shell: str) -> None:
    shown = run("completion", shell)
    assert shown.exit_code == 0
    assert "_EDGEPLANE_COMPLETE" in shown.stdout


def test_check_of_a_right_site(core: Core, site: Path) -> None:
    shown = run("check", site)
    assert shown.exit_code == 0, shown.output
    assert "example.net." in shown.stdout
    assert f"ok: {site}: 1 zone, 1 warning" in shown.stdout
    assert "warning: z.zone:3: has no glue" in shown.stderr
    assert not (site.parent / "var").exists()


def test_check_for_machines(core: Core, site: Path) -> None:
    document = json.loads(run("check", site, "-o", "json").stdout)
    assert document == {"config": str(site), "faults": [], "warnings": [WARNING], "zones": [ZONE], "distributions": []}


def test_check_warns_of_https_that_nobody_serves(core: Core, site: Path) -> None:
    site.write_text(f'{site.read_text()}[edge]\nhttp = ["127.0.0.1:3"]\ndirectories = {{files = "."}}\n')
    template = site.parent / "site.yaml"
    distribution = """  Site:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins: [{Id: files, DomainName: files, S3OriginConfig: {}}]
        DefaultCacheBehavior:
          TargetOriginId: files
          ViewerProtocolPolicy: redirect-to-https
          CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6
"""
    template.write_text(template.read_text() + distribution)
    shown = run("check", site)
    place = "site.yaml:14: Resources.Site.Properties.DistributionConfig.DefaultCacheBehavior.ViewerProtocolPolicy"
    assert (shown.exit_code, f"warning: {place}: is redirect-to-https, but" in shown.stderr) == (0, True), shown.output


def test_check_of_an_empty_site_warns(site: Path) -> None:
    site.write_text(site.read_text().replace('templates = ["site.yaml"]', ""))
    shown = run("check", site)
    assert (shown.exit_code, "no zone is served" in shown.stderr) == (0, True), shown.output


def test_check_of_wrong_content_ends_with_1(core: Core, site: Path) -> None:
    core.faults = [FAULT]
    shown = run("check", site)
    assert (shown.exit_code, "z.zone:4: is no record" in shown.stderr) == (1, True)


def test_check_of_a_wrong_template_names_its_line(core: Core, site: Path) -> None:
    path = site.parent / "site.yaml"
    path.write_text(path.read_text().replace("Name:", "Nam:"))
    shown = run("check", site)
    assert shown.exit_code == 1
    assert "site.yaml:5: Resources.Z.Properties.Nam: is not known; did you mean Name?" in shown.stderr
    assert core.sources == []


def test_check_of_wrong_settings_ends_with_2_and_of_both_shows_both(core: Core, site: Path) -> None:
    assert run("check", site.parent / "none.toml").exit_code == 2
    site.write_text(site.read_text().replace("127.0.0.1:2", "192.0.2.1:2"))
    core.faults = [FAULT]
    shown = run("check", site)
    assert shown.exit_code == 2
    assert "dns.listen[0]: no interface of this host has 192.0.2.1" in shown.stderr
    assert "z.zone:4" in shown.stderr


def test_the_environment_is_named_where_it_chose_the_file(tmp_path: Path) -> None:
    none = str(tmp_path / "none.toml")
    shown = CliRunner(env={"EDGEPLANE_CONFIG": none}).invoke(root, ["check"])
    assert (shown.exit_code, "EDGEPLANE_CONFIG names it" in shown.stderr) == (2, True)
    assert "EDGEPLANE_CONFIG" not in run("check", none).stderr
    for command in ("check", "serve", "reload"):
        assert "EDGEPLANE_CONFIG" in run(command, "--help").stdout


def test_a_configuration_is_named_by_itself_or_by_an_option(core: Core, site: Path) -> None:
    env = {"EDGEPLANE_CONFIG": "none.toml"}
    for given in ([str(site)], ["-c", str(site)]):
        shown = CliRunner(env=env).invoke(root, ["check", *given])
        assert (shown.exit_code, str(site) in shown.stdout) == (0, True), shown.output
    assert "given twice" in run("check", site, "-c", "other.toml").stderr


def test_check_of_a_state_directory_that_is_a_file(core: Core, site: Path) -> None:
    (site.parent / "var").touch()
    shown = run("check", site)
    assert (shown.exit_code, "is no directory" in shown.stderr) == (2, True)


@pytest.mark.parametrize(("log", "code"), [("q.log", 0), (".", 2), ("none/q.log", 2), ("site.yaml/q.log", 2)])
def test_check_of_the_place_of_a_query_log(core: Core, site: Path, log: str, code: int) -> None:
    site.write_text(f'{site.read_text()}query_log = {{path = "{log}"}}\n')
    shown = run("check", site)
    assert shown.exit_code == code
    assert ("dns.query_log.path: " in shown.stderr) == (code == 2)
    assert not (site.parent / "q.log").exists()


def test_check_names_who_holds_an_address(core: Core, site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        site.write_text(site.read_text().replace("127.0.0.1:2", f"127.0.0.1:{port}"))
        shown = run("check", site)
        assert shown.exit_code == 2
        assert f"dns.listen[0]: TCP 127.0.0.1:{port} is held by" in shown.stderr
        assert f"(process {os.getpid()})" in shown.stderr


def test_check_beside_the_node_that_it_configures_warns(core: Core, site: Path) -> None:
    (site.parent / "var").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server, (site.parent / "var" / "lock").open("w"):
        site.write_text(site.read_text().replace("127.0.0.1:2", f"127.0.0.1:{server.getsockname()[1]}"))
        shown = run("check", site)
        assert shown.exit_code == 0
        assert "the node that runs with this state_dir" in shown.stderr


def test_check_without_a_core_says_what_to_do(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "edgeplane._core", None)
    shown = run("check", site)
    assert shown.exit_code == 1
    assert "the core is not built" in shown.stderr


def test_check_takes_the_file_in_the_working_directory(core: Core, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.parent)
    assert run("check").exit_code == 0


def test_zone_check_needs_no_configuration(core: Core, tmp_path: Path) -> None:
    (tmp_path / "a.zone").touch()
    shown = run("zone", "check", tmp_path / "a.zone", "--origin", "Example.ORG", "-o", "json")
    assert json.loads(shown.stdout)["zones"] == [ZONE]
    assert core.sources[0]["dns"]["zone_files"] == [{"path": str(tmp_path / "a.zone"), "origin": "example.org."}]
    core.faults = [FAULT]
    assert run("zone", "check", tmp_path / "a.zone").exit_code == 1
    assert run("zone", "check", tmp_path / "b.zone").exit_code == 2
    assert run("zone", "check", tmp_path / "a.zone", "--origin", "a..b").exit_code == 2


def test_zone_export_reads_the_plan_that_is_served(core: Core, site: Path) -> None:
    missing = run("zone", "export", "example.net", "-c", site)
    assert (missing.exit_code, "nothing was served yet" in missing.stderr) == (1, True)
    (site.parent / "var" / "plans").mkdir(parents=True)
    (site.parent / "var" / "plans" / "current.plan").touch()
    assert run("zone", "export", "EXAMPLE.net", "-c", site).stdout == "; example.net.\n"


def test_plan_build_numbers_the_plan(core: Core, site: Path) -> None:
    shown = run("plan", "build", site.parent / "x.plan", "-c", site, "-g", "41")
    assert "generation 41, 1 zone," in shown.stdout
    assert core.sources[0]["generation"] == 41
    assert run("plan", "build", site.parent / "x.plan", "-c", site, "-g", "0").exit_code == 2


def test_refusals_are_json_where_json_was_asked_for(core: Core, site: Path) -> None:
    core.faults = [FAULT]
    for arguments in (["plan", "build", site.parent / "x.plan"], ["check", site]):
        shown = run(*arguments, *(["-c", site] if arguments[0] == "plan" else []), "-o", "json")
        assert shown.exit_code == 1
        assert json.loads(shown.stdout)["faults"] == [FAULT]
    no_node, no_plan = "no node runs at", "is not a whole plan file"
    for arguments, why in ((["reload"], no_node), (["plan", "apply", site], no_plan), (["plan", "diff"], no_node)):
        shown = run(*arguments, "-c", site, "-o", "json")
        assert shown.exit_code == 1
        assert why in json.loads(shown.stdout)["faults"][0]["message"]


def test_plan_build_makes_no_folder(core: Core, site: Path) -> None:
    shown = run("plan", "build", site.parent / "none" / "x.plan", "-c", site)
    assert (shown.exit_code, f"{site.parent / 'none'} is no directory" in shown.stderr) == (1, True)
    assert not (site.parent / "none").exists()


def test_plan_apply_sends_no_file_that_is_no_plan(core: Core, site: Path) -> None:
    (site.parent / "x.plan").write_bytes(bytes(99))
    os.mkfifo(site.parent / "pipe")
    for name, fault in (("x.plan", "is not a whole plan file"), ("pipe", "is no regular file")):
        shown = run("plan", "apply", site.parent / name, "-c", site)
        assert (shown.exit_code, f"{site.parent / name} {fault}" in shown.stderr) == (1, True), shown.stderr


def a_plan(path: Path) -> Path:
    """A file that looks like a plan."""
    packed = msgpack.packb({"generation": 1})
    head = struct.pack("<8sIIQ32s", b"EDGEPLAN", 1, len(packed), 56 + len(packed), bytes(32))
    path.write_bytes(head + packed)
    return path


def test_what_a_node_finds_wrong_with_its_copy_is_said_of_the_file(
    core: Core, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(directory: Path, do: str, **_: Any) -> None:
        copy = f"{directory}/plans/next.plan"
        raise ContentError([Fault(copy, 3, f"{copy} is damaged")])

    monkeypatch.setattr("edgeplane.cli.plan.call", refuse)
    path = a_plan(site.parent / "x.plan")
    shown = run("plan", "apply", path, "-c", site)
    assert (shown.exit_code, shown.stderr) == (1, f"{path}:3: {path} is damaged\n")


def test_plans_of_another_user_are_no_missing_plans(core: Core, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generation counted from nothing would be too low; `check` says nothing of what it cannot know."""
    real = Path.stat

    def stat(self: Path, **kwargs: Any) -> os.stat_result:
        if self.parent.name == "plans":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, **kwargs)

    monkeypatch.setattr(Path, "stat", stat)
    shown = run("plan", "build", site.parent / "x.plan", "-c", site)
    assert (shown.exit_code, shown.stderr) == (1, f"{site.parent}/var/plans/current.plan: Permission denied\n")
    assert run("check", site).exit_code == 0


def test_plan_apply_and_diff_without_a_node_say_so(core: Core, site: Path) -> None:
    a_plan(site.parent / "x.plan")
    for arguments in (["apply", site.parent / "x.plan"], ["diff"]):
        shown = run("plan", *arguments, "-c", site)
        assert (shown.exit_code, "no node runs at" in shown.stderr) == (1, True)


def test_explain_without_a_node_compiles_and_says_so(core: Core, site: Path) -> None:
    question = (
        "explain",
        "dns",
        "WWW.example.net",
        "txt",
        "--client",
        "2001:DB8::1",
        "--subnet",
        "192.0.2.9/24",
        "-c",
        site,
    )
    shown = run(*question)
    assert shown.exit_code == 0, shown.output
    assert "compiling the configuration instead" in shown.stderr
    assert core.questions == [
        {"name": "www.example.net.", "type": "TXT", "client": "2001:db8::1", "subnet": "192.0.2.0/24"}
    ]
    assert "  candidates 1  ← chosen\n    set_identifier  blue\n    healthy         yes\n" in shown.stdout


@pytest.mark.parametrize("wrong", [["--client", "x"], ["--subnet", "192.0.2.0/33"], ["a..b"]])
def test_explain_refuses_what_is_no_address(core: Core, site: Path, wrong: list[Any]) -> None:
    assert run("explain", "dns", "www.example.net", *wrong).exit_code == 2


@pytest.mark.parametrize("wrong", ["nosuch = 1", "[dns]\nrrl = {slip = 99}", "[edge]\nhttp = 7"])
def test_a_node_is_found_whatever_else_its_configuration_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: str
) -> None:
    """So that it can be asked how it fares, and refuses the reload itself."""
    asked: list[Path] = []
    monkeypatch.setattr("edgeplane.cli.health.call", lambda directory, *_, **__: asked.append(directory) or [])
    config = tmp_path / "edgeplane.toml"
    config.write_text(f"{wrong}\n[node]\nstate_dir = 'elsewhere'\n")
    assert (run("health", "-c", config).exit_code, asked) == (0, [tmp_path / "elsewhere"])
    config.write_text("[node\n")
    refused = run("health", "-c", config)
    assert (refused.exit_code, "is not TOML" in refused.stderr, "-s DIR" in refused.stderr) == (2, True, True)


def test_a_check_that_is_not_there_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch, site: Path) -> None:
    monkeypatch.setattr("edgeplane.cli.health.call", lambda *_, **__: [])
    result = run("health", "nosuch", "-c", site)
    assert result.exit_code == 1
    assert "no such health check" in str(result.exception) + result.output


def test_check_takes_its_configuration_from_the_environment_too(core: Core, site: Path) -> None:
    result = CliRunner(env={"EDGEPLANE_CONFIG": str(site)}).invoke(root, ["check", "-o", "json"])
    assert json.loads(result.stdout)["zones"] == [ZONE]


def test_a_difference_names_record_sets_and_how_many_more_there_are(
    monkeypatch: pytest.MonkeyPatch, site: Path
) -> None:
    nothing: dict[str, list[str]] = {"added": [], "removed": [], "changed": []}
    zone = {**nothing, "zone": "example.net.", "changed": ["www.example.net. A"], "more": 7}
    found = {"zones": nothing, "checks": nothing, "settings": [], "restart": ["dns.listen"], "changes": [zone]}
    monkeypatch.setattr("edgeplane.cli.plan.call", lambda *_, **__: found)
    lines = run("plan", "diff", "-c", site).output.splitlines()
    restart = "~ setting dns.listen, which takes a restart"
    assert lines == [restart, "~ record set www.example.net. A", "… 7 more in example.net."]


def test_a_table_that_is_piped_is_never_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table(["ID", "NAME"], [["1" * 30, "2" * 30]])
    assert "1" * 30 + "  " + "2" * 30 in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["relaod"], "did you mean reload?"),
        (["plan", "biuld"], "did you mean build?"),
        (["explain", "www.example.net", "AAAA"], "did you mean: edgeplane explain dns www.example.net AAAA"),
    ],
)
def test_what_is_no_command_draws_a_suggestion(arguments: list[str], meant: str) -> None:
    shown = run(*arguments)
    assert (shown.exit_code, meant in shown.stderr) == (2, True), shown.stderr


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (r"a\046b.Example", r"a\.b.example."),
        (r"a\.b.example", r"a\.b.example."),
        (r"\200\\x.example", r"\200\\x.example."),
    ],
)
def test_names_are_escaped_as_master_files_escape_them(core: Core, site: Path, written: str, name: str) -> None:
    assert run("explain", "dns", written, "-c", site).exit_code == 0
    assert core.questions[0]["name"] == name
    for wrong in (r"\256.example", r"\512.example"):
        assert run("explain", "dns", wrong, "-c", site).exit_code == 2


def test_an_explanation_without_a_zone_has_no_serial() -> None:
    step = {"name": "a.", "serial": 0, "found": "no zone"}
    assert [line.split()[0] for line in lines({"steps": [step]})] == ["steps", "name", "found"]
    assert "serial" in "".join(lines({"steps": [{**step, "found": "data"}]}))


def test_moments_are_written_one_way() -> None:
    assert instant(0.0) == "-"
    assert dated([{"since": 1769860800.5, "at": None, "transitions": [{"at": 1769860800}]}]) == [
        {"since": "2026-01-31T12:00:00Z", "at": None, "transitions": [{"at": "2026-01-31T12:00:00Z"}]}
    ]


@pytest.mark.parametrize(("generation", "code"), [(0, 2), ((1 << 63) - 1, 0), (1 << 63, 2)])
def test_a_generation_that_no_node_takes_is_not_built(core: Core, tmp_path: Path, generation: int, code: int) -> None:
    config = str(EXAMPLE / "edgeplane.toml")
    args = ["plan", "build", str(tmp_path / "site.plan"), "-c", config, "-g", str(generation)]
    assert CliRunner().invoke(root, args).exit_code == code
