"""Files that the settings name: patterns expand in order, what is missing is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeplane.config import find_content, load, read_cookie_secret
from edgeplane.errors import ConfigError, ContentError


def content(folder: Path, text: str):
    path = folder / "edgeplane.toml"
    path.write_text(text)
    return find_content(load(path, {}), path)


def test_patterns_expand_sorted_and_each_file_once(tmp_path: Path) -> None:
    for name in ("b.zone", "a.zone", "c.txt"):
        (tmp_path / name).touch()
    (tmp_path / "d.zone").mkdir()
    found = content(tmp_path, '[dns]\nzone_files = ["*.zone", "a.zone"]')
    assert found.zone_files == (tmp_path / "a.zone", tmp_path / "b.zone")


def test_everything_missing_is_named_at_once(tmp_path: Path) -> None:
    text = 'templates = ["t.yaml"]\n[dns]\nzone_files = ["z/*.zone"]\ngeo_database = "g.csv"'
    with pytest.raises(ContentError) as refused:
        content(tmp_path, text)
    said = str(refused.value)
    assert "dns.zone_files: no file matches" in said
    assert f"templates: {tmp_path}/t.yaml does not exist" in said
    assert f"dns.geo_database: {tmp_path}/g.csv does not exist" in said


@pytest.mark.parametrize(
    ("octets", "key"),
    [
        (b"k" * 16, b"k" * 16),
        (b"k" * 32, b"k" * 32),
        (b"00ff" * 8 + b"\n", b"\0\xff" * 8),
        (b"00ff" * 8, b"\0\xff" * 8),
        (b"00fF" * 16 + b"\r\n", b"\0\xff" * 16),
        (b"00fF" * 16, b"\0\xff" * 16),
        (b"00ff" * 8 + b"\n" + b"11ee" * 8 + b"\n", b"\0\xff" * 8 + b"\x11\xee" * 8),
        (b"0123456789abcdef", b"0123456789abcdef"),
    ],
)
def test_a_cookie_secret_is_raw_or_hexadecimal(tmp_path: Path, octets: bytes, key: bytes) -> None:
    path = tmp_path / "secret"
    path.write_bytes(octets)
    path.chmod(0o640)
    assert read_cookie_secret(path) == key


@pytest.mark.parametrize(("octets", "mode", "said"), [(b"short", 0o600, "16 or 32"), (b"k" * 16, 0o644, "chmod 0640")])
def test_a_poor_cookie_secret_is_refused(tmp_path: Path, octets: bytes, mode: int, said: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(octets)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=said):
        read_cookie_secret(path)


def test_no_secret_file_is_no_secret() -> None:
    assert read_cookie_secret(None) == b""
