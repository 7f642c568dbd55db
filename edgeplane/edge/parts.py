"""The types of CloudFront's properties, and the smaller parts of a distribution."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from edgeplane.config.validation import Whole
from edgeplane.edge import rules
from edgeplane.template.noun import Noun

TTL_MAX = 3_153_600_000
"""Seconds; a hundred years (CloudFront API, CachePolicyConfig)."""
TIMEOUT_MAX_S = 120
"""Of an origin: what CloudFront gives without a request to its support."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


def _header(text: str) -> str:
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} is no name of a header field")
    return text


def _value(text: str) -> str:
    if not all(" " <= each <= "~" or each == "\t" for each in text):
        raise ValueError("a header field holds printable ASCII")
    return text


def _url_path(text: str) -> str:
    if not text.startswith("/") or not all("!" <= each <= "~" for each in text):
        raise ValueError(f"{text!r} is no path; write /…, anything but ASCII percent-encoded")
    return text


def _pattern(text: str) -> str:
    if not text or len(text) > 255 or not all("!" <= each <= "~" for each in text):
        raise ValueError("must be 1 to 255 characters of ASCII without spaces, such as images/*.png")
    return text


def _host(text: str) -> str:
    name = text.lower().removesuffix(".")
    if len(name) > 253 or not _HOST.fullmatch(name):
        raise ValueError(f"{text!r} is no host name")
    return name


def _origin_host(text: str) -> str:
    host, colon, port = text.partition(":")
    if colon and port.isdecimal():
        raise ValueError(f"{text!r} has a port; write {host}, and the port as CustomOriginConfig.HTTPPort or HTTPSPort")
    return _host(text)


def _among(codes: tuple[int, ...]) -> AfterValidator:
    def check(code: int) -> int:
        if code not in codes:
            raise ValueError(f"is {code}, but must be one of {', '.join(map(str, codes))}")
        return code

    return AfterValidator(check)


def _word(words: tuple[str, ...]) -> AfterValidator:
    def check(word: str) -> str:
        if word not in words:
            raise ValueError(f"must be {' or '.join(words)}")
        return word

    return AfterValidator(check)


PolicyName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9-]+$")]
LocalId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
FieldName = Annotated[str, AfterValidator(_header)]
FieldValue = Annotated[str, StringConstraints(max_length=1783), AfterValidator(_value)]
UrlPath = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_url_path)]
Pattern = Annotated[str, AfterValidator(_pattern)]
HostName = Annotated[str, AfterValidator(_host)]
OriginHost = Annotated[str, AfterValidator(_origin_host)]
Seconds = Annotated[Whole, Field(ge=0, le=TTL_MAX)]
Timeout = Annotated[Whole, Field(ge=1, le=TIMEOUT_MAX_S)]
Port = Annotated[Whole, Field(ge=1, le=65_535)]
FailoverCode = Annotated[Whole, _among(rules.FAILOVER_CODES)]
ErrorStatus = Annotated[Whole, _among(rules.ERROR_CODES)]
ResponseStatus = Annotated[Whole, _among(rules.RESPONSE_CODES)]
ItemName = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""Of a cookie, or of a parameter of the query."""
Semantics = Annotated[str, _word(rules.SEMANTICS)]
"""Whose rules decide how long an answer is kept."""
Ranges = Annotated[str, _word(rules.RANGES)]
"""How a range of what is not kept is fetched."""
Weight = Annotated[Whole, Field(ge=0, le=255)]
"""Of an origin in its groups, as of a record set (Route 53 API, ResourceRecordSet)."""
Method = Literal["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]


class CustomErrorResponse(Noun):
    """How long an error is kept, and what is answered in its place."""

    ErrorCode: ErrorStatus
    ErrorCachingMinTTL: Seconds = 10
    ResponseCode: ResponseStatus | None = None
    ResponsePagePath: UrlPath | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.ResponseCode is None) != (self.ResponsePagePath is None):
            raise ValueError("has one of ResponseCode and ResponsePagePath; give both or none")
        return self


class Countries(Noun):
    """Countries that are answered, or that are not."""

    RestrictionType: Literal["none", "blacklist", "whitelist"]
    Locations: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")], ...] = ()

    @model_validator(mode="after")
    def _has_locations(self) -> Self:
        if (self.RestrictionType == "none") == bool(self.Locations):
            raise ValueError("has Locations with RestrictionType none" if self.Locations else "needs Locations")
        return self


class Restrictions(Noun):
    """Who is answered."""

    GeoRestriction: Countries


class Logging(Noun):
    """Whether the access log has cookies."""

    refused: ClassVar = {
        "Bucket": "requests are logged where the setting edge.access_log says",
        "Prefix": "requests are logged where the setting edge.access_log says",
    }

    IncludeCookies: bool = False


class ViewerCertificate(Noun):
    """Accepted, and changes nothing: certificates are the host's (edge.certificates), and SNI chooses."""

    AcmCertificateArn: str = ""
    CloudFrontDefaultCertificate: bool = False
    IamCertificateId: str = ""
    MinimumProtocolVersion: str = ""
    SslSupportMethod: Literal["sni-only", "vip", "static-ip"] | None = None
