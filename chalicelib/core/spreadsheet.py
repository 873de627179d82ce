"""Posts as rows of a CSV file (RFC 4180): strict where a guess could publish the wrong thing, lenient in form.

A cell that a spreadsheet would take for a formula is written with `'` in front, which spreadsheets hide and `read`
takes off (OWASP ASVS 5.0 §1.2.10; https://cwe.mitre.org/data/definitions/1236.html, read 2026-11-23).
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from chalicelib.core.errors import Invalid, Issue

COLUMNS = (
    *("key", "text", "accounts", "scheduled_at", "timezone", "publish", "title", "link", "media", "alt_texts"),
    *("hashtags", "first_comment", "language", "visibility", "external_id", "late_policy"),
)
"""What a row may say of a post."""
REQUIRED = ("text", "accounts")
TOLD = ("post_id", "status", "platforms", "published_at", "urls", "left_out")
"""What an export tells beside it. An import reads `post_id` alone, to make no second copy of a post."""
PLAIN = (
    *("text", "title", "first_comment", "language", "visibility", "external_id", "late_policy", "publish"),
    *("key", "timezone"),
)
"""Columns that are fields of a post as they stand."""
BETWEEN = "|"
"""What stands between several accounts, media or alternative texts in one cell; a new line does, too."""

BOM = "\ufeff"
_SEPARATORS = ",;\t"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\x00＝＋－＠]")
_TIME = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d\d)(.*)", re.DOTALL)
_KINDS = {"mp4": "video", "mov": "video", "gif": "gif", "pdf": "document", "m4a": "audio"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line of the file on which it begins, its cells by column, and what is wrong with its form."""

    line: int
    cells: dict[str, str]
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """The post that a row asks for, as a document; what is wrong already has its column as its path."""

    line: int
    document: dict[str, Any]
    issues: list[Issue] = field(default_factory=list)


def read(text: str, most: int) -> list[Row]:
    """The rows of a file; Invalid with everything that makes it none. Blank lines are no rows."""
    text = text.removeprefix(BOM)
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines, start = list[tuple[int, list[str]]](), 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise Invalid([_wrong("broken_csv", f"line {start}: {error}; from there on nothing can be told")]) from None
    if not lines:
        raise Invalid([_wrong("empty_file", "has no header: its first line names the columns")])
    header = [_name(cell) for cell in lines[0][1]]
    if issues := [*_header_faults(header), *_too_many(len(lines) - 1, most)]:
        raise Invalid(issues)
    return [_row(line, header, cells) for line, cells in lines[1:]]


def _separator(text: str) -> str:
    """What stands between the columns: whatever makes the most known names of the first line."""
    first = text.lstrip("\r\n").splitlines()[:1] or [""]

    def known(separator: str) -> int:
        return sum(_name(cell.strip('"')) in {*COLUMNS, *TOLD} for cell in first[0].split(separator))

    return max(_SEPARATORS, key=known)


def _name(cell: str) -> str:
    return cell.strip().casefold().replace(" ", "_")


def _header_faults(header: Sequence[str]) -> list[Issue]:
    known = f"there are {', '.join(COLUMNS)}"
    return [
        *(_wrong("missing_column", f"has no column {name}") for name in REQUIRED if name not in header),
        *(
            _wrong("unknown_column", f"line 1, column {number}: there is no column {name[:50]!r}; {known}")
            for number, name in enumerate(header, 1)
            if name not in {*COLUMNS, *TOLD}
        ),
        *(
            _wrong("duplicate_column", f"line 1, column {number}: {name} is there already")
            for number, name in enumerate(header, 1)
            if name in header[: number - 1]
        ),
    ]


def _too_many(rows: int, most: int) -> list[Issue]:
    return [_wrong("too_many_rows", f"has {rows:,} rows; at most {most} go at once")] if rows > most else []


def _wrong(code: str, message: str) -> Issue:
    return Issue(code, "error", "csv", message)


def _row(line: int, header: Sequence[str], cells: Sequence[str]) -> Row:
    found = {name: _plain(cell) for name, cell in zip(header, cells, strict=False)}
    if len(cells) == len(header):
        return Row(line, found)
    message = f"has {len(cells)} cells, and the header {len(header)} columns"
    return Row(line, found, (Issue("wrong_cell_count", "error", "", message),))


def _plain(cell: str) -> str:
    cell = cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
    return cell.replace("\r\n", "\n").replace("\r", "\n")


