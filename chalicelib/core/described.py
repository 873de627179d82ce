"""The rules as a table to walk, show and override, value by value, by dotted name such as `text.limit`."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.core.limits import About, Source

if TYPE_CHECKING:
    from chalicelib.core.rules import Rules

Json = dict[str, Any]


class Entry(NamedTuple):
    """One value of the table."""

    name: str
    value: Any
    about: About | None


def entries(rules: "Rules") -> Iterator[Entry]:
    """Every value of the rules, in the order of their tables."""
    for group in fields(rules):
        table = getattr(rules, group.name)
        if group.name in ("visibility", "labels"):
            yield Entry(group.name, table, None)
        elif hasattr(table, "_fields") and not isinstance(table, Source):
            for leaf, value in zip(table._fields, table, strict=True):
                yield Entry(f"{group.name}.{leaf}", value, about(table, leaf))


def about(table: Any, leaf: str) -> About | None:
    """What there is to know about a value of the table beside the value."""
    noted = getattr(table.__annotations__.get(leaf), "__metadata__", ())
    return noted[0] if noted else None


def version(rules: "Rules") -> str:
    """Twelve hex digits that change whenever a value or its source does."""
    said = [[entry.name, _plain(entry.value), *rules.source_of(entry.name)] for entry in entries(rules)]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def describe(rules: "Rules") -> Json:
    """The rules as JSON: limits and capabilities, each with its value, unit, source, date and confidence."""
    limits: Json = {}
    capabilities: Json = {}
    for entry in entries(rules):
        if entry.about is None or entry.about.accepts not in ("number", "fraction"):
            capabilities[entry.name] = _shown(rules, entry)
        elif entry.value is not None:
            limits[entry.name] = _shown(rules, entry)
    return {
        "platform": rules.platform,
        "rules_version": rules.version,
        "limits": limits,
        "capabilities": capabilities,
    }


def _shown(rules: "Rules", entry: Entry) -> Json:
    source = rules.source_of(entry.name)
    unit = entry.about.unit if entry.about else None
    return {
        "value": _plain(entry.value),
        "unit": {"text": rules.text.unit, "title": rules.title.unit}.get(unit or "", unit),
        "source": source.url,
        "checked": source.checked or None,
        "confidence": source.confidence,
        "overridable": entry.about is not None,
    }


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value) if isinstance(value, tuple) else value


def replaced(name: str, table: Any, leaf: str, value: Any) -> Any:
    """The table with one value overridden; ValueError where the name is unknown or the value is of another kind."""
    checked = _checked(name, table, leaf, value)
    return table._replace(**{leaf: checked})


def _checked(name: str, table: Any, leaf: str, value: Any) -> Any:
    noted = about(table, leaf) if hasattr(table, "_fields") else None
    match noted and noted.accepts, value:
        case "number" | "fraction", None:
            return None
        case "number" | "fraction", int() if not isinstance(value, bool) and value >= 0:
            return value
        case "fraction", float() if isfinite(value) and value >= 0:
            return value
        case "flag", bool():
            return value
        case "words", list() | tuple() if all(isinstance(word, str) for word in value):
            return tuple(value)
        case None, _:
            raise ValueError(f"{name!r} is not a limit that can be overridden")
        case accepts, _:
            raise ValueError(f"{name!r} must be {KINDS[str(accepts)]}, not {value!r}")


KINDS = {
    "number": "a number of at least 0 without a fraction, or null for no limit",
    "fraction": "a number of at least 0, or null for no limit",
    "flag": "true or false",
    "words": "a list of words",
}
