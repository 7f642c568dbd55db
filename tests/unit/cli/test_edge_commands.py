"""The edge's commands: what they ask the node, what they print, and what they refuse before asking."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from edgeplane.cli import root

SITE = {
    "id": "E1", "domain_name": "e1.edge.localhost", "aliases": ["www.example.net"], "enabled": True,
    "semantics": "cloudfront", "requests": 200, "hits": 150,
}  # fmt: skip


class Node:
    """A node that answers with what the test says, and notes what it is asked."""

    def __init__(self, reply: Any = None) -> None:
        self.reply, self.asked = reply, []

    def call(self, _: Path, do: str, *, timeout: float | None = None, **args: Any) -> Any:
        self.asked.append((do, args))
        return self.reply


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Node:
    played = Node()
    for module in ("distribution", "invalidate", "cache", "explain"):
        monkeypatch.setattr(f"edgeplane.cli.{module}.call", played.call)
    return played


@pytest.fixture
def signer(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """`edgeplane.core.sign`, which notes what it is asked to sign."""
    asked: list[tuple[Any, ...]] = []

    class Signer:
        def __init__(self, *key: Any) -> None:
            self.key = key

        @classmethod
        def with_secret(cls, *key: Any) -> Signer:
            return cls(*key)

        def url(self, *args: Any, **options: Any) -> str:
            asked.append(("url", self.key, args, options))
            return "http://signed"

        def cookies(self, *args: Any, **options: Any) -> dict[str, str]:
            asked.append(("cookies", self.key, args, options))
            return {"CloudFront-Expires": "1"}

    def custom_policy(*args: Any, **options: Any) -> str:
        asked.append(("policy", args, options))
        if args[0] == "wrong":
            raise ValueError("is no resource")
        return "{}"

    played = SimpleNamespace(Signer=Signer, custom_policy=custom_policy)
    monkeypatch.setitem(sys.modules, "edgeplane.core.sign", played)
    return asked


def run(*arguments: str | Path) -> Result:
    state = ["-s", "/nowhere"] if arguments[0] != "sign" else []
    return CliRunner().invoke(root, [*map(str, arguments), *state], prog_name="edgeplane")


def test_distributions_are_listed_with_their_share_of_hits(node: Node) -> None:
    node.reply = {"distributions": [SITE]}
    shown = run("distribution", "list").stdout.splitlines()
    assert shown[1].split() == ["E1", "e1.edge.localhost", "www.example.net", "yes", "cloudfront", "200", "75.0", "%"]
    assert json.loads(run("distribution", "list", "-o", "json").stdout) == [SITE]
    assert node.asked[0] == ("distributions", {})


def test_one_distribution_is_shown_with_what_is_in_it(node: Node) -> None:
    node.reply = {**SITE, "origins": [{"id": "files", "state": "up"}]}
    shown = run("distribution", "show", "www.example.net").stdout
    assert "origins 1\n  id     files\n  state  up\n" in shown
    assert node.asked == [("distribution", {"distribution": "www.example.net"})]


def test_an_invalidation_says_how_long_it_took(node: Node) -> None:
    node.reply = {"distribution": "E1", "sequence": 7, "workers": 2}
    shown = run("invalidate", "E1", "a.html", "/images/*", "--tag", "#x")
    assert shown.stdout.startswith("2 paths, 1 tag of E1: fetched anew by all of 2 workers, ")
    assert shown.stdout.endswith(" ms\n")
    asked = {"distribution": "E1", "paths": ["/a.html", "/images/*"], "tags": ["x"], "all": False}
    assert node.asked == [("invalidate", asked)]
    found = json.loads(run("invalidate", "E1", "--all", "-o", "json").stdout)
    assert (found["sequence"], found["faults"]) == (7, [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["E1"], "name a path or a --tag, or say --all"),
        (["E1", "/a", "--all"], "--all is everything"),
        (["E1", "--tag", "a", "--all"], "--all is everything"),
        (["E1", "/a*b"], "a * stands at the end alone"),
        (["E1", "http://www.example.net/dusk.png?w=1"], "is a URL; write its path, /dusk.png?w=1"),
        (["E1", "HTTPS://www.example.net"], "is a URL; write its path, /\n"),
        (["E1", "/" * 4001], "1 to 4000 characters"),
        (["E1", "--tag", "a,b"], "no comma"),
        (["E1", "--tag", "a" * 257], "1 to 256 characters"),
    ],
)
def test_what_cannot_be_invalidated_is_not_asked(node: Node, arguments: list[str], said: str) -> None:
    shown = run("invalidate", *arguments)
    assert (shown.exit_code, said in shown.stderr, node.asked) == (2, True, [])


def test_the_cache_is_printed_as_text_or_json(node: Node) -> None:
    node.reply = {"memory": {"entries": 3, "weight": 4096}, "disk": None}
    assert run("cache", "stats").stdout == "memory\n  entries  3\n  weight   4096 octets\n"
    assert json.loads(run("cache", "stats", "-o", "json").stdout) == node.reply
    node.reply = {"url": "http://www.example.net/", "objects": [{"tier": "disk", "age": 7}]}
    assert run("cache", "inspect", "http://www.example.net").stdout.splitlines()[-2:] == ["  tier  disk", "  age   7 s"]
    assert node.asked[-1] == ("cache_inspect", {"url": "http://www.example.net/"})
    node.reply["objects"] = []
    assert run("cache", "inspect", "http://www.example.net").stdout.splitlines()[-1].startswith("nothing is kept of it")


def test_the_help_of_the_cache_says_what_is_counted() -> None:
    shown = " ".join(run("cache", "stats", "--help").stdout.split())
    assert "looks into each found something" in shown
    assert "in edgeplane_edge_results_total" in shown


def test_a_url_is_explained_with_method_headers_and_client(node: Node) -> None:
    node.reply = {"behaviour": "*"}
    url = "http://www.example.net/a?b=1"
    options = ["--method", "head", "--header", "Accept: a: b", "--client", "2001:DB8::1"]
    assert run("explain", "url", url, *options).stdout == "behaviour  *\n"
    asked = {"url": url, "method": "HEAD", "headers": [("Accept", "a: b")], "client": "2001:db8::1"}
    assert node.asked == [("explain_url", asked)]
    assert "did you mean: edgeplane explain url http://a" in run("explain", "http://a").stderr


@pytest.mark.parametrize(
    "url",
    ["www.example.net", "ftp://a/", "http://", "http://a:x/", "http://a/ b", "http://a/é", "http://a/" + "b" * 8192],
)
def test_what_is_no_url_is_refused_before_anything_is_asked(node: Node, url: str) -> None:
    assert run("explain", "url", url).exit_code == run("cache", "inspect", url).exit_code == 2
    assert node.asked == []


def test_a_header_field_has_a_name(node: Node) -> None:
    assert "write a header field as" in run("explain", "url", "http://a/", "--header", "no colon").stderr


def test_without_a_node_the_commands_say_so(tmp_path: Path) -> None:
    for arguments in (
        ["distribution", "list"], ["distribution", "show", "E1"], ["invalidate", "E1", "/"], ["cache", "stats"],
        ["cache", "inspect", "http://a/"], ["explain", "url", "http://a/"],
    ):  # fmt: skip
        shown = CliRunner().invoke(root, [*arguments, "-s", str(tmp_path)])
        assert (shown.exit_code, "start one with `edgeplane serve`" in shown.stderr) == (1, True), arguments


@pytest.fixture
def key(tmp_path: Path) -> Path:
    (tmp_path / "key").touch(0o600)
    (tmp_path / "key").write_bytes(b"s" * 32 + b"\n")
    return tmp_path / "key"


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    (tmp_path / "pem").touch(0o600)
    (tmp_path / "pem").write_text(f"{PEM}\n")
    return tmp_path / "pem"


PEM = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"
URL = "http://www.example.net/private/a.pdf"


def test_a_url_is_signed_with_a_canned_policy(signer: list[Any], key: Path) -> None:
    shown = run("sign", "url", URL, "--expires", "1798761599", "--key-pair-id", "K1", "--secret", key)
    assert (shown.exit_code, shown.stdout) == (0, "http://signed\n"), shown.output
    assert signer == [("url", ("K1", b"s" * 32), (URL,), {"expires": 1798761599})]


def test_more_than_a_time_is_a_custom_policy(signer: list[Any], pem: Path) -> None:
    shown = run(
        "sign", "cookie", URL, "--expires", "2026-12-31T23:59:59Z", "--client", "192.0.2.9/24", "--resource", "http://*",
        "--key-pair-id", "K1", "--private-key", pem, "--hash", "SHA256",
    )  # fmt: skip
    assert shown.stdout == "Set-Cookie: CloudFront-Expires=1; Path=/; HttpOnly\n"
    grant = {"begins": None, "ip_address": "192.0.2.0/24"}
    assert signer[0] == ("policy", ("http://*", 1798761599), grant)
    assert signer[1] == ("cookies", ("K1", f"{PEM}\n", "SHA256"), (URL,), {"policy": "{}"})


def test_a_canned_cookie_has_no_wildcards(signer: list[Any], key: Path) -> None:
    options = ["--expires", "2h", "--key-pair-id", "K1", "--secret", key]
    shown = run("sign", "cookie", "http://www.example.net/*", *options)
    assert (shown.exit_code, "say --resource 'http://www.example.net/*'" in shown.stderr, signer) == (2, True, [])
    assert run("sign", "cookie", "http://www.example.net/*", *options, "--client", "192.0.2.9").exit_code == 0
    assert run("sign", "cookie", "http://www.example.net/a?b=1", *options).exit_code == 0
    assert run("sign", "url", "http://www.example.net/*", *options).exit_code == 0


def test_a_span_of_time_begins_now(signer: list[Any]) -> None:
    before = int(time.time())
    assert run("sign", "policy", URL, "--expires", "2h", "--not-before", "2026-01-31").stdout == "{}\n"
    _, (_, expires), options = signer[0]
    assert before + 7200 <= expires <= time.time() + 7200
    assert options["begins"] == 1769817600
    refused = run("sign", "policy", "http://a/", "--resource", "wrong", "--expires", "2h")
    assert (refused.exit_code, refused.stderr) == (1, "is no resource\n")


def test_what_is_signed_for_the_past_is_warned_of(signer: list[Any], key: Path) -> None:
    for expires, warned in (("2020-01-01", True), ("2h", False)):
        shown = run("sign", "url", URL, "--expires", expires, "--key-pair-id", "K1", "--secret", key)
        assert (shown.stdout, "--expires is past" in shown.stderr) == ("http://signed\n", warned)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--expires", "soon", "--secret", "key"], 2, "write 2h, 7d"),
        (["--expires", "2h"], 2, "give --private-key or --secret"),
        (["--expires", "2h", "--secret", "key", "--private-key", "key"], 2, "give --private-key or --secret"),
        (["--expires", "2h", "--secret", "key", "--hash", "SHA1"], 2, "HMAC-SHA256 is for a --secret"),
        (["--expires", "2h", "--private-key", "key", "--hash", "HMAC-SHA256"], 2, "HMAC-SHA256 is for a --secret"),
        (["--expires", "2h", "--secret", "nowhere"], 1, "nowhere cannot be read"),
        (["--expires", "2h", "--client", "x", "--secret", "key"], 2, "x"),
    ],
)
def test_what_cannot_be_signed_is_said(
    signer: list[Any], key: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(key.parent)
    shown = run("sign", "url", URL, "--key-pair-id", "K1", *options)
    assert (shown.exit_code, said in shown.stderr, signer) == (code, True, []), shown.output


def test_a_key_that_others_may_read_is_refused(signer: list[Any], key: Path) -> None:
    key.chmod(0o644)
    shown = run("sign", "url", URL, "--expires", "2h", "--key-pair-id", "K1", "--secret", key)
    assert (shown.exit_code, "run: chmod 0640" in shown.stderr) == (1, True)


@pytest.mark.parametrize(
    ("option", "text", "mode", "said"),
    [
        ("--private-key", "s" * 32, 0o644, "is no key in PEM; name the secret of a signing key with --secret"),
        ("--private-key", PEM.replace("PRIVATE", "PUBLIC"), 0o644, "is a public key; name the private key"),
        ("--private-key", PEM, 0o644, "is open to other users"),
        ("--secret", PEM, 0o600, "is a key in PEM, no secret; name it with --private-key"),
        ("--secret", PEM.replace("PRIVATE", "PUBLIC"), 0o600, "is a public key; name the private key"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_kind(
    signer: list[Any], pem: Path, option: str, text: str, mode: int, said: str
) -> None:
    pem.write_text(text)
    pem.chmod(mode)
    shown = run("sign", "url", URL, "--expires", "2h", "--key-pair-id", "K1", option, pem)
    assert (shown.exit_code, shown.stderr.startswith(f"{pem} {said}"), signer) == (1, True, []), shown.output


@pytest.mark.parametrize(("option", "text"), [("--private-key", PEM), ("--secret", "short")])
def test_a_key_that_cannot_sign_is_named(pem: Path, option: str, text: str) -> None:
    pem.write_text(text)
    shown = run("sign", "url", URL, "--expires", "2h", "--key-pair-id", "K1", option, pem)
    assert (shown.exit_code, shown.stderr.startswith(f"{pem}: the ")) == (1, True), shown.output
