"""`python -m infra.callers`: write docs/engagement.md's table of who calls anew, from what each network declares.

What a network tells is what its calls on file tell: tests/callbacks.
"""

import json
from pathlib import Path

from chalicelib.callbacks import callbacks, names
from chalicelib.callbacks.base import Callbacks

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "engagement.md"
BEGIN, END = "<!-- written by `python -m infra.callers` -->\n", "<!-- end of callers -->\n"
HEAD = "| Network | You give | We make | It tells of | Where its address is entered |\n|---|---|---|---|---|\n"


def with_table(text: str) -> str:
    """The page with its table as it should be."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + HEAD + "".join(_row(callbacks(name)) for name in names()) + END + rest.split(END)[1]


def _row(how: Callbacks) -> str:
    cells = (how.title, _secrets(how.secrets), _secrets(how.makes), ", ".join(_tells(how.name)), how.setup)
    return f"| {' | '.join(cells)} |\n"


def _secrets(secrets: tuple[str, ...]) -> str:
    shown = [f"`{name.rstrip('?')}`" + (" (or not)" if name.endswith("?") else "") for name in secrets]
    return ", ".join(shown) or "–"


def _tells(name: str) -> list[str]:
    """The kinds of what was seen in its calls on file."""
    cases = json.loads((ROOT / "tests" / "callbacks" / f"{name}.json").read_text())["cases"]
    return sorted({seen["kind"] for case in cases for seen in case.get("seen", ())})


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
