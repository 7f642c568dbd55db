"""DistributionConfig: what a distribution answers for, and how."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from edgeplane.config.validation import refuse_any
from edgeplane.edge import parts, rules
from edgeplane.edge.behaviours import Behaviour, CacheBehavior
from edgeplane.edge.origins import Groups, Origin
from edgeplane.template.noun import Noun


class DistributionConfig(Noun):
    """CloudFront API, DistributionConfig, in the form of CloudFormation. PriceClass is accepted and changes nothing."""

    refused: ClassVar = {
        "CNAMEs": "is an older name of Aliases; write that",
        "CustomOrigin": "is an older form; write Origins",
        "S3Origin": "is an older form; write Origins",
    }
    not_offered: ClassVar = {
        "AnycastIpListId": "addresses are the host's",
        "ConnectionFunctionAssociation": "functions are not offered yet",
        "ConnectionMode": "is not offered; leave it out",
        "ContinuousDeploymentPolicyId": "continuous deployment is not offered",
        "Staging": "continuous deployment is not offered",
        "TenantConfig": "multi-tenant distributions are not offered",
        "ViewerMtlsConfig": "client certificates are not offered",
        "WebACLId": "web ACLs are not offered yet",
    }

    Enabled: bool
    Comment: str = ""
    Aliases: Annotated[tuple[parts.HostName, ...], Field(max_length=rules.ALIASES_MAX)] = ()
    Origins: Annotated[tuple[Origin, ...], Field(min_length=1, max_length=rules.ORIGINS_MAX)]
    OriginGroups: Groups = Groups()
    DefaultCacheBehavior: Behaviour
    CacheBehaviors: Annotated[tuple[CacheBehavior, ...], Field(max_length=rules.BEHAVIOURS_MAX)] = ()
    CustomErrorResponses: tuple[parts.CustomErrorResponse, ...] = ()
    DefaultRootObject: Annotated[str, Field(max_length=255)] = ""
    HttpVersion: Literal["http1.1", "http2", "http3", "http2and3"] = "http1.1"
    IPV6Enabled: bool = False
    Logging: parts.Logging | None = None
    PriceClass: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All", "None"] = "PriceClass_All"
    Restrictions: parts.Restrictions | None = None
    ViewerCertificate: parts.ViewerCertificate | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_any(rules.distribution(self))
        return self
