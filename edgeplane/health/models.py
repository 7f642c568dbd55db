"""Health checks as they are written: the fields of Route 53's `HealthCheckConfig`, plus the type ICMP."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from edgeplane.errors import Fault
from edgeplane.health import limits
from edgeplane.health.judge import Rule

HealthCheckType = Literal["HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP", "ICMP", "CALCULATED"]
NOT_OFFERED = ("CLOUDWATCH_METRIC", "RECOVERY_CONTROL")
_DEFAULT_PORTS = {"HTTP": 80, "HTTP_STR_MATCH": 80, "HTTPS": 443, "HTTPS_STR_MATCH": 443}


def _address(text: str) -> str:
    address = ip_address(text)
    if address.is_multicast or address.is_unspecified:
        raise ValueError("a probe needs the address of one host")
    return text


def _domain_name(text: str) -> str:
    labels = text.removesuffix(".").split(".")
    if not all(0 < len(label) < 64 and label.isascii() and label.replace("-", "a").replace("_", "a").isalnum()
               for label in labels):  # fmt: skip
        raise ValueError("not a host name")
    return text.removesuffix(".")


def _resource_path(text: str) -> str:
    if not all("!" <= character <= "~" for character in text):
        raise ValueError("only printable ASCII without spaces; write the rest percent-encoded")
    return text if text.startswith("/") else f"/{text}"


class HealthCheckConfig(BaseModel):
    """Route 53 API, type HealthCheckConfig. `MeasureLatency` and `Regions` are accepted and change nothing here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    Type: HealthCheckType
    IPAddress: Annotated[str, AfterValidator(_address)] | None = None
    Port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    FullyQualifiedDomainName: (
        Annotated[str, Field(max_length=limits.DOMAIN_NAME.maximum), AfterValidator(_domain_name)] | None
    ) = None
    ResourcePath: Annotated[str, Field(max_length=limits.RESOURCE_PATH.maximum), AfterValidator(_resource_path)] = "/"
    SearchString: Annotated[str, Field(min_length=1, max_length=limits.SEARCH_STRING.maximum)] | None = None
    RequestInterval: Annotated[int, Field(ge=limits.REQUEST_INTERVAL.minimum, le=limits.REQUEST_INTERVAL.maximum)] = (
        limits.REQUEST_INTERVAL.default
    )
    FailureThreshold: Annotated[
        int, Field(ge=limits.FAILURE_THRESHOLD.minimum, le=limits.FAILURE_THRESHOLD.maximum)
    ] = limits.FAILURE_THRESHOLD.default
    Inverted: bool = False
    Disabled: bool = False
    EnableSNI: bool | None = None
    HealthThreshold: Annotated[int, Field(ge=0, le=limits.CHILDREN.maximum)] | None = None
    ChildHealthChecks: Annotated[tuple[str, ...], Field(max_length=limits.CHILDREN.maximum)] | None = None
    MeasureLatency: bool = False
    Regions: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _offered(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("Type") in NOT_OFFERED:
            raise ValueError(f"Type {data['Type']} needs services of AWS and is not offered")
        return data

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        for problem in (self._calculated_problem(), self._target_problem(), self._search_problem()):
            if problem:
                raise ValueError(problem)
        return self

    def _calculated_problem(self) -> str | None:
        has = self.HealthThreshold is not None, self.ChildHealthChecks is not None
        if self.Type != "CALCULATED":
            return "HealthThreshold and ChildHealthChecks belong to Type CALCULATED" if any(has) else None
        if not all(has):
            return "CALCULATED needs HealthThreshold and ChildHealthChecks"
        if len(set(self.children)) < len(self.children):
            return "ChildHealthChecks names a check twice"
        return None

    def _target_problem(self) -> str | None:
        given = self.IPAddress or self.FullyQualifiedDomainName
        if self.Type == "CALCULATED":
            return "CALCULATED has no IPAddress, FullyQualifiedDomainName or Port" if given or self.Port else None
        if not given:
            return f"{self.Type} needs IPAddress or FullyQualifiedDomainName"
        if self.Type == "TCP" and self.Port is None:
            return "TCP needs Port"
        if self.Type == "ICMP" and self.Port is not None:
            return "ICMP has no Port"
        return None

    def _search_problem(self) -> str | None:
        if self.searches and self.SearchString is None:
            return f"{self.Type} needs SearchString"
        if not self.searches and self.SearchString is not None:
            return "SearchString belongs to HTTP_STR_MATCH and HTTPS_STR_MATCH"
        return None

    @property
    def searches(self) -> bool:
        """True when the body must contain `SearchString`."""
        return self.Type.endswith("_STR_MATCH")

    @property
    def tls(self) -> bool:
        """True for HTTPS and HTTPS_STR_MATCH."""
        return self.Type.startswith("HTTPS")

    @property
    def port(self) -> int:
        """The port that is probed; 80 and 443 where none is given."""
        return self.Port or _DEFAULT_PORTS.get(self.Type, 0)

    @property
    def children(self) -> tuple[str, ...]:
        """Ids of the checks that a calculated check counts."""
        return self.ChildHealthChecks or ()

    @property
    def server_name(self) -> str | None:
        """The name for the client_hello: `FullyQualifiedDomainName`, unless `EnableSNI` is false."""
        return self.FullyQualifiedDomainName if self.tls and self.EnableSNI is not False else None

    @property
    def host(self) -> str:
        """The Host header: the name, else the address; with the port unless it is the scheme's own."""
        name = self.FullyQualifiedDomainName or self.IPAddress or ""
        name = f"[{name.partition('%')[0]}]" if ":" in name else name
        return name if self.port == _DEFAULT_PORTS.get(self.Type) else f"{name}:{self.port}"

    @property
    def rule(self) -> Rule:
        """How results become a state. A calculated check has no threshold of its own over results."""
        threshold = 1 if self.Type == "CALCULATED" else self.FailureThreshold
        return Rule(threshold, self.Inverted, self.Disabled)

    @property
    def target(self) -> str:
        """What is looked at, as one comparable string: when it changes, earlier results say nothing."""
        seen = (self.Type, self.IPAddress, self.FullyQualifiedDomainName, self.port, self.ResourcePath)
        return json.dumps([*seen, self.SearchString, self.server_name, self.HealthThreshold, self.children])


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the running plan: its byte in the health table, its id, the resource's path, its configuration."""

    slot: int
    id: str
    path: str
    config: HealthCheckConfig


def parse_checks(documents: Sequence[Any]) -> tuple[list[Check], list[Fault]]:
    """Read `[{"slot", "id", "path", "config"} | null]`. Every fault is reported, not only the first.

    Where "slot" is missing it is the position in the list; null stands for a free slot.
    """
    checks: list[Check] = []
    faults: list[Fault] = []
    for number, document in enumerate(documents):
        if document is None:
            continue
        try:
            checks.append(_parse(number, document))
        except ValidationError as error:
            faults.extend(_faults(str(document.get("path", f"checks[{number}]")), error))
        except (AttributeError, KeyError, TypeError) as error:
            faults.append(Fault(f"checks[{number}]", 0, f"not a check: {error!r}"))
    return checks, faults + _twice(checks)


def _parse(number: int, document: Mapping[str, Any]) -> Check:
    slot, check_id, path = document.get("slot", number), document["id"], document["path"]
    if not (isinstance(slot, int) and slot >= 0 and isinstance(check_id, str) and isinstance(path, str)):
        raise TypeError("slot is a number from 0, id and path are strings")
    if not limits.CHECK_ID.minimum <= len(check_id.encode(errors="replace")) <= limits.CHECK_ID.maximum:
        raise TypeError(f"an id has {limits.CHECK_ID.minimum} to {limits.CHECK_ID.maximum} bytes")
    if not (check_id.isprintable() and path.isprintable()):
        raise TypeError("id and path are printable text")
    return Check(slot, check_id, path, HealthCheckConfig.model_validate(document["config"]))


def _faults(path: str, error: ValidationError) -> list[Fault]:
    return [
        Fault(".".join([path, *map(str, one["loc"])]), 0, one["msg"].removeprefix("Value error, "))
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _twice(checks: Sequence[Check]) -> list[Fault]:
    ids: dict[str, str] = {}
    slots: dict[int, str] = {}
    faults = []
    for check in checks:
        for what, other in (
            (f"id {check.id}", ids.setdefault(check.id, check.path)),
            (f"slot {check.slot}", slots.setdefault(check.slot, check.path)),
        ):
            if other is not check.path:
                faults.append(Fault(check.path, 0, f"{what} is that of {other} too"))
    return faults
