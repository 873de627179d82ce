"""The canonical posts, and what each becomes on every network, as files that a person can review.

A post is `tests/posts/<name>.json`; what POST /v1/renditions answers for it is in `tests/posts/renditions/<name>.json`,
one entry per network. To keep reviews short, these leave out what is null or empty, `rules_version` (it would change
every file with every rule) and the sources of rules, and a medium that goes out as it was given is only its URL.
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.platforms import names
from tests.api.client import Api
from tests.fakes import world

FOLDER = Path(__file__).parent
WIDTH = 160
Json = dict[str, Any]


def posts() -> list[str]:
    """The names of all canonical posts."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def post(name: str) -> Json:
    """A canonical post, as its author would send it, without targets."""
    found: Json = json.loads((FOLDER / f"{name}.json").read_text())["post"]
    return found


def path(name: str) -> Path:
    """The file of a post's renditions."""
    return FOLDER / "renditions" / f"{name}.json"


@cache
def expected(name: str) -> Json:
    """What was reviewed, by network."""
    return dict(json.loads(path(name).read_text())) if path(name).exists() else {}


@cache
def actual(name: str) -> Json:
    """What the API answers now, by network, in the words of the files."""
    return answered({**post(name), "targets": [{"platform": platform} for platform in names()]})


def answered(body: Json) -> Json:
    """What the API answers to a body whose targets are bare platforms, by network, in the words of the files."""
    answer = Api(world()).post("/v1/renditions", body)
    assert answer.status_code == 200, answer.body
    media = {one["url"]: one for one in body.get("media", ())}
    return {one["platform"]: _short(one, media) for one in answer.json_body["renditions"]}


def _short(rendition: Json, media: Json) -> Json:
    kept: Json = {name: value for name, value in rendition.items() if name not in ("platform", "rules_version")}
    parts = [{**part, "media": [_medium(one, media) for one in part["media"]]} for part in kept.pop("parts")]
    shown: Json = _filled({"parts": parts, **kept})
    return shown


def _medium(one: Json, given: Json) -> str | Json:
    """Its URL, with the fields that differ from what was given."""
    original = {"kind": "image", **given[one["url"]]}
    changed = {name: value for name, value in one.items() if value != original.get(name)}
    return {"url": one["url"], **changed} if changed else str(one["url"])


def _filled(value: Any) -> Any:
    """Without what is null or empty, and of a rule only its id; a medium's null is a change and stays."""
    if isinstance(value, list):
        return [_filled(one) for one in value]
    if not isinstance(value, dict):
        return value
    shown = {name: one["id"] if name == "rule" else one for name, one in value.items() if name != "rule" or one}
    return {name: _filled(one) for name, one in shown.items() if one not in (None, []) or "url" in value}


def written(value: Any, indent: int = 0) -> str:
    """JSON in which whatever fits on a line stands on one."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or (indent and len(line) + indent <= WIDTH):
        return line
    pairs: Iterable[tuple[str, Any]] = value.items() if isinstance(value, dict) else (("", one) for one in value)
    keys = [
        (f"{json.dumps(name, ensure_ascii=False)}: " if isinstance(value, dict) else "", one) for name, one in pairs
    ]
    lines = [" " * (indent + 2) + key + written(one, indent + 2) for key, one in keys]
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([opened, ",\n".join(lines), " " * indent + closed])
