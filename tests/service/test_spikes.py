"""People raise their voices: it is told once, measured, and may hold the account; counting never suffers."""

import json
import zlib
from base64 import b64encode
from datetime import timedelta
from itertools import count as numbers
from typing import Any

import pytest

from chalicelib.core import spikes as rules
from chalicelib.core.brakes import Hold
from chalicelib.core.day import Day, hour_of
from chalicelib.core.target import State
from chalicelib.core.timing import stamp
from chalicelib.ports import Heard, Put
from chalicelib.service import brakes, connect, engaged, spikes, webhooks
from chalicelib.service.ingest import ingest
from chalicelib.service.spikes import NewRule
from chalicelib.service.tell import spikes_in, tell
from tests.service.conftest import Stage

WORKSPACE = "ws_one"
IDS = numbers()


def used_to(stage: Stage, voices: int, days: int = 14) -> None:
    """A past in which people address the account so many times in every hour."""
    for back in range(1, days + 1):
        at = stage.now - timedelta(days=back)
        hours = {f"{at:%Y-%m-%d}T{hour:02}": voices for hour in range(24)} if voices else {}
        place = engaged.day_key(WORKSPACE, stage.accounts[0], at)
        stage.world.table.write(Put(engaged.day_item(place, Day(voices=hours), 0), expect=0))


def say(stage: Stage, times: int, kind: str = "mention", **data: Any) -> list[str]:
    """Have people say something so many times, now; the messages that have to come again."""
    heard = {}
    for _ in range(times):
        id = f"msg-{next(IDS)}"
        said = {"type": "engagement", "timestamp": stamp(stage.now), "data": {"kind": kind, "thing_id": id, **data}}
        body = b64encode(zlib.compress(json.dumps(said).encode())).decode()
        about = json.dumps({"webhook-id": id})
        heard[id] = Heard(WORKSPACE, stage.accounts[0], "standard", stamp(stage.now), about, body)
    return ingest(stage.world, heard)


def told(stage: Stage) -> list[dict[str, Any]]:
    """What the stream tells of spikes."""
    found = [message for change in stage.world.table.stream() for message in spikes_in(change)]
    assert {one.type for one in found} <= {"engagement.spike"}
    return [one.data for one in found]


def voices(stage: Stage) -> int:
    item = stage.world.table.get(engaged.day_key(WORKSPACE, stage.accounts[0], stage.now))
    return engaged.day_of(item).voices[hour_of(stage.now)] if item else 0


def held(stage: Stage) -> Hold | None:
    return brakes.held(stage.world, WORKSPACE, stage.accounts[0])


def test_ten_times_the_usual_is_told_once(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    used_to(stage, 4)
    for _ in range(10):
        assert say(stage, 4) == []
    (spike,) = told(stage)
    assert (spike["account_id"], spike["hour"], spike["usual"]) == (stage.accounts[0], "2026-11-22T09", 4.0)
    assert 20 <= spike["count"] <= 24
    assert spike["held"] is False
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "engagement.spike" in line]
    assert {name: fact for name, fact in json.loads(line).items() if name != "at"} == {
        "event": "engagement.spike",
        "workspace": WORKSPACE,
        "account": stage.accounts[0],
        "count": spike["count"],
        "bound": spike["bound"],
    }
    assert held(stage) is None


def test_what_is_usual_is_no_spike(stage: Stage) -> None:
    used_to(stage, 40)
    say(stage, 60)
    assert told(stage) == []


def test_likes_are_no_voices(stage: Stage) -> None:
    used_to(stage, 0)
    say(stage, 60, "like", post_id="sp_1")
    assert told(stage) == []


@pytest.mark.parametrize("kind", ["mention", "comment", "message", "quote", "reply"])
def test_whatever_people_say_counts(stage: Stage, kind: str) -> None:
    used_to(stage, 0)
    say(stage, 30, kind)
    assert [one["count"] for one in told(stage)] == [30]


def test_what_we_say_ourselves_is_no_voice(stage: Stage) -> None:
    used_to(stage, 0)
    account = connect.account(stage.world, WORKSPACE, stage.accounts[0])
    say(stage, 30, "comment", actor=account.remote_id)
    assert told(stage) == []


def test_what_is_delivered_twice_is_said_once(stage: Stage) -> None:
    used_to(stage, 0)
    say(stage, 15)
    for change in range(3):
        body = {"kind": "mention", "thing_id": "same", "value": 1}
        said = {"type": "engagement", "timestamp": stamp(stage.now), "data": body}
        packed = b64encode(zlib.compress(json.dumps(said).encode())).decode()
        about = json.dumps({"webhook-id": "same"})
        heard = Heard(WORKSPACE, stage.accounts[0], "standard", stamp(stage.now), about, packed)
        ingest(stage.world, {f"again-{change}": heard})
    assert voices(stage) == 16


def test_nobody_knows_what_a_new_account_is_used_to(stage: Stage) -> None:
    used_to(stage, 4, days=2)
    say(stage, 60)
    assert told(stage) == []


def test_what_happened_hours_ago_is_no_spike_of_now(stage: Stage) -> None:
    used_to(stage, 0)
    now = stage.now
    stage.world.clock._now = now - timedelta(hours=2)
    say(stage, 10)
    stage.world.clock._now = now
    say(stage, 12)
    assert told(stage) == []


def test_another_spike_is_told_after_the_first_has_cooled_down(stage: Stage) -> None:
    used_to(stage, 0)
    say(stage, 30)
    stage.world.clock.advance(hours=5)
    say(stage, 30)
    assert len(told(stage)) == 1
    stage.world.clock.advance(hours=1)
    say(stage, 30)
    assert len(told(stage)) == 2


def test_webhooks_hear_of_it_once_however_often_the_stream_tells(stage: Stage) -> None:
    webhooks.register(stage.world, WORKSPACE, webhooks.NewWebhook(url="https://receiver.test/hook"))
    used_to(stage, 0)
    before = len(stage.world.table.stream())
    say(stage, 30)
    for _ in range(2):
        tell(stage.world, stage.world.table.stream(before))
    sent = {errand.delivery_id for errand in stage.world.deliveries.receive()}
    assert len(sent) == 1


def test_below_the_minimum_no_older_day_is_read(stage: Stage) -> None:
    used_to(stage, 0)
    calls = stage.world.table.calls["items"]
    say(stage, 19)
    assert stage.world.table.calls["items"] == calls
    say(stage, 1)
    assert stage.world.table.calls["items"] == calls + 2


def test_the_rule_holds_the_account_and_a_person_lets_it_go_on_without_a_burst(stage: Stage) -> None:
    used_to(stage, 4)
    spikes.change(stage.world, WORKSPACE, NewRule(hold=True, factor=8))
    say(stage, 40)
    hold = held(stage)
    assert hold is not None
    assert hold.by == "rule_spike"
    assert hold.reason == "people addressed it 40 times in the hour 2026-11-22T09 UTC; 4 is usual"
    assert [one["held"] for one in told(stage)] == [True]
    posts = [
        stage.create(due_in=5 + number, text=f"{number}", targets=[{"account_id": stage.accounts[0]}])
        for number in range(3)
    ]
    other = stage.create(due_in=5, text="elsewhere", targets=[{"account_id": stage.accounts[1]}])
    stage.let_pass(60)
    assert [stage.target(post).state for post in posts] == [State.HELD] * 3
    assert stage.target(other).state is State.PUBLISHED, "only this account"
    resumed_at = stage.now
    assert brakes.resume(stage.world, WORKSPACE, stage.accounts[0]) == 3
    stage.let_pass(60)
    sent = sorted(stage.target(post).published_at or stage.now for post in posts)
    assert [round((one - resumed_at) / brakes.SPACING) for one in sent] == [0, 1, 2]
    say(stage, 40)
    assert held(stage) is None, "the same spike does not hold again what a person has let go"


def test_a_hold_of_a_person_stays_theirs(stage: Stage) -> None:
    used_to(stage, 0)
    spikes.change(stage.world, WORKSPACE, NewRule(hold=True))
    theirs = brakes.hold(stage.world, WORKSPACE, "key_1", stage.accounts[0])
    say(stage, 40)
    assert held(stage) == theirs


def test_a_higher_factor_wants_more(stage: Stage) -> None:
    used_to(stage, 4)
    spikes.change(stage.world, WORKSPACE, NewRule(hold=False, factor=20, minimum=5))
    say(stage, 79)
    assert told(stage) == []
    say(stage, 1)
    assert [one["bound"] for one in told(stage)] == [80]


def test_a_fault_in_here_costs_no_count(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    used_to(stage, 0)

    def broken(*_: object) -> list[int]:
        raise ZeroDivisionError

    monkeypatch.setattr(rules, "compared", broken)
    assert say(stage, 40) == [], "no message has to come again"
    assert voices(stage) == 40
    monkeypatch.undo()
    say(stage, 1)
    assert [one["count"] for one in told(stage)] == [41]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(2))
def test_who_dies_between_hold_and_word_does_neither_by_halves(stage: Stage, number: int, after: bool) -> None:
    used_to(stage, 0)
    spikes.change(stage.world, WORKSPACE, NewRule(hold=True))
    say(stage, 18)
    table, writes = stage.world.table, numbers(-1)  # the first is what counts
    write = type(table).write

    def dying(*rows: Any) -> None:
        mine = next(writes) == number
        if not mine or after:
            write(table, *rows)
        if mine:
            raise RuntimeError("died here")

    table.write = dying  # type: ignore[method-assign]
    assert say(stage, 2) == []
    del table.write
    say(stage, 1)
    assert voices(stage) == 21
    assert len(told(stage)) == 1
    assert held(stage) is not None


def test_two_readers_at_once_tell_of_it_once(stage: Stage) -> None:
    used_to(stage, 0)
    say(stage, 19)
    account = connect.account(stage.world, WORKSPACE, stage.accounts[0])
    place = engaged.spike_key(WORKSPACE, account.id)
    table = stage.world.table
    get_many, seen = type(table).get_many, list[int]()

    def together(keys: Any) -> Any:
        found = get_many(table, keys)
        if place in keys and not seen:
            seen.append(1)
            spikes.watch(stage.world, account, 30)
        return found

    table.get_many = together  # type: ignore[method-assign]
    spikes.watch(stage.world, account, 30)
    assert len(told(stage)) == 1
