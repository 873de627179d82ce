"""A target's platform options: what a network knows of them, and what is wrong with those that were given."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from chalicelib.core.errors import Issue


@dataclass(frozen=True)
class Check:
    """Whether an option's value will do, and in words what it has to be."""

    good: Callable[[object], bool]
    wanted: str


Kind = type | tuple[str, ...] | Check
"""`bool`, `int`, `str`, `list` (of strings), the words that are allowed, or a check."""

NAMES: Mapping[object, str] = {bool: "true or false", int: "a whole number", str: "a text", list: "a list of texts"}


def faults(title: str, options: Mapping[str, object], known: Mapping[str, Kind]) -> list[Issue]:
    """What is wrong with a target's options on a network that knows these; paths are relative to `options`."""
    found: list[Issue] = []
    for name, value in options.items():
        kind = known.get(name)
        if kind is None:
            found.append(Issue("unknown_option", "error", name, f"{title} has no option {name!r}"))
        elif not _fits(value, kind):
            found.append(Issue("invalid_option", "error", name, f"{name} must be {_named(kind)}"))
    return found


def matching(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    """Whether a value is a text or a number that is written like this."""
    return lambda value: type(value) in (str, int) and pattern.fullmatch(str(value)) is not None


def https(value: object) -> bool:
    """Whether a value is an address that begins with https."""
    return isinstance(value, str) and value.startswith("https://")


def of_length(limit: int) -> Callable[[object], bool]:
    """Whether a value is a text of so many characters at most, and not empty."""
    return lambda value: isinstance(value, str) and 0 < len(value) <= limit


def one_of(*choices: object) -> Callable[[object], bool]:
    """Whether a value is one of these; True is not taken for 1."""
    return lambda value: any(value == choice and type(value) is type(choice) for choice in choices)


def texts(value: object) -> TypeGuard[list[str]]:
    """Whether a value is a list of texts, none of them empty."""
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _fits(value: object, kind: Kind) -> bool:
    if isinstance(kind, Check):
        return kind.good(value)
    if isinstance(kind, tuple):
        return isinstance(value, str) and value in kind
    if kind is list:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return type(value) is kind


def _named(kind: Kind) -> str:
    if isinstance(kind, Check):
        return kind.wanted
    if isinstance(kind, tuple):
        return f"one of {', '.join(kind)}"
    return NAMES[kind]
