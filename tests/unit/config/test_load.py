"""Settings: every key of the sample file is known, every other refused, paths are relative to the file."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeplane.config import load
from edgeplane.config.generate import ROOT, generated, toml
from edgeplane.config.kinds import Listen, listen, size
from edgeplane.config.setting import Setting, size_text
from edgeplane.config.table import TABLE
from edgeplane.errors import ConfigError

SAMPLE = (ROOT / "config" / "edgeplane.toml").read_text()
KEY = re.compile(r"^# ([a-z_0-9]+)( = )", re.MULTILINE)
NUMBERS = [setting for setting in TABLE if setting.kind in ("integer", "number")]


def uncommented() -> str:
    return KEY.sub(r"\1\2", SAMPLE)


def load_text(folder: Path, text: str, environ: dict[str, str] | None = None):
    path = folder / "edgeplane.toml"
    path.write_text(text)
    return load(path, environ or {})


def faults(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load_text(folder, text, environ)
    return [str(fault) for fault in refused.value.faults]


def test_generated_files_are_current() -> None:
    stale = [name for name, text in generated().items() if (ROOT / name).read_text() != text]
    assert not stale, "run: python -m edgeplane.config.generate"


def test_the_sample_holds_every_setting_and_loads(tmp_path: Path) -> None:
    assert len(KEY.findall(SAMPLE)) == len(TABLE)
    assert load_text(tmp_path, uncommented()).dns.zone_files == (tmp_path / "zones/*.zone",)


def test_the_sample_as_it_stands_is_the_defaults(tmp_path: Path) -> None:
    assert load_text(tmp_path, SAMPLE) == load_text(tmp_path, "")


@pytest.mark.parametrize("number", range(len(TABLE)))
def test_a_mutated_key_is_refused_with_its_line_and_the_right_name(tmp_path: Path, number: int) -> None:
    text = uncommented()
    match = list(re.finditer(r"^([a-z_0-9]+) = ", text, re.MULTILINE))[number]
    key, line = match[1], text[: match.start()].count("\n") + 1
    (found,) = faults(tmp_path, f"{text[: match.end(1)]}x{text[match.end(1) :]}")
    assert f"edgeplane.toml:{line}: " in found
    assert f"{key}x is not known; did you mean {key}?" in found


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda setting: setting.name)
def test_numbers_are_refused_beyond_their_range_and_kept_within(tmp_path: Path, setting: Setting) -> None:
    header = f"[{setting.section}]\n{setting.key} = "
    assert setting.low is not None
    assert setting.high is not None
    for value in (setting.low, setting.high):
        found = load_text(tmp_path, f"{header}{value}").model_dump()
        for part in setting.path:
            found = found[part]
        assert found == value
    for value in (setting.low - 1, setting.high + 1, "true", '"1"'):
        (fault,) = faults(tmp_path, f"{header}{value}")
        assert setting.name in fault
        assert ":2: " in fault


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.name)
def test_the_environment_overrides_every_setting(tmp_path: Path, setting: Setting) -> None:
    shown = setting.default if setting.default not in (None, [], "", {}) else setting.example
    text = shown if isinstance(shown, str) else toml(shown)
    wrong = {setting.variable: "\0"}
    load_text(tmp_path, "", {setting.variable: str(text)})
    if setting.kind != "text":
        assert faults(tmp_path, "", wrong)[0].startswith(setting.variable)


def test_an_unknown_override_is_refused_and_other_variables_are_not_read(tmp_path: Path) -> None:
    assert faults(tmp_path, "", {"EDGEPLANE__DNS__RLR__SLIP": "2"}) == [
        "EDGEPLANE__DNS__RLR__SLIP: is no setting; did you mean EDGEPLANE__DNS__RRL__SLIP?"
    ]
    load_text(tmp_path, "", {"EDGEPLANE_HOME": "x", "PATH": ""})


def test_paths_are_relative_to_the_file_and_in_the_environment_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    monkeypatch.chdir(tmp_path)
    settings = load_text(tmp_path / "etc", '[dns]\ngeo_database = "geo.csv"', {"EDGEPLANE__DNS__REGIONS": "r.csv"})
    assert settings.dns.geo_database == tmp_path / "etc" / "geo.csv"
    assert settings.dns.regions == tmp_path / "r.csv"
    assert settings.node.state_dir == tmp_path / "etc" / "var"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[dns\n", ":1: is not TOML"),
        ("a = 1\n\n\nb = [", ":4: is not TOML"),
        ("a = " + "[" * 10_000, "is not TOML"),
        ("dns = 3", ":1: dns must be a table of settings"),
        ('[dns]\nlisten = "127.0.0.1:53"', ':2: dns.listen must be a list, such as ["127.0.0.1:53"]'),
        ('[dns]\nlisten = ["*:53"]', "'*:53' names no address; for all of this host write 0.0.0.0:53 or [::]:53"),
        ('[dns]\nlisten = [":53"]', "write 0.0.0.0:53 or [::]:53"),
        ('[dns.rrl]\nexempt = "10.0.0.0/8"', ':2: dns.rrl.exempt must be a list, such as ["10.0.0.0/8"]'),
        ("[dns]\nlisten = []", "at least one address"),
        ('[dns]\nlisten = ["localhost:53"]', "host names are not looked up"),
        ('[dns]\nname_servers = ["a.example"]', "must have 2 to 4"),
        ('[dns.rrl]\nexempt = ["10.0.0.1/8"]', "host bits set"),
        ('[observe]\nlog_format = "xml"', "'text' or 'json'"),
        ("[dns.query_log]\nsample = nan", "dns.query_log.sample"),
        ('[node]\nstate_dir = ""', "write a path"),
    ],
)
def test_a_wrong_file_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in fault for fault in faults(tmp_path, text))


TABLES = """[edge]
directories = {files = "files"}
[[edge.certificates]]
cert = "a"
key = "b"
[[edge.certificates]]
cert = "a"
key = "b"
[edge.buckets.media]
endpoint = "http://127.0.0.1:9000"
"""


def test_tables_within_a_setting_are_settings_with_paths(tmp_path: Path) -> None:
    edge = load_text(tmp_path, TABLES).edge
    assert edge.directories == {"files": tmp_path / "files"}
    assert [pair.key for pair in edge.certificates] == [tmp_path / "b"] * 2
    assert edge.buckets["media"].region == "us-east-1"


@pytest.mark.parametrize(
    ("number", "key"),
    [(4, "cert"), (5, "key"), (7, "cert"), (8, "key"), (10, "endpoint")],
    ids=lambda value: str(value),
)
def test_a_mutated_key_of_an_inner_table_is_refused_at_its_line(tmp_path: Path, number: int, key: str) -> None:
    lines = TABLES.splitlines()
    lines[number - 1] = lines[number - 1].replace(key, f"{key}x")
    found = "\n".join(faults(tmp_path, "\n".join(lines)))
    assert re.search(
        rf"edgeplane\.toml:{number}: edge\.[a-z]+(\[.\]|\.media)\.{key}x is not known; did you mean {key}", found
    )


@pytest.mark.parametrize(
    ("text", "octets"), [("1", 1), ('"1"', 1), ('"64MiB"', 64 << 20), ('"10 GiB"', 10 << 30), ('"3KiB"', 3072)]
)
def test_sizes_are_octets_or_have_a_unit(tmp_path: Path, text: str, octets: int) -> None:
    assert size(tomllib.loads(f"v = {text}")["v"]) == octets
    assert size(size_text(octets)) == octets


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('memory = "64MB"', ":2: edge.memory '64MB' is no size; write octets, or a number with KiB, MiB, GiB, TiB"),
        ("memory = 1", ":2: edge.memory is 1, but must be 1MiB to 1024TiB"),
        ("memory = true", ":2: edge.memory True is no size"),
        ('domain = "a_b"', "is no host name"),
        ('domain = "a..b"', "is no host name"),
        ('tag_header = "a b"', "is no name of a header field"),
        ('location = "Frankfurt am Main"', ":2: edge.location 'Frankfurt am Main' is no name of a location"),
        ('location = "FRA1-"', "is no name of a location"),
        ('public_addresses = ["0.0.0.0"]', "edge.public_addresses[0] '0.0.0.0' is not the address of a host"),
        ('directories = {"A b" = "x"}', ":2: edge.directories.A b is no name for an origin"),
        (
            'buckets = {a = {endpoint = "s3.example.net"}}',
            ":2: edge.buckets.a.endpoint 's3.example.net' is no address of",
        ),
        ("buckets = {a = {}}", ":2: edge.buckets.a.endpoint is required"),
        ('http = ["127.0.0.1:1", "127.0.0.1:1"]', "names one address twice"),
        ('http = ["127.0.0.1:9900"]', ":2: edge.http[0] 127.0.0.1:9900 is observe.listen already"),
        ('http = ["127.0.0.1:1"]\nhttps = ["127.0.0.1:1"]', ":3: edge.https[0] 127.0.0.1:1 is edge.http[0] already"),
    ],
)
def test_a_wrong_edge_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    (fault,) = faults(tmp_path, f"[edge]\n{text}\n")
    assert said in fault


def test_paths_within_tables_of_the_environment_are_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    monkeypatch.chdir(tmp_path)
    variables = {
        "EDGEPLANE__EDGE__DIRECTORIES": '{files = "files"}',
        "EDGEPLANE__EDGE__CERTIFICATES": '[{cert = "c", key = "k"}]',
        "EDGEPLANE__EDGE__BUCKETS": '{a = {endpoint = "http://h", credentials_file = "s"}}',
    }
    edge = load_text(tmp_path / "etc", "", variables).edge
    assert edge.directories["files"] == tmp_path / "files"
    assert (edge.certificates[0].cert, edge.certificates[0].key) == (tmp_path / "c", tmp_path / "k")
    assert edge.buckets["a"].credentials_file == tmp_path / "s"
    (fault,) = faults(tmp_path / "etc", "", {"EDGEPLANE__EDGE__CERTIFICATES": '[{cert = "c"}]'})
    assert fault == "EDGEPLANE__EDGE__CERTIFICATES: edge.certificates[0].key is required"


def test_all_faults_come_in_one_pass_in_the_order_of_lines(tmp_path: Path) -> None:
    found = faults(tmp_path, "[node]\nthreads = -1\n[dns]\ncookies = 1\nnsid = 2\nslip = 1\n")
    assert [fault.split(": ")[0].rpartition(":")[2] for fault in found] == ["2", "4", "5", "6"]


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml", {})


@given(st.ip_addresses(), st.integers(1, 65535))
def test_listen_reads_back_what_it_prints(host, port: int) -> None:
    address = Listen(str(host), port)
    assert listen(str(address)) == address


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert listen(text).port in range(1, 65536)


@given(st.text(max_size=200))
def test_any_text_is_settings_or_faults(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "edgeplane.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with suppress(ConfigError):
        load(path, {})


def test_defaults_in_the_table_are_toml() -> None:
    for setting in TABLE:
        if setting.default is not None:
            assert tomllib.loads(f"v = {toml(setting.default)}")["v"] == setting.default
