"""What pydantic refuses, in words for the person who wrote it."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ValidationError

from edgeplane.errors import nearest

Path = tuple[str | int, ...]

_STEP = re.compile(r"\.?([A-Za-z0-9_]+)|\[(\d+)\]")

WORDS = {
    "missing": "is required",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "model_type": "must be a table of settings",
    "model_attributes_type": "must be a table of settings",
    "dict_type": "must be a map",
}


def _digits(value: Any) -> Any:
    """pydantic reads `6_0` as 60; no other reader of templates does."""
    if isinstance(value, str) and "_" in value:
        raise ValueError(WORDS["int_parsing"])
    return value


Whole = Annotated[int, BeforeValidator(_digits)]
"""A whole number of a template, in which every value is text."""


class ProblemsError(ValueError):
    """Several things wrong with one value: raised by a validator, taken apart by `problems`."""

    def __init__(self, found: list[tuple[Path, str]]) -> None:
        super().__init__("; ".join(message for _, message in found))
        self.found = found


def refuse_any(found: Iterable[tuple[Path, str]]) -> None:
    """Raises ProblemsError when there is one."""
    if every := list(found):
        raise ProblemsError(every)


@dataclass(frozen=True)
class Problem:
    """One thing wrong. path: keys and indexes down to it; kind: pydantic's name of the error."""

    path: Path
    kind: str
    message: str
    input: Any


def problems(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """Each problem of a failed validation of `model`."""
    for detail in error.errors(include_url=False):
        path, kind = tuple(part for part in detail["loc"] if part != "[key]"), detail["type"]
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, ProblemsError):
            yield from (Problem(path + at, kind, message, detail["input"]) for at, message in cause.found)
        else:
            yield Problem(path, kind, _message(detail, model), detail["input"])


def written(path: Path) -> str:
    """("dns", "listen", 1) → `dns.listen[1]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def steps(text: str) -> Path:
    """The path that `written` made a text of, or a part of it: `dns.listen[1]` → ("dns", "listen", 1)."""
    return tuple(int(index) if index else key for key, index in _STEP.findall(text))


def _message(detail: Any, model: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is not known{nearest(str(detail['loc'][-1]), fields_at(model, detail['loc'][:-1]))}"
    if kind == "literal_error":
        return f"is {detail['input']!r}, but must be {context['expected']}"
    if kind == "value_error":
        return str(context["error"])
    return WORDS.get(kind) or f"is {_short(detail['input'])}: {detail['msg'].removeprefix('Input ')}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """Names that the model at a path knows."""
    annotation: Any = model
    for part in path:
        annotation = next((inner for each in _unwrapped(annotation) if (inner := _inside(each, part))), None)
    found = next((each for each in _unwrapped(annotation) if _is_model(each)), None)
    return list(found.model_fields) if found else []


def _inside(annotation: Any, part: str | int) -> Any:
    """The type of what stands at a key or index of a model, a map or a list."""
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return field.annotation if field else None
    inner = get_args(annotation)
    return {dict: inner[-1:], tuple: inner[:1], list: inner[:1]}.get(get_origin(annotation), (None,))[0]


def _unwrapped(annotation: Any) -> Iterator[Any]:
    """The types that an optional or annotated one stands for."""
    if get_origin(annotation) in (Union, types.UnionType):
        for inner in get_args(annotation):
            yield from _unwrapped(inner)
    elif get_origin(annotation) is Annotated:
        yield from _unwrapped(get_args(annotation)[0])
    else:
        yield annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
