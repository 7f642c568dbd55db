"""`edgeplane sign url`, `sign cookie` and `sign policy`: what lets a client at private content. Needs no node."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar

import click

from edgeplane.cli.lazy import NearestGroup
from edgeplane.cli.moment import moment
from edgeplane.cli.output import format_option, print_document, print_line
from edgeplane.cli.url import url_argument
from edgeplane.config.secret import read_secret
from edgeplane.errors import EdgeplaneError

Command = TypeVar("Command", bound=Callable[..., Any])
SHA1, HMAC = "SHA1", "HMAC-SHA256"
HASHES = (SHA1, "SHA256", HMAC)
KEY_OCTETS = 65_536
PEM, PUBLIC = b"-----BEGIN ", b"-----BEGIN PUBLIC KEY-----"


def _network(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else str(ip_network(value, strict=False))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def key_options(command: Command) -> Command:
    """Adds who signs and how, passed as `key_pair_id`, `private_key`, `secret` and `hash_algorithm`."""
    kind = click.Path(dir_okay=False, path_type=Path)
    for option in (
        click.option(
            "--hash",
            "hash_algorithm",
            type=click.Choice(HASHES),
            help="[default: HMAC-SHA256 with a secret, else SHA1]",
        ),
        click.option("--secret", type=kind, metavar="FILE", help="The file of a signing key (HMAC-SHA256)."),
        click.option("--private-key", type=kind, metavar="FILE", help="PEM: RSA or ECDSA P-256."),
        click.option("--key-pair-id", required=True, metavar="ID", help="Id of the public key or signing key."),
    ):
        command = option(command)
    return command


def policy_options(command: Command) -> Command:
    """Adds what is allowed, passed as `expires`, `not_before`, `client` and `resource`."""
    for option in (
        click.option("--resource", help="What is allowed instead of URL alone; * and ? are wildcards."),
        click.option("--client", callback=_network, metavar="CIDR", help="Clients that are allowed."),
        click.option("--not-before", callback=moment, metavar="WHEN", help="From then on."),
        click.option(
            "--expires",
            callback=moment,
            required=True,
            metavar="WHEN",
            help="Until then: 2h, 7d, 2026-12-31T23:59:59Z.",
        ),
    ):
        command = option(command)
    return command


@click.group(cls=NearestGroup)
def sign() -> None:
    """Sign URLs and cookies for behaviours with TrustedKeyGroups; needs no node."""


@sign.command("url")
@url_argument
@policy_options
@key_options
def url_(url: str, **options: Any) -> None:
    """Print URL with a signature. With --not-before, --client or --resource: by a custom policy.

    \b
    Examples:
      edgeplane sign url https://www.example.net/private/a.pdf --expires 2h --key-pair-id KEXAMPLE --private-key key.pem
      edgeplane sign url http://www.example.net/private/a.pdf --expires 7d --key-pair-id KEXAMPLE --secret secret.key
    """
    with _refusals():
        click.echo(_signer(options).url(url, **_grant(url, options)))


@sign.command()
@url_argument
@policy_options
@key_options
@format_option
def cookie(url: str, output: str, **options: Any) -> None:
    """Print signed cookies, as a server sets them. Without --not-before, --client or --resource they open URL alone.

    \b
    Example:
      edgeplane sign cookie 'https://www.example.net/private/*' --resource 'https://www.example.net/private/*' \\
        --expires 12h --key-pair-id KEXAMPLE --private-key key.pem
    """
    with _refusals():
        grant = _grant(url, options)
        if "policy" not in grant and "*" in url:
            raise click.UsageError(f"these cookies would open URL alone, as it is written; say --resource '{url}'")
        cookies = _signer(options).cookies(url, **grant)
    if output == "json":
        print_document(cookies, output)
        return
    for name, value in cookies.items():
        print_line(f"Set-Cookie: {name}={value}; Path=/; HttpOnly")


@sign.command()
@url_argument
@policy_options
def policy(url: str, **options: Any) -> None:
    """Print the custom policy that would be signed.

    \b
    Example:
      edgeplane sign policy 'https://www.example.net/private/*' --expires 2026-12-31 --client 192.0.2.0/24
    """
    with _refusals():
        click.echo(_policy(url, options))


def _grant(url: str, options: dict[str, Any]) -> dict[str, Any]:
    """A canned policy where the time alone is limited, else a custom one."""
    if options["expires"] <= time.time():
        print_line("warning: --expires is past: nobody will be let in with this", err=True)
    custom = any(options[name] is not None for name in ("not_before", "client", "resource"))
    return {"policy": _policy(url, options)} if custom else {"expires": options["expires"]}


def _policy(url: str, options: dict[str, Any]) -> str:
    begins, client = options["not_before"], options["client"]
    made: str = _core().custom_policy(options["resource"] or url, options["expires"], begins=begins, ip_address=client)
    return made


def _signer(options: dict[str, Any]) -> Any:
    """`edgeplane.core.sign.Signer` with the key of the options."""
    private_key, secret, hash_algorithm = options["private_key"], options["secret"], options["hash_algorithm"]
    if (private_key is None) == (secret is None):
        raise click.UsageError("give --private-key or --secret")
    if (secret is None) == (hash_algorithm == HMAC) and hash_algorithm:
        raise click.UsageError(f"{HMAC} is for a --secret, the others are for a --private-key")
    if secret is not None:
        octets = _read(secret, _not_secret).removesuffix(b"\n").removesuffix(b"\r")
        return _made(secret, _core().Signer.with_secret, options["key_pair_id"], octets)
    text = _read(private_key, _not_private).decode(errors="replace")
    return _made(private_key, _core().Signer, options["key_pair_id"], text, hash_algorithm or SHA1)


def _made(path: Path, make: Callable[..., Any], *key: Any) -> Any:
    """A signer; what is wrong with its key names the file."""
    try:
        return make(*key)
    except ValueError as error:
        raise EdgeplaneError(f"{path}: {error}") from None


def _read(path: Path, problem: Callable[[bytes], str | None]) -> bytes:
    try:
        return read_secret(path, KEY_OCTETS, problem)
    except ValueError as error:
        raise EdgeplaneError(f"{path} {error}") from None


def _not_private(octets: bytes) -> str | None:
    """What a file is, where it cannot be a private key."""
    if PEM not in octets:
        return "is no key in PEM; name the secret of a signing key with --secret"
    if PUBLIC in octets and b"PRIVATE KEY-----" not in octets:
        return "is a public key; name the private key that belongs to it"
    return None


def _not_secret(octets: bytes) -> str | None:
    """What a file is, where it cannot be a secret."""
    if PEM not in octets:
        return None
    return _not_private(octets) or "is a key in PEM, no secret; name it with --private-key"


def _core() -> Any:
    try:
        return import_module("edgeplane.core.sign")
    except ImportError as error:
        raise EdgeplaneError(f"this installation cannot sign ({error}); install edgeplane anew") from None


@contextmanager
def _refusals() -> Iterator[None]:
    """What cannot be signed is a sentence, not a trace."""
    try:
        yield
    except ValueError as error:
        raise EdgeplaneError(str(error)) from None
