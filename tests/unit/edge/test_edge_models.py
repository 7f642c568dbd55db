"""Distributions, policies and keys: what one resource can say about itself is checked at its property."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import BaseModel

from edgeplane.config.validation import written
from edgeplane.edge.models import (
    CachePolicy,
    Distribution,
    KeyGroup,
    OriginAccessControl,
    OriginRequestPolicy,
    PublicKey,
    ResponseHeadersPolicy,
    SigningKey,
)

from ..refusal import refused

OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
SERVER = {"Id": "app", "DomainName": "app.example.net", "CustomOriginConfig": {"OriginProtocolPolicy": "http-only"}}
FILES = {"Id": "files", "DomainName": "files", "S3OriginConfig": {"OriginReadTimeout": "9"}}
DEFAULT = {"TargetOriginId": "app", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": OPTIMIZED}
OTHER = {**DEFAULT, "PathPattern": "images/*"}
CONFIG = {"Enabled": "true", "Origins": [SERVER, FILES], "DefaultCacheBehavior": DEFAULT, "CacheBehaviors": [OTHER]}
GROUP = {
    "Id": "both",
    "FailoverCriteria": {"StatusCodes": {"Quantity": "2", "Items": ["500", "502"]}},
    "Members": {"Quantity": "2", "Items": [{"OriginId": "app"}, {"OriginId": "files"}]},
}
KEY_PARAMETERS = {
    "CookiesConfig": {"CookieBehavior": "none"},
    "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["Accept-Language"]},
    "QueryStringsConfig": {"QueryStringBehavior": "allExcept", "QueryStrings": ["utm_source"]},
    "EnableAcceptEncodingGzip": "true",
}
CACHE_POLICY = {
    "Name": "p", "MinTTL": "1", "DefaultTTL": "60", "MaxTTL": "3600",
    "ParametersInCacheKeyAndForwardedToOrigin": KEY_PARAMETERS,
}  # fmt: skip
REQUEST_POLICY = {
    "Name": "p",
    "CookiesConfig": {"CookieBehavior": "all"},
    "HeadersConfig": {"HeaderBehavior": "allViewerAndWhitelistCloudFront", "Headers": ["CloudFront-Viewer-Country"]},
    "QueryStringsConfig": {"QueryStringBehavior": "all"},
}
CORS = {
    "AccessControlAllowCredentials": "false",
    "AccessControlAllowHeaders": {"Items": ["*"]},
    "AccessControlAllowMethods": {"Items": ["GET"]},
    "AccessControlAllowOrigins": {"Items": ["https://www.example.net"]},
    "OriginOverride": "true",
}
HEADERS_POLICY = {
    "Name": "p",
    "CorsConfig": CORS,
    "CustomHeadersConfig": {"Items": [{"Header": "X-A", "Value": "a b", "Override": "true"}]},
    "RemoveHeadersConfig": {"Items": [{"Header": "Server"}]},
    "SecurityHeadersConfig": {
        "StrictTransportSecurity": {"AccessControlMaxAgeSec": "31536000", "Override": "true", "Preload": "true"},
        "FrameOptions": {"FrameOption": "DENY", "Override": "true"},
        "XSSProtection": {"Protection": "true", "ModeBlock": "true", "Override": "true"},
    },
    "ServerTimingHeadersConfig": {"Enabled": "true", "SamplingRate": "12.5"},
}
PEM = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"

RIGHT: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (Distribution, {"DistributionConfig": CONFIG}),
    (CachePolicy, {"CachePolicyConfig": CACHE_POLICY}),
    (OriginRequestPolicy, {"OriginRequestPolicyConfig": REQUEST_POLICY}),
    (ResponseHeadersPolicy, {"ResponseHeadersPolicyConfig": HEADERS_POLICY}),
    (PublicKey, {"PublicKeyConfig": {"Name": "k", "EncodedKey": PEM, "CallerReference": "1"}}),
    (KeyGroup, {"KeyGroupConfig": {"Name": "g", "Items": ["K1"]}}),
    (
        OriginAccessControl,
        {
            "OriginAccessControlConfig": {
                "Name": "o", "OriginAccessControlOriginType": "s3", "SigningBehavior": "always",
                "SigningProtocol": "sigv4",
            }
        },
    ),
    (SigningKey, {"Name": "k", "SecretFile": "secret"}),
]  # fmt: skip


def config(**change: Any) -> list[str]:
    found = refused(Distribution, {"DistributionConfig": {**CONFIG, **change}})
    return [fault.removeprefix("DistributionConfig.") for fault in found]


def behaviour(**change: Any) -> list[str]:
    found = config(DefaultCacheBehavior={k: v for k, v in {**DEFAULT, **change}.items() if v is not None})
    return [fault.removeprefix("DefaultCacheBehavior") for fault in found]


def maps(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every map in a document."""
    if isinstance(document, dict):
        return [path, *(found for key, value in document.items() for found in maps(value, (*path, key)))]
    if isinstance(document, list):
        return [found for n, value in enumerate(document) for found in maps(value, (*path, n))]
    return []


