"""Cache behaviours: which requests, from which origin, and how they are kept."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from edgeplane.config.validation import refuse_any
from edgeplane.edge import rules
from edgeplane.edge.parts import FieldName, Identifier, ItemName, LocalId, Method, Pattern, Seconds
from edgeplane.template.noun import Noun


class ForwardedCookies(Noun):
    """Cookies that the origin gets and the key has."""

    Forward: Literal["none", "whitelist", "all"]
    WhitelistedNames: tuple[ItemName, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.listed(self.Forward, self.WhitelistedNames, "WhitelistedNames", ("whitelist",)))
        return self


class Forwarded(Noun):
    """The older form of a cache policy and an origin request policy in one."""

    QueryString: bool
    QueryStringCacheKeys: tuple[ItemName, ...] = ()
    Headers: tuple[FieldName, ...] = ()
    Cookies: ForwardedCookies = ForwardedCookies(Forward="none")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.QueryStringCacheKeys and not self.QueryString:
            raise ValueError("has QueryStringCacheKeys, which needs QueryString: true")
        if "*" in self.Headers and len(self.Headers) > 1:
            raise ValueError("has * and other names in Headers; * stands alone")
        return self


class Behaviour(Noun):
    """DefaultCacheBehavior: for requests that no other behaviour takes."""

    not_offered: ClassVar = {
        "FieldLevelEncryptionId": "field-level encryption is not offered",
        "FunctionAssociations": "functions are not offered yet",
        "GrpcConfig": "gRPC is not offered",
        "LambdaFunctionAssociations": "functions are not offered yet",
        "RealtimeLogConfigArn": "requests are logged where the setting edge.access_log says",
        "SmoothStreaming": "Smooth Streaming is not offered",
        "TrustedSigners": "accounts of AWS mean nothing here; give TrustedKeyGroups",
    }

    TargetOriginId: LocalId
    ViewerProtocolPolicy: Literal["allow-all", "https-only", "redirect-to-https"]
    AllowedMethods: tuple[Method, ...] = ("GET", "HEAD")
    CachedMethods: tuple[Method, ...] = ("GET", "HEAD")
    Compress: bool = False
    CachePolicyId: Identifier | None = None
    OriginRequestPolicyId: Identifier | None = None
    ResponseHeadersPolicyId: Identifier | None = None
    TrustedKeyGroups: tuple[Identifier, ...] = ()
    ForwardedValues: Forwarded | None = None
    MinTTL: Seconds | None = None
    DefaultTTL: Seconds | None = None
    MaxTTL: Seconds | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.behaviour(self))
        return self


class CacheBehavior(Behaviour):
    """For requests whose path matches; the first that does decides."""

    PathPattern: Pattern
