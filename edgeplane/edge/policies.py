"""Cache, origin request and response headers policies: the parts of their configurations."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edgeplane.config.validation import refuse_any
from edgeplane.edge import rules
from edgeplane.edge.parts import FieldName, FieldValue, ItemName, PolicyName, Seconds
from edgeplane.template.noun import Noun

SOME = ("whitelist", "allExcept")
"""Behaviours that need a list."""
HEADERS_SOME = (*SOME, "allViewerAndWhitelistCloudFront")


class CookieChoice(Noun):
    """Which cookies."""

    CookieBehavior: Literal["none", "whitelist", "allExcept", "all"]
    Cookies: tuple[ItemName, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.listed(self.CookieBehavior, self.Cookies, "Cookies", SOME))
        return self


class QueryStringChoice(Noun):
    """Which parameters of the query."""

    QueryStringBehavior: Literal["none", "whitelist", "allExcept", "all"]
    QueryStrings: tuple[ItemName, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.listed(self.QueryStringBehavior, self.QueryStrings, "QueryStrings", SOME))
        return self


class KeyHeaderChoice(Noun):
    """Which header fields are in the key."""

    HeaderBehavior: Literal["none", "whitelist"]
    Headers: tuple[FieldName, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.listed(self.HeaderBehavior, self.Headers, "Headers", SOME))
        return self


class RequestHeaderChoice(Noun):
    """Which header fields the origin gets."""

    HeaderBehavior: Literal["none", "whitelist", "allViewer", "allViewerAndWhitelistCloudFront", "allExcept"]
    Headers: tuple[FieldName, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.listed(self.HeaderBehavior, self.Headers, "Headers", HEADERS_SOME))
        return self


class KeyParameters(Noun):
    """What the key has beside distribution and path; the origin gets it too."""

    CookiesConfig: CookieChoice
    HeadersConfig: KeyHeaderChoice
    QueryStringsConfig: QueryStringChoice
    EnableAcceptEncodingGzip: bool
    EnableAcceptEncodingBrotli: bool = False


class CachePolicyConfig(Noun):
    """How long objects are kept, and under which key."""

    Name: PolicyName
    Comment: str = ""
    MinTTL: Seconds
    DefaultTTL: Seconds
    MaxTTL: Seconds
    ParametersInCacheKeyAndForwardedToOrigin: KeyParameters

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.ttls(self.MinTTL, self.DefaultTTL, self.MaxTTL))
        return self


class OriginRequestPolicyConfig(Noun):
    """What the origin gets beside the key."""

    Name: PolicyName
    Comment: str = ""
    CookiesConfig: CookieChoice
    HeadersConfig: RequestHeaderChoice
    QueryStringsConfig: QueryStringChoice


class FieldNames(Noun):
    """Names of header fields."""

    Items: tuple[FieldName, ...] = ()


class Methods(Noun):
    """Methods, or `ALL`."""

    Items: Annotated[
        tuple[Literal["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE", "ALL"], ...], Field(min_length=1)
    ]


class Origins(Noun):
    """Origins in the sense of CORS: `https://www.example.net`, `*.example.net` or `*`."""

    Items: Annotated[tuple[FieldValue, ...], Field(min_length=1)]


class Cors(Noun):
    """Which pages of other sites may read the answers."""

    AccessControlAllowCredentials: bool
    AccessControlAllowHeaders: FieldNames
    AccessControlAllowMethods: Methods
    AccessControlAllowOrigins: Origins
    AccessControlExposeHeaders: FieldNames | None = None
    AccessControlMaxAgeSec: Seconds | None = None
    OriginOverride: bool


class CustomHeader(Noun):
    """A header field of every answer."""

    Header: FieldName
    Value: FieldValue
    Override: bool


class CustomHeaders(Noun):
    """Header fields of every answer."""

    Items: tuple[CustomHeader, ...]


class RemoveHeader(Noun):
    """A header field that no answer has."""

    Header: FieldName


class RemoveHeaders(Noun):
    """Header fields that are taken away."""

    Items: tuple[RemoveHeader, ...]


class ContentSecurity(Noun):
    """Content-Security-Policy."""

    ContentSecurityPolicy: FieldValue
    Override: bool


class ContentType(Noun):
    """X-Content-Type-Options: nosniff."""

    Override: bool


class Frame(Noun):
    """X-Frame-Options."""

    FrameOption: Literal["DENY", "SAMEORIGIN"]
    Override: bool


class Referrer(Noun):
    """Referrer-Policy."""

    ReferrerPolicy: Literal[
        "no-referrer",
        "no-referrer-when-downgrade",
        "origin",
        "origin-when-cross-origin",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    ]
    Override: bool


class StrictTransport(Noun):
    """Strict-Transport-Security."""

    AccessControlMaxAgeSec: Seconds
    IncludeSubdomains: bool = False
    Preload: bool = False
    Override: bool


class XssFilter(Noun):
    """X-XSS-Protection."""

    Protection: bool
    ModeBlock: bool = False
    ReportUri: FieldValue | None = None
    Override: bool

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.ModeBlock and self.ReportUri:
            raise ValueError("has ModeBlock and ReportUri; give one")
        return self


class SecurityHeaders(Noun):
    """Header fields that make browsers careful."""

    ContentSecurityPolicy: ContentSecurity | None = None
    ContentTypeOptions: ContentType | None = None
    FrameOptions: Frame | None = None
    ReferrerPolicy: Referrer | None = None
    StrictTransportSecurity: StrictTransport | None = None
    XSSProtection: XssFilter | None = None


class ServerTiming(Noun):
    """Server-Timing, in a share of the answers."""

    Enabled: bool
    SamplingRate: Annotated[float, Field(ge=0, le=100)] = 0.0


class ResponseHeadersPolicyConfig(Noun):
    """Header fields that answers get or lose."""

    Name: PolicyName
    Comment: str = ""
    CorsConfig: Cors | None = None
    CustomHeadersConfig: CustomHeaders | None = None
    RemoveHeadersConfig: RemoveHeaders | None = None
    SecurityHeadersConfig: SecurityHeaders | None = None
    ServerTimingHeadersConfig: ServerTiming | None = None
