"""`Parameters` of a template. A host has nobody to ask, so each needs a Default."""

from __future__ import annotations

from edgeplane.errors import Fault, nearest
from edgeplane.template import limits
from edgeplane.template.tree import Mapping, Node, Scalar, Sequence, plain

KNOWN = (
    "Type", "Default", "Description", "AllowedValues", "AllowedPattern", "ConstraintDescription", "NoEcho",
    "MinLength", "MaxLength", "MinValue", "MaxValue",
)  # fmt: skip


def read_parameters(file: str, section: Node | None, faults: list[Fault]) -> dict[str, Node]:
    """Parameter → its value. Lists (`CommaDelimitedList`, `List<…>`) are split at commas. Adds to `faults`."""
    if section is None:
        return {}
    if not isinstance(section, Mapping):
        faults.append(Fault(f"{file}: Parameters", section.line, "must be a map of parameters"))
        return {}
    values = {}
    for name, parameter in section.entries.items():
        problem, line, value = _read(parameter)
        if value is None:
            faults.append(Fault(f"{file}: Parameters.{name}", line or section.lines[name], problem))
        else:
            values[name] = value
    return values


def _read(parameter: Node) -> tuple[str, int, Node | None]:
    """(problem, its line, no value), or (nothing, 0, value)."""
    if not isinstance(parameter, Mapping):
        return "must be a map with Type and Default", parameter.line, None
    for key in parameter.entries:
        if key not in KNOWN:
            return f"{key} is not known{nearest(key, KNOWN)}", parameter.lines[key], None
    default = parameter.entries.get("Default")
    if not isinstance(default, Scalar) or default.text is None:
        return "needs a Default; nobody is asked for values here", parameter.line, None
    if len(default.text) > limits.PARAMETER:
        return f"Default has more than {limits.PARAMETER} characters", default.line, None
    allowed = parameter.entries.get("AllowedValues")
    if allowed and not (isinstance(allowed, Sequence) and default.text in plain(allowed)):
        return f"Default {default.text!r} is not among AllowedValues", default.line, None
    kind = parameter.entries.get("Type", Scalar("String", default.line))
    if not isinstance(kind, Scalar) or kind.text is None:
        return "Type must be text", kind.line, None
    return "", 0, _typed(kind.text, default)


def _typed(kind: str, default: Scalar) -> Node:
    if kind != "CommaDelimitedList" and not kind.startswith("List<"):
        return default
    parts = [part.strip() for part in (default.text or "").split(",")]
    return Sequence(tuple(Scalar(part, default.line) for part in parts), default.line)