def wish(row: Row, accounts: Mapping[str, Sequence[str]], timezone: str | None) -> Wish:
    """What a row asks for. `accounts` are ids by whatever may name them; `timezone` is for times that name none."""
    cells = {name: row.cells.get(name, "") for name in COLUMNS}
    found: dict[str, Any] = {name: cells[name] for name in PLAIN if cells[name].strip()}
    found |= {name: value.strip() for name, value in found.items() if name not in ("text", "first_comment")}
    issues = list(row.issues)
    if old := row.cells.get("post_id", "").strip():
        message = f"this row is the post {old[:50]} already: empty the cell to make another"
        issues.append(Issue("already_there", "error", "post_id", message))
    found["targets"] = _targets(cells["accounts"], accounts, issues)
    if at := cells["scheduled_at"].strip():
        found["scheduled_at"] = _time(at, issues)
        if timezone and "timezone" not in found and re.search(r"([Zz]|[+-]\d\d:\d\d)$", at) is None:
            found["timezone"] = timezone
    if link := cells["link"].strip():
        found["link"] = {"url": link}
    if media := _media(cells["media"], cells["alt_texts"], issues):
        found["media"] = media
    if tags := cells["hashtags"].replace(",", " ").split():
        found["hashtags"] = tags
    found.setdefault("key", f"row {sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()}")
    return Wish(row.line, found, issues)


def _targets(cell: str, accounts: Mapping[str, Sequence[str]], issues: list[Issue]) -> list[dict[str, str]]:
    targets: list[dict[str, str]] = []
    for name in _several(cell):
        ids = accounts.get(name.casefold(), ())
        if len(ids) == 1:
            targets.append({"account_id": ids[0]})
        elif ids:
            message = f"{name[:50]!r} is the name of {', '.join(ids)}: write the id"
            issues.append(Issue("ambiguous_account", "error", "accounts", message))
        else:
            issues.append(Issue("unknown_account", "error", "accounts", f"there is no account {name[:50]!r}"))
    if not targets and not any(issue.path == "accounts" for issue in issues):
        issues.append(Issue("required", "error", "accounts", "is required"))
    return targets


def _time(cell: str, issues: list[Issue]) -> str:
    """Year first, as RFC 3339 or as a spreadsheet shows it; which of 03/04/2027 is the day would be a guess."""
    found = _TIME.fullmatch(cell)
    if found is None:
        message = f"{cell[:50]!r} is no time such as 2027-05-03 09:00 or 2027-05-03T09:00:00+02:00"
        issues.append(Issue("invalid_time", "error", "scheduled_at", message))
        return cell
    year, month, day, hour, minute, rest = found.groups()
    return f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}{rest}"


def _media(cell: str, alt_texts: str, issues: list[Issue]) -> list[dict[str, str]]:
    places = _several(cell)
    texts = [one.strip() for one in alt_texts.split(BETWEEN)] if alt_texts.strip() else []
    if len(texts) > len(places):
        message = f"has {len(texts)} texts for {len(places)} media"
        issues.append(Issue("too_many_alt_texts", "error", "alt_texts", message))
    texts += [""] * (len(places) - len(texts))
    return [
        {**medium(place), **({"alt_text": text} if text else {})} for place, text in zip(places, texts, strict=False)
    ]


def medium(place: str) -> dict[str, str]:
    """The medium that a place in a cell means: an id of ours, or a URL whose ending tells its kind."""
    if place.startswith("med_"):
        return {"id": place}
    ending = place.partition("?")[0].rpartition(".")[2].lower()
    return {"url": place, "kind": _KINDS.get(ending, "image")}


def _several(cell: str) -> list[str]:
    return [one.strip() for one in cell.replace("\n", BETWEEN).split(BETWEEN) if one.strip()]


def column(path: str) -> str | None:
    """The column that a path of a post's document comes from: `targets[0].media[1].url` from `media`."""
    names = [re.sub(r"\[\d+\]", "", step) for step in path.split(".")]
    if names[0] == "targets":
        names = [*(name for name in names[1:] if name in (*COLUMNS, "account_id")), "accounts"]
    name = {"account_id": "accounts"}.get(names[0], names[0])
    return name if name in (*COLUMNS, *TOLD) else None


def write(rows: Iterable[Mapping[str, str]]) -> str:
    """A file of these rows, with a byte order mark, without which Excel takes UTF-8 for something else."""
    text = io.StringIO(newline="")
    text.write(BOM)
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    names = (*TOLD[:2], *COLUMNS[1:], *TOLD[2:])
    writer.writerow(names)
    writer.writerows([_safe(row.get(name, "")) for name in names] for row in rows)
    return text.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell
