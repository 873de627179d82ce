"""A network's rules as data: overriding a value, where it was read, the version of all of them, and showing them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.core.described import entries
from chalicelib.core.errors import RuleRef
from chalicelib.core.limits import Hashtags, Links, Media, Medium, Source, Text, Title
from chalicelib.core.rules import CONFIGURED, Bound, Counting, Rules
from chalicelib.platforms import names, platform

READ = Source("https://example.com/limits", "2026-11-22")
GUESSED = Source("https://example.com/forum", "2026-01-01", "default")
UNKNOWN = Source("", "", "unknown")

RULES = Rules(
    platform="example",
    source=READ,
    text=Text(unit="utf16", limit=500, markup="html"),
    title=Title(mode="optional", limit=100, unit="graphemes", only_with=("video",)),
    hashtags=Hashtags(style="hash", limit=5),
    links=Links(required=False, domains=("example.com",)),
    media=Media(total=4, mixed=("image",)),
    image=Medium(count=4, types=("png",), bytes=1000, min_width=10, max_ratio=1.5),
    visibility={"public": "0", "private": "1"},
    sources={"text": GUESSED, "text.limit": READ, "image.bytes": UNKNOWN},
)


def value_of(rules: Rules, name: str) -> Any:
    group, _, leaf = name.partition(".")
    return getattr(getattr(rules, group), leaf)


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("text.limit", 5000, 5000),
        ("text.limit", 0, 0),
        ("text.limit", None, None),
        ("image.max_ratio", 1.91, 1.91),
        ("links.required", True, True),
        ("title.only_with", [], ()),
        ("media.mixed", ["image", "video"], ("image", "video")),
        ("links.domains", ("a.com",), ("a.com",)),
    ],
)
def test_a_value_is_replaced_by_its_dotted_name(name: str, value: object, stored: object) -> None:
    changed = RULES.with_limits({name: value})
    assert value_of(changed, name) == stored
    assert changed.source_of(name) == CONFIGURED


def test_nothing_else_changes_and_the_original_stays_as_it_was() -> None:
    before = {entry.name: entry.value for entry in entries(RULES)}
    after = {entry.name: entry.value for entry in entries(RULES.with_limits({"text.limit": 7}))}
    assert {name for name in before if before[name] != after[name]} == {"text.limit"}
    assert RULES.text.limit == 500
    assert RULES.source_of("text.limit") == READ


def test_several_values_are_replaced_together() -> None:
    changed = RULES.with_limits({"text.limit": 7, "text.bytes_limit": 9, "image.count": 1})
    assert (changed.text.limit, changed.text.bytes_limit, changed.image.count) == (7, 9, 1)
    assert RULES.with_limits({}) == RULES


@pytest.mark.parametrize(
    "name",
    [
        "text",
        "text.",
        "text.limt",
        "text.limit.x",
        "text.unit",
        "text.markup",
        "hashtags.style",
        "links.bare",
        "text.forbidden",
        "price.currency",
        "source.url",
        "text._fields",
        "text.count",
    ],
)
def test_a_wrong_name_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        RULES.with_limits({name: 1})


@pytest.mark.parametrize(
    "name",
    ["", ".limit", "TEXT.limit", "nothing.at_all", "platform", "sources.text", "visibility.public", "version.x"],
)
def test_a_name_outside_every_table_is_refused_by_name_too(name: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        RULES.with_limits({name: 1})


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("text.limit", "500", "a number"),
        ("text.limit", -1, "a number"),
        ("text.limit", True, "a number"),
        ("text.limit", float("nan"), "a number"),
        ("text.limit", [500], "a number"),
        ("text.limit", {}, "a number"),
        ("image.max_ratio", "1.91", "a number"),
        ("links.required", 1, "true or false"),
        ("links.required", None, "true or false"),
        ("links.required", "true", "true or false"),
        ("links.domains", "a.com", "a list of words"),
        ("links.domains", [1], "a list of words"),
        ("links.domains", None, "a list of words"),
    ],
)
def test_a_value_of_another_kind_is_refused_and_says_what_is_wanted(name: str, value: object, wanted: str) -> None:
    with pytest.raises(ValueError, match=f"'{re.escape(name)}' must be {wanted}"):
        RULES.with_limits({name: value})


def test_infinity_is_no_limit() -> None:
    with pytest.raises(ValueError, match="must be a number"):
        RULES.with_limits({"text.limit": float("inf")})


def test_there_is_no_half_character() -> None:
    with pytest.raises(ValueError, match="must be a number"):
        RULES.with_limits({"text.limit": 280.5})


@pytest.mark.parametrize("network", names())
def test_every_number_of_every_network_can_be_lifted(network: str) -> None:
    rules = platform(network).rules
    numbers = [entry.name for entry in entries(rules) if entry.about and entry.about.accepts == "number"]
    lifted = rules.with_limits(dict.fromkeys(numbers))
    assert all(value_of(lifted, name) is None for name in numbers)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("text.limit", READ),
        ("text.unit", GUESSED),
        ("text", GUESSED),
        ("textual.limit", READ),
        ("title.limit", READ),
        ("image.bytes", UNKNOWN),
        ("image.byte", READ),
        ("image.bytes.per_second", UNKNOWN),
        ("", READ),
    ],
)
def test_a_source_holds_for_the_names_that_begin_with_its_own(name: str, source: Source) -> None:
    assert RULES.source_of(name) == source


def test_an_overridden_value_leaves_its_neighbours_their_source() -> None:
    changed = RULES.with_limits({"text.bytes_limit": 9})
    assert changed.source_of("text.bytes_limit") == CONFIGURED
    assert changed.source_of("text.unit") == GUESSED


@pytest.mark.parametrize(
    ("confidence", "firm"),
    [("verified", True), ("secondary", True), ("configured", True), ("default", False), ("unknown", False)],
)
def test_only_what_was_read_or_configured_may_forbid(confidence: Any, firm: bool) -> None:
    rules = replace(RULES, sources={"text": Source("", "", confidence)})
    assert rules.firm("text.limit") is firm


def test_a_rule_is_quoted_with_its_source() -> None:
    assert RULES.refs["text.limit"] == RuleRef("example.text.limit", READ.url, READ.checked)
    assert RULES.refs["image.bytes"] == RuleRef("example.image.bytes", "", None)
    assert RULES.refs["text.limit"] is RULES.refs["text.limit"]


def test_rules_made_from_others_quote_their_own_sources() -> None:
    assert RULES.refs["text.limit"].source == READ.url
    assert RULES.with_limits({"text.limit": 7}).refs["text.limit"].source == CONFIGURED.url


@pytest.mark.parametrize("network", names())
def test_every_named_source_of_a_network_is_about_something(network: str) -> None:
    rules = platform(network).rules
    known = {entry.name for entry in entries(rules)} | {entry.name.partition(".")[0] for entry in entries(rules)}
    assert set(rules.sources) <= known


def variants(rules: Rules) -> Iterator[tuple[str, Rules]]:
    """The rules with one value different, for every value."""
    for entry in entries(rules):
        group, _, leaf = entry.name.partition(".")
        other = _another(entry.value)
        table = getattr(rules, group)
        yield entry.name, replace(rules, **{group: table._replace(**{leaf: other}) if leaf else other})


def _another(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {**value, "another": "x"}
    if isinstance(value, tuple):
        return (*value, "another")
    if isinstance(value, bool):
        return not value
    return f"{value}x" if isinstance(value, str) else (value or 0) + 1


def test_the_version_changes_with_any_value() -> None:
    changed = {name: rules.version for name, rules in variants(RULES)}
    assert len(changed) > 80
    assert RULES.version not in changed.values()
    assert len(set(changed.values())) == len(changed)


@pytest.mark.parametrize("field", ["url", "checked", "confidence"])
def test_the_version_changes_with_a_source(field: str) -> None:
    other = Source(**(READ._asdict() | {field: "unknown"}))
    assert replace(RULES, sources={**RULES.sources, "text.limit": other}).version != RULES.version
    assert replace(RULES, source=other).version != RULES.version


def test_the_version_is_twelve_hex_digits_and_the_same_for_the_same_rules() -> None:
    assert re.fullmatch("[0-9a-f]{12}", RULES.version)
    assert replace(RULES).version == RULES.version
    swapped = {name: RULES.visibility[name] for name in ("private", "public")}
    assert replace(RULES, visibility=swapped).version == RULES.version


def test_an_override_and_its_value_are_in_the_version() -> None:
    same = RULES.with_limits({"text.limit": 500})
    assert len({RULES.version, same.version, RULES.with_limits({"text.limit": 501}).version}) == 3


def test_no_two_networks_have_the_same_version() -> None:
    versions = [platform(network).rules.version for network in names()]
    assert len(set(versions)) == len(versions)


def test_a_limit_is_shown_with_its_unit_and_source() -> None:
    shown = RULES.describe()
    assert shown["platform"] == "example"
    assert shown["rules_version"] == RULES.version
    assert shown["limits"]["text.limit"] == {
        "value": 500,
        "unit": "utf16",
        "source": READ.url,
        "checked": READ.checked,
        "confidence": "verified",
        "overridable": True,
    }
    assert shown["limits"]["title.limit"]["unit"] == "graphemes"
    assert shown["limits"]["image.bytes"]["unit"] == "bytes"
    assert shown["limits"]["image.max_ratio"]["unit"] == "width/height"
    assert shown["limits"]["image.bytes"]["checked"] is None


def test_what_is_unlimited_is_not_shown_as_a_limit() -> None:
    shown = RULES.describe()
    assert "text.bytes_limit" not in shown["limits"]
    assert "text.bytes_limit" not in shown["capabilities"]
    assert shown["limits"]["video.count"]["value"] == 0


def test_a_capability_says_whether_it_may_be_overridden() -> None:
    shown = RULES.describe()["capabilities"]
    assert shown["text.markup"]["overridable"] is False
    assert shown["text.markup"]["value"] == "html"
    assert shown["links.domains"] == {
        "value": ["example.com"],
        "unit": None,
        "source": READ.url,
        "checked": READ.checked,
        "confidence": "verified",
        "overridable": True,
    }
    assert shown["visibility"]["value"] == {"public": "0", "private": "1"}


@pytest.mark.parametrize("network", names())
def test_every_networks_rules_are_json_and_say_truly_what_may_be_overridden(network: str) -> None:
    rules = platform(network).rules
    shown = rules.describe()
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    for name, about in (shown["limits"] | shown["capabilities"]).items():
        if about["overridable"]:
            assert value_of(rules.with_limits({name: about["value"]}), name) == value_of(rules, name)
        elif "." in name:
            with pytest.raises(ValueError, match=re.escape(name)):
                rules.with_limits({name: about["value"]})


def test_bounds_are_the_figures_that_a_medium_may_not_pass() -> None:
    assert RULES.bounds("image") == (
        Bound("image.bytes", "bytes", 1, 1000, "bytes"),
        Bound("image.min_width", "width", -1, 10, "pixels"),
        Bound("image.max_ratio", "ratio", 1, 1.5, "width/height"),
    )
    assert RULES.bounds("video") == ()
    assert RULES.bounds("image") is RULES.bounds("image")


def test_an_overridden_bound_holds() -> None:
    RULES.bounds("image")
    assert Bound("image.bytes", "bytes", 1, 7, "bytes") in RULES.with_limits({"image.bytes": 7}).bounds("image")


def test_links_are_checked_only_where_there_is_something_to_check() -> None:
    assert RULES.checks_links
    free = RULES.with_limits({"links.domains": []})
    assert not free.checks_links
    assert free.with_limits({"links.limit": 0}).checks_links
    assert free.with_limits({"links.required": True}).checks_links


def test_style_and_counting_follow_the_tables() -> None:
    assert RULES.style.hashtags == ("hash", 5, None, False)
    assert RULES.counting == Counting("utf16", None, bare=True, wide=False)
    assert RULES.counting.plain
