"""Rows as releases have written them, one file for each shape that rows have had, in the format of a table's export.

`first_release.jsonl` was written by the service before rows said the version of their shape. It holds one row of every
kind, and another where a kind has two forms. A new kind of row is added to the newest file: the tests say its line.
"""

import json
from base64 import b64decode, b64encode
from functools import cache
from pathlib import Path

from chalicelib.aws.rows import Row
from chalicelib.core.upgrades import kind_of

HERE = Path(__file__).parent


@cache
def rows() -> list[Row]:
    """Every row on file."""
    lines = [line for file in sorted(HERE.glob("*.jsonl")) for line in file.read_text().splitlines()]
    return [_read(json.loads(line)["Item"]) for line in lines]


@cache
def kinds() -> frozenset[str]:
    """The kinds of rows on file."""
    return frozenset(kind_of(row["PK"]["S"], row["SK"]["S"]) for row in rows())


def line_of(row: Row) -> str:
    """The line of a row in a file."""
    shown = {name: {"B": b64encode(at["B"]).decode()} if "B" in at else at for name, at in sorted(row.items())}
    return json.dumps({"Item": shown}, ensure_ascii=False)


def _read(item: Row) -> Row:
    return {name: {"B": b64decode(at["B"])} if "B" in at else at for name, at in item.items()}
