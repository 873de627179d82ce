"""The networks: one file each. A network is imported when it is first asked for, and only that one."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it brings all the rules' types with it, which a caller may never need
    from chalicelib.platforms.base import Platform

SHARED = frozenset({"base", "graph", "kinds", "words"})
"""What several networks are made of."""


def names() -> list[str]:
    """Every network's name, read from this directory without importing anything."""
    return sorted(module.name for module in iter_modules(__path__) if module.name not in SHARED)


@cache
def platform(name: str) -> "Platform":
    """The network of this name; KeyError where there is none."""
    if name not in names():
        raise KeyError(f"there is no platform {name!r}, only {', '.join(names())}")
    found: Platform = import_module(f"{__name__}.{name}").platform
    return found