@pytest.mark.parametrize(("model", "document"), RIGHT, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_right_is_taken_and_every_unknown_key_is_refused(model: type[BaseModel], document: Any) -> None:
    assert refused(model, document) == []
    for path in maps(document):
        wrong = copy.deepcopy(document)
        inner = wrong
        for part in path:
            inner = inner[part]
        inner["Nonsense"] = "1"
        (fault,) = refused(model, wrong)
        assert fault.startswith(f"{written((*path, 'Nonsense'))}: is not known"), fault


@pytest.mark.parametrize(("model", "document"), RIGHT, ids=lambda value: getattr(value, "__name__", ""))
def test_a_misspelt_key_at_any_depth_is_named_with_the_right_one(model: type[BaseModel], document: Any) -> None:
    for path in maps(document):
        wrong = copy.deepcopy(document)
        inner = wrong
        for part in path:
            inner = inner[part]
        key = next(iter(inner))
        inner[f"{key}x"] = inner.pop(key)
        assert any(f"did you mean {key}?" in fault for fault in refused(model, wrong)), (path, key)


def test_texts_become_numbers_and_booleans() -> None:
    found = Distribution.model_validate({"DistributionConfig": {**CONFIG, "OriginGroups": {"Items": [GROUP]}}})
    assert found.DistributionConfig.Enabled is True
    assert found.DistributionConfig.OriginGroups.Items[0].FailoverCriteria.StatusCodes.Items == (500, 502)


def test_what_exported_templates_hold_and_asks_for_nothing_is_read_past() -> None:
    nothing = {
        "LambdaFunctionAssociations": [],
        "TrustedSigners": [],
        "SmoothStreaming": "false",
        "GrpcConfig": {"Enabled": "false"},
    }
    assert behaviour(**nothing, FieldLevelEncryptionId="") == []
    assert config(Origins=[SERVER, {**FILES, "S3OriginConfig": {"OriginAccessIdentity": ""}}]) == []
    assert config(WebACLId="", Staging="false", PriceClass="PriceClass_100") == []
    (fault,) = behaviour(LambdaFunctionAssociations=[{"EventType": "viewer-request"}])
    assert fault == ".LambdaFunctionAssociations: functions are not offered yet"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"Enabled": None}, "Enabled: "),
        ({"Origins": []}, "Origins: "),
        ({"Origins": [SERVER, SERVER]}, "Origins[1].Id: app is there twice"),
        ({"Origins": [{**SERVER, "S3OriginConfig": {}}]}, "Origins[0]: needs CustomOriginConfig, or S3OriginConfig"),
        ({"Origins": [{**SERVER, "OriginPath": "/v1/"}]}, "Origins[0].OriginPath: '/v1/' must begin with a slash"),
        ({"Origins": [{**SERVER, "OriginAccessControlId": "E1"}]}, "OriginAccessControlId: is for buckets"),
        ({"Origins": [{**SERVER, "ConnectionAttempts": "4"}]}, "Origins[0].ConnectionAttempts: "),
        ({"Origins": [{**SERVER, "DomainName": "a b"}]}, "Origins[0].DomainName: 'a b' is no host name"),
        (
            {"Origins": [{**SERVER, "DomainName": "a.example:8080"}]},
            "'a.example:8080' has a port; write a.example, and the port as CustomOriginConfig.HTTPPort or HTTPSPort",
        ),
        ({"Origins": [{**FILES, "S3OriginConfig": {"OriginAccessIdentity": "x"}}]}, "give the origin an OriginAccess"),
        ({"Origins": [FILES]}, "DefaultCacheBehavior.TargetOriginId: no origin or origin group here has the Id app"),
        ({"CacheBehaviors": [OTHER, OTHER]}, "CacheBehaviors[1].PathPattern: images/* is there twice"),
        ({"CacheBehaviors": [{**OTHER, "PathPattern": "a b"}]}, "CacheBehaviors[0].PathPattern: must be 1 to 255"),
        ({"Aliases": ["www.example.net", "WWW.example.net"]}, "Aliases[1]: www.example.net is there twice"),
        ({"DefaultRootObject": "/index.html"}, "write it without the slash"),
        ({"CustomErrorResponses": [{"ErrorCode": "418"}]}, "CustomErrorResponses[0].ErrorCode: is 418, but must be"),
        ({"CustomErrorResponses": [{"ErrorCode": "404", "ResponseCode": "200"}]}, "give both or none"),
        ({"Logging": {"Bucket": "b"}}, "Logging.Bucket: requests are logged where the setting edge.access_log says"),
        ({"Restrictions": {"GeoRestriction": {"RestrictionType": "whitelist"}}}, "needs Locations"),
        ({"OriginGroups": {"Quantity": "2", "Items": [GROUP]}}, "OriginGroups.Quantity: is 2, but there are 1"),
        ({"OriginGroups": {"Items": [{**GROUP, "Id": "app"}]}}, "OriginGroups.Items[0].Id: app is there twice"),
        ({"CNAMEs": ["a.example"]}, "CNAMEs: is an older name of Aliases"),
        ({"WebACLId": "arn"}, "WebACLId: web ACLs are not offered yet"),
    ],
)
def test_a_distribution_that_cannot_be_is_refused_at_the_property(change: dict[str, Any], fault: str) -> None:
    found = refused(
        Distribution, {"DistributionConfig": {k: v for k, v in {**CONFIG, **change}.items() if v is not None}}
    )
    assert any(fault in each for each in found), found


