"""The base of everything that templates hold: frozen, with no property that is not known."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from edgeplane.config.validation import refuse_any

NOTHING: tuple[Any, ...] = ("", "false", [], {}, {"Enabled": "false"})
"""What a property says that asks for nothing."""


class Noun(BaseModel):
    """A resource or a part of one.

    refused: properties of the API that mean nothing here, and why. not_offered: those that are refused where they ask
    for something, as exported templates hold many that do not: empty ones and `false` are read past.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    refused: ClassVar[dict[str, str]] = {}
    not_offered: ClassVar[dict[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _no_refused(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not (cls.refused or cls.not_offered):
            return data
        wanted = {key: why for key, why in cls.not_offered.items() if data.get(key, "") not in NOTHING}
        refuse_any(((key,), why) for key, why in {**cls.refused, **wanted}.items() if key in data)
        return {key: value for key, value in data.items() if key not in cls.not_offered}


class Metadata(Noun):
    """`Metadata: {edgeplane: {…}}` of a resource: what its type has no property for. Id: empty where none is given."""

    Id: str = ""


class Tag(Noun):
    """A label for people."""

    Key: str
    Value: str
