"""Checks a JSON value against a Bluesky lexicon, against a flat JSON Schema, which is written in the same words, or
the parameters of a call against Telegram's list of methods.

Stricter than either: a property that the schema does not know is a fault.
"""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import regex

from chalicelib.core.post import Media

LEXICONS = Path(__file__).parent / "lexicons"
FORMATS: dict[str, Callable[[str], object]] = {
    "datetime": lambda text: re.search(r"(Z|[+-]\d\d:\d\d)$", text) and datetime.fromisoformat(text),
    "uri": re.compile(r"[a-z][a-z0-9+.-]*:\S+").fullmatch,
    "at-uri": re.compile(r"at://did:[a-z]+:[^/\s]+/[A-Za-z0-9.]+/[A-Za-z0-9._:~-]+").fullmatch,
    "did": re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]+").fullmatch,
    "cid": re.compile(r"baf[a-z2-7]{8,}").fullmatch,
    "language": re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*").fullmatch,
    "at-identifier": re.compile(r"did:[a-z]+:\S+|[a-z0-9-]+(\.[a-z0-9-]+)+").fullmatch,
    "nsid": re.compile(r"[a-z][a-z0-9-]*(\.[A-Za-z0-9-]+){2,}").fullmatch,
    "record-key": re.compile(r"[A-Za-z0-9._:~-]{1,512}").fullmatch,
}

Faults = Iterator[str]


def record_faults(record: dict[str, Any]) -> list[str]:
    """What is wrong with a record of the collection that its `$type` names."""
    known = lexicon(record["$type"])["main"]["record"]
    return list(faults(known, {key: value for key, value in record.items() if key != "$type"}, record["$type"]))


def lexicon(name: str) -> dict[str, Any]:
    """The definitions of one lexicon."""
    definitions: dict[str, Any] = json.loads((LEXICONS / f"{name}.json").read_text())["defs"]
    return definitions


def faults(schema: dict[str, Any], value: Any, home: str = "", path: str = "$") -> Faults:
    """Every fault of the value; `home` is the lexicon that local references are relative to."""
    match schema["type"]:
        case "object":
            yield from _object(schema, value, home, path)
        case "array":
            yield from _array(schema, value, home, path)
        case "string":
            yield from _string(schema, value, path)
        case "integer" if not isinstance(value, int) or isinstance(value, bool) or value < schema.get("minimum", value):
            yield f"{path}: {value!r} is no integer of at least {schema.get('minimum')}"
        case "boolean" if not isinstance(value, bool):
            yield f"{path}: {value!r} is no boolean"
        case "blob":
            yield from _blob(schema, value, path)
        case "ref":
            yield from _reference(schema["ref"], value, home, path)
        case "union":
            yield from _union(schema, value, home, path)


def _object(schema: dict[str, Any], value: Any, home: str, path: str) -> Faults:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no object"
        return
    known = schema.get("properties", {})
    yield from (f"{path}.{name}: is missing" for name in schema.get("required", []) if name not in value)
    yield from (f"{path}.{name}: is unknown" for name in value if name not in known)
    for name in value.keys() & known.keys():
        yield from faults(known[name], value[name], home, f"{path}.{name}")


def _array(schema: dict[str, Any], value: Any, home: str, path: str) -> Faults:
    if not isinstance(value, list):
        yield f"{path}: {value!r} is no array"
        return
    if len(value) > schema.get("maxLength", len(value)):
        yield f"{path}: holds {len(value)}, at most {schema['maxLength']}"
    for index, item in enumerate(value):
        yield from faults(schema["items"], item, home, f"{path}[{index}]")


def _string(schema: dict[str, Any], value: Any, path: str) -> Faults:
    if not isinstance(value, str):
        yield f"{path}: {value!r} is no string"
        return
    sizes = {"maxLength": len(value.encode()), "maxGraphemes": len(regex.findall(r"\X", value))}
    yield from (
        f"{path}: {name} is {schema[name]}, not {size}" for name, size in sizes.items() if size > schema.get(name, size)
    )
    if value not in schema.get("enum", [value]):
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if "format" in schema and not FORMATS[schema["format"]](value):
        yield f"{path}: {value!r} is no {schema['format']}"


def _blob(schema: dict[str, Any], value: Any, path: str) -> Faults:
    if not isinstance(value, dict) or value.keys() != {"$type", "ref", "mimeType", "size"} or value["$type"] != "blob":
        yield f"{path}: {value!r} is no blob"
        return
    kinds = [kind.replace("*", "") for kind in schema.get("accept", [""])]
    if not value["mimeType"].startswith(tuple(kinds)):
        yield f"{path}: {value['mimeType']} is none of {schema['accept']}"
    if value["size"] > schema.get("maxSize", value["size"]):
        yield f"{path}: {value['size']} bytes are more than {schema['maxSize']}"


def _reference(reference: str, value: Any, home: str, path: str) -> Faults:
    where, _, name = reference.partition("#")
    yield from faults(lexicon(where or home)[name or "main"], value, where or home, path)


def _union(schema: dict[str, Any], value: Any, home: str, path: str) -> Faults:
    choices = {f"{home}{one}" if one.startswith("#") else one: one for one in schema["refs"]}
    chosen = value.get("$type") if isinstance(value, dict) else None
    if chosen not in choices:
        yield f"{path}: $type {chosen!r} is none of {sorted(choices)}"
        return
    bare = {key: item for key, item in value.items() if key != "$type"}
    yield from _reference(choices[chosen], bare, home, f"{path}<{chosen}>")


TELEGRAM = json.loads((Path(__file__).parent / "telegram-methods.schema.json").read_text())
SIMPLE: dict[str, type] = {"Integer": int, "String": str, "Boolean": bool}


def call_faults(method: str, params: dict[str, Any]) -> list[str]:
    """What is wrong with the parameters of a call of Telegram's."""
    if method not in TELEGRAM["methods"]:
        return [f"{method}: is unknown"]
    return list(_fields(TELEGRAM["methods"][method], params, method))


def _fields(known: dict[str, Any], value: dict[str, Any], path: str) -> Faults:
    yield from (f"{path}.{name}: is unknown" for name in value if name not in known)
    for name, about in known.items():
        if name in value and not any(_fits(kind, value[name]) for kind in about["types"]):
            yield f"{path}.{name}: {value[name]!r} is none of {about['types']}"
        if name not in value and about["required"]:
            yield f"{path}.{name}: is missing"


def _fits(kind: str, value: Any) -> bool:
    if kind.startswith("Array of "):
        item = kind.removeprefix("Array of ")
        return isinstance(value, list) and all(_fits(item, one) for one in value)
    if kind == "InputFile":
        return isinstance(value, Media)
    if kind in SIMPLE:
        return isinstance(value, SIMPLE[kind]) and not (kind == "Integer" and isinstance(value, bool))
    if kind not in TELEGRAM["types"] or not isinstance(value, dict):
        return False
    return not list(_fields(TELEGRAM["types"][kind], value, kind))