def test_members_of_a_group_are_two_origins() -> None:
    for members, fault in ((["app", "none"], "no origin here has the Id none"), (["app", "app"], "name another")):
        group = {**GROUP, "Members": {"Items": [{"OriginId": id_} for id_ in members]}}
        (found,) = config(OriginGroups={"Items": [group]})
        assert found.startswith("OriginGroups.Items[0].Members.Items[1].OriginId: ")
        assert fault in found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"AllowedMethods": ["GET", "POST"]}, "AllowedMethods: must be GET, HEAD; or"),
        ({"CachedMethods": ["GET", "HEAD", "OPTIONS"]}, "CachedMethods: has OPTIONS"),
        ({"CachePolicyId": None}, "CachePolicyId: is required"),
        ({"MinTTL": "1"}, "MinTTL: is the cache policy's"),
        ({"ForwardedValues": {"QueryString": "true"}}, "ForwardedValues: stands beside CachePolicyId"),
        (
            {"CachePolicyId": None, "ForwardedValues": {"QueryString": "false"}, "MinTTL": "9", "MaxTTL": "8"},
            "above MaxTTL",
        ),
        ({"ViewerProtocolPolicy": "http"}, "ViewerProtocolPolicy: is 'http', but must be 'allow-all'"),
        ({"TrustedKeyGroups": list("abcde")}, "must have at most 4"),
        ({"TrustedSigners": ["self"]}, "give TrustedKeyGroups"),
    ],
)
def test_a_behaviour_that_cannot_be_is_refused(change: dict[str, Any], fault: str) -> None:
    assert any(fault in each for each in behaviour(**change)), behaviour(**change)


def test_ttls_lists_and_keys_of_policies() -> None:
    wrong = {**CACHE_POLICY, "DefaultTTL": "0"}
    assert refused(CachePolicy, {"CachePolicyConfig": wrong}) == [
        "CachePolicyConfig.DefaultTTL: is 0, but must be MinTTL 1 to MaxTTL 3600"
    ]
    wrong = {**REQUEST_POLICY, "CookiesConfig": {"CookieBehavior": "whitelist"}}
    (fault,) = refused(OriginRequestPolicy, {"OriginRequestPolicyConfig": wrong})
    assert fault.endswith("CookiesConfig.Cookies: is required with whitelist")
    wrong = {**REQUEST_POLICY, "CookiesConfig": {"CookieBehavior": "all", "Cookies": ["a"]}}
    (fault,) = refused(OriginRequestPolicy, {"OriginRequestPolicyConfig": wrong})
    assert fault.endswith("Cookies: means nothing with all; leave it out")
    for text, said in (("no key", "is no public key"), (PEM.replace("MF", "M!"), "is no base64")):
        (fault,) = refused(PublicKey, {"PublicKeyConfig": {"Name": "k", "EncodedKey": text}})
        assert said in fault
