"""What is wrong with the files and folders that [edge] names: certificates, keys, credentials, directories."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from edgeplane.config import validation
from edgeplane.config.model import Edge
from edgeplane.config.secret import read_secret

PEM_OCTETS = 1 << 20
"""Largest certificate chain and key read."""


def edge_file_problems(edge: Edge) -> Iterator[tuple[validation.Path, str]]:
    """(path of the setting, what is wrong with what it names)."""
    if edge.https and not edge.certificates:
        yield ("edge", "https"), "needs a certificate; name one in edge.certificates"
    for number, pair in enumerate(edge.certificates):
        at = ("edge", "certificates", number)
        yield from (((*at, "cert"), said) for said in _certificate(pair.cert))
        yield from (((*at, "key"), said) for said in _private_key(pair.key))
    for name, directory in edge.directories.items():
        yield from ((("edge", "directories", name), said) for said in _directory(directory))
    for name, bucket in edge.buckets.items():
        if name in edge.directories:
            yield ("edge", "buckets", name), "is the name of a directory too"
        if bucket.credentials_file:
            at_file = ("edge", "buckets", name, "credentials_file")
            yield from ((at_file, said) for said in _secret(bucket.credentials_file))


def _certificate(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            text = file.read(PEM_OCTETS)
    except OSError as error:
        yield f"{path} cannot be read ({error.strerror})"
        return
    if b"-----BEGIN CERTIFICATE-----" not in text:
        yield f"{path} holds no certificate in PEM form"


def _private_key(path: Path) -> Iterator[str]:
    try:
        text = read_secret(path, PEM_OCTETS)
    except ValueError as error:
        yield f"{path} {error}"
        return
    if b"PRIVATE KEY-----" not in text:
        yield f"{path} holds no private key in PEM form"
    elif b"-----BEGIN ENCRYPTED" in text:
        yield f"{path} is encrypted, and nobody is there to type the password; write it without one"


def _directory(path: Path) -> Iterator[str]:
    if not path.is_dir():
        yield f"{path} is no folder" if path.exists() else f"{path} does not exist"
    elif not os.access(path, os.R_OK | os.X_OK):
        yield f"{path} may not be read by this user"


def _secret(path: Path) -> Iterator[str]:
    try:
        if not read_secret(path).strip():
            yield f"{path} is empty"
    except ValueError as error:
        yield f"{path} {error}"
