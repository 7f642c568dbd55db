"""What a noun says of a document that it does not take."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from edgeplane.config.validation import problems, written


def refused(model: type[BaseModel], document: dict[str, Any]) -> list[str]:
    """Every fault as `path: message`; none where the document is taken."""
    try:
        model.model_validate(document)
    except ValidationError as error:
        return [f"{written(each.path)}: {each.message}" for each in problems(error, model)]
    return []
