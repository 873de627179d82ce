"""A target's platform options: what a network knows of them, and what is wrong with those that were given."""

from collections.abc import Mapping

from chalicelib.core.errors import Issue

Kind = type | tuple[str, ...]
"""`bool`, `int`, `str`, `list` (of strings), or the words that are allowed."""

NAMES: Mapping[object, str] = {bool: "true or false", int: "a whole number", str: "a text", list: "a list of texts"}


def faults(title: str, options: Mapping[str, object], known: Mapping[str, Kind]) -> list[Issue]:
    """What is wrong with a target's options on a network that knows these."""
    found: list[Issue] = []
    for name, value in options.items():
        kind = known.get(name)
        if kind is None:
            found.append(Issue("unknown_option", "error", name, f"{title} has no option {name!r}"))
        elif not _fits(value, kind):
            found.append(Issue("invalid_option", "error", name, f"{name} must be {_named(kind)}"))
    return found


def _fits(value: object, kind: Kind) -> bool:
    if isinstance(kind, tuple):
        return isinstance(value, str) and value in kind
    if kind is list:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return type(value) is kind


def _named(kind: Kind) -> str:
    return f"one of {', '.join(kind)}" if isinstance(kind, tuple) else NAMES[kind]
