"""What every section of the file is, and the tables that stand within a setting."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from edgeplane.config.kinds import FilePath

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class Section(BaseModel):
    """A section of the file; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Certificate(Section):
    """A certificate with its chain, and its private key: PEM files."""

    cert: FilePath
    key: FilePath


def _endpoint(text: str) -> str:
    """`https://s3.example.net:9000`: nothing behind the host."""
    parts = urlsplit(text)
    wrong = parts.username or parts.query or parts.fragment or parts.path not in ("", "/")
    if parts.scheme not in ("http", "https") or not parts.hostname or wrong or parts.port == 0:
        raise ValueError(f"{text!r} is no address of a service; write https://s3.example.net or http://127.0.0.1:9000")
    return text.removesuffix("/")


class Bucket(Section):
    """A bucket of an S3-compatible service. Without credentials, requests are not signed."""

    endpoint: Annotated[str, StringConstraints(strict=True), AfterValidator(_endpoint)]
    region: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9-]{1,64}$")] = "us-east-1"
    credentials_file: FilePath | None = None


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("is no name for an origin; write 1 to 253 small letters, digits, dashes and dots")
    return text


OriginName = Annotated[str, AfterValidator(_name)]
"""What a directory or a bucket is called: DomainName of an origin."""
Directories = dict[OriginName, FilePath]
Buckets = dict[OriginName, Bucket]
