"""The nouns of CloudFront, with the names of its API, and the signing key: what one resource can say about itself.

What stands between them (an alias of two distributions, a pattern that nothing can reach) is for `resources` and the
core to refuse.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from edgeplane.edge import distribution, parts, policies
from edgeplane.edge.parts import Identifier, LocalId, PolicyName
from edgeplane.template.noun import Metadata, Noun, Tag

KEYS_MAX = 5
"""Keys of a group (CloudFront quotas)."""


class Distribution(Noun):
    """AWS::CloudFront::Distribution."""

    DistributionConfig: distribution.DistributionConfig
    Tags: tuple[Tag, ...] = ()


class DistributionMetadata(Metadata):
    """`Metadata: {edgeplane: {…}}` of a distribution.

    OriginHealthChecks: an origin's Id → the id of its AWS::Route53::HealthCheck. OriginWeights: an origin's Id → its
    weight in its groups.
    """

    Semantics: parts.Semantics = "cloudfront"
    Ranges: parts.Ranges = "whole"
    OriginHealthChecks: dict[LocalId, Identifier] = Field(default_factory=dict)
    OriginWeights: dict[LocalId, parts.Weight] = Field(default_factory=dict)


class CachePolicy(Noun):
    """AWS::CloudFront::CachePolicy."""

    CachePolicyConfig: policies.CachePolicyConfig


class OriginRequestPolicy(Noun):
    """AWS::CloudFront::OriginRequestPolicy."""

    OriginRequestPolicyConfig: policies.OriginRequestPolicyConfig


class ResponseHeadersPolicy(Noun):
    """AWS::CloudFront::ResponseHeadersPolicy."""

    ResponseHeadersPolicyConfig: policies.ResponseHeadersPolicyConfig


def _public_key(text: str) -> str:
    """A SubjectPublicKeyInfo in PEM form, as `openssl pkey -pubout` writes it."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if lines[:1] != ["-----BEGIN PUBLIC KEY-----"] or lines[-1] != "-----END PUBLIC KEY-----":
        raise ValueError("is no public key in PEM form; print one with: openssl pkey -in private.pem -pubout")
    try:
        base64.b64decode("".join(lines[1:-1]), validate=True)
    except binascii.Error:
        raise ValueError("holds what is no base64") from None
    return "\n".join(lines) + "\n"


class KeyOfPair(Noun):
    """A public key: RSA of 2048 bits or more, or ECDSA P-256."""

    Name: PolicyName
    EncodedKey: Annotated[str, AfterValidator(_public_key)]
    CallerReference: str | None = None
    Comment: str = ""


class KeyList(Noun):
    """Keys of which one must have signed."""

    Name: PolicyName
    Items: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=KEYS_MAX)]
    Comment: str = ""


class AccessControl(Noun):
    """How requests to a bucket are signed."""

    Name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    Description: str = ""
    OriginAccessControlOriginType: Literal["s3"]
    SigningBehavior: Literal["always", "never", "no-override"]
    SigningProtocol: Literal["sigv4"]


class SigningKey(Noun):
    """Edgeplane::Edge::SigningKey: a secret of 32 octets or more that signs and checks (HMAC-SHA256)."""

    Name: PolicyName
    SecretFile: Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\x00]*$")]


class PublicKey(Noun):
    """AWS::CloudFront::PublicKey."""

    PublicKeyConfig: KeyOfPair


class KeyGroup(Noun):
    """AWS::CloudFront::KeyGroup."""

    KeyGroupConfig: KeyList


class OriginAccessControl(Noun):
    """AWS::CloudFront::OriginAccessControl."""

    OriginAccessControlConfig: AccessControl
