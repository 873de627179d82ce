"""The networks that call us: one file each. A file is imported when its network first calls, and only that one."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.callbacks.base import Callbacks

SHARED = frozenset({"base", "meta", "signatures", "tencent", "xml"})
"""What all of them are made of."""


@cache
def names() -> list[str]:
    """Every network that calls, read from this directory without importing anything."""
    return sorted(module.name for module in iter_modules(__path__) if module.name not in SHARED)


@cache
def callbacks(name: str) -> "Callbacks":
    """How the network of this name calls; KeyError where it does not."""
    if name not in names():
        raise KeyError(f"{name!r} does not call; these do: {', '.join(names())}")
    found: Callbacks = import_module(f"{__name__}.{name}").callbacks
    return found
