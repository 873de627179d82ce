"""What networks tell is such as can be counted, or makes no sense; nothing in between."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from chalicelib.core.engagement import LONGEST_ID, LONGEST_TEXT, Seen, digest, sound

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def seen(**more: Any) -> Seen:
    return Seen(**{"kind": "comment", "id": "1", "at": AT, **more})


@pytest.mark.parametrize("name", ["id", "post", "actor", "thing", "parent", "owner", "url"])
@pytest.mark.parametrize("value", [7, True, {}, [], "", "\ud800", "a\0b", "a\nb", "x" * (LONGEST_ID + 1)])
def test_an_id_that_is_none_makes_no_sense(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match="id"):
        sound(seen(**{name: value}))


@pytest.mark.parametrize("value", [True, 1.0, "1", None, 1 << 53, -(1 << 53)])
def test_a_value_that_is_no_whole_number_makes_no_sense(value: Any) -> None:
    with pytest.raises(ValueError, match="value"):
        sound(seen(value=value))


@pytest.mark.parametrize("text", [7, {"text": "x"}, ["x"]])
def test_a_text_that_is_none_makes_no_sense(text: Any) -> None:
    with pytest.raises(ValueError, match="text"):
        sound(seen(text=text))


def test_an_instant_without_a_zone_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="zone"):
        sound(seen(at=AT.replace(tzinfo=None)))


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_instant_beyond_all_calendars_makes_no_sense(at: str) -> None:
    with pytest.raises(OverflowError):
        sound(seen(at=datetime.fromisoformat(at)))


@pytest.mark.parametrize("ref", [{"chat_id": -100}, {"chat_id": None}, {"chat_id": "\ud800"}])
def test_what_an_answer_needs_is_text(ref: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        sound(seen(ref=ref))


def test_half_characters_and_too_many_are_taken_out_of_what_people_wrote() -> None:
    assert sound(seen(text="a\ud83d b")).text == "a? b"
    assert sound(seen(text="好" * 20_000)).text == "好" * LONGEST_TEXT


def test_instants_are_in_utc() -> None:
    shanghai = AT.astimezone(timezone(timedelta(hours=8)))
    assert sound(seen(at=shanghai)).at == AT
    assert str(sound(seen(at=shanghai)).at) == "2026-11-22 09:00:00+00:00"


def test_what_is_sound_stays_as_it_is_and_has_a_digest() -> None:
    one = seen(post="urn:li:share:1", actor="张三", text="两只黄鹂", ref={"chat_id": "-100"}, value=-1, total=False)
    assert sound(one) == one
    assert sound(sound(one)) == one
    assert len(digest(b"key", "acc_1", one)) == 11
