"""Schedules: every occurrence becomes one post, whoever dies, looks twice, or changes the schedule meanwhile."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from chalicelib.core.errors import Conflict, Invalid, NotFound, Stale
from chalicelib.core.kit import Kit
from chalicelib.core.post import PostPatch
from chalicelib.core.recurring import AHEAD, MOST_AHEAD, REMEMBERED, NewSchedule, SchedulePatch
from chalicelib.core.target import State
from chalicelib.ports import Delete, Put
from chalicelib.service import brand, compose, connect, reading, records, schedules, steer
from chalicelib.service.reading import PostFilter, Whole
from chalicelib.service.recur import RUN, recur
from chalicelib.service.schedules import Standing
from tests.service.conftest import Stage

WORKSPACE = "ws_one"


def wanted(stage: Stage, **fields: Any) -> NewSchedule:
    """Every day at ten by UTC, from today on."""
    post = {"text": "Ding dong", "targets": [{"account_id": stage.accounts[0]}]}
    words = {"rule": "FREQ=DAILY", "timezone": "UTC", "starts_at": "2026-11-22T10:00:00", "post": post}
    return NewSchedule.model_validate({**words, **fields})


def made(stage: Stage, **fields: Any) -> Standing:
    return schedules.create(stage.world, WORKSPACE, wanted(stage, **fields))


def posts(stage: Stage) -> list[Whole]:
    """Every post of the workspace, soonest first."""
    found, cursor = list[Whole](), None
    while True:
        page = reading.posts(stage.world, WORKSPACE, PostFilter(), 100, cursor)
        found, cursor = found + page.data, page.next_cursor
        if cursor is None:
            return found[::-1]


def due(stage: Stage) -> list[str]:
    """When the posts that are still to go out are due: day and time."""
    return [f"{one.post.scheduled_at:%m-%dT%H:%M}" for one in posts(stage) if one.status in ("scheduled", "queued")]


def days(first: int, last: int, clock: str = "10:00") -> list[str]:
    """The same of days of November 2026, and December behind its 30th."""
    dates = [datetime(2026, 11, 1) + timedelta(days=day - 1) for day in range(first, last + 1)]
    return [f"{one:%m-%d}T{clock}" for one in dates]


def change(stage: Stage, of: Standing, **fields: Any) -> Standing:
    return schedules.edit(stage.world, WORKSPACE, of.schedule.id, SchedulePatch.model_validate(fields))


def again(stage: Stage, of: Standing) -> Standing:
    return schedules.get(stage.world, WORKSPACE, of.schedule.id)


def before_each_write(stage: Stage, act: Callable[[int], None]) -> Callable[[], None]:
    """Have something happen before every write of the table; gives what ends that."""
    write, count = stage.world.table.write, Counter[str]()

    def acting(*writes: Put | Delete) -> None:
        count["writes"] += 1
        act(count["writes"])
        write(*writes)

    stage.world.table.write = acting  # type: ignore[method-assign]

    def end() -> None:
        stage.world.table.write = write  # type: ignore[method-assign]

    return end


def test_a_schedule_makes_the_posts_of_two_weeks_and_each_knows_where_it_is_from(stage: Stage) -> None:
    schedule = made(stage)
    recur(stage.world)

    assert due(stage) == days(22, 35)
    first = posts(stage)[0].post
    assert (first.schedule_id, first.occurrence) == (schedule.schedule.id, "2026-11-22T10:00:00")
    assert posts(stage)[0].targets[0].account_id == stage.accounts[0]


def test_the_first_posts_are_made_at_once_because_the_cron_may_be_too_late(stage: Stage) -> None:
    made(stage, starts_at="2026-11-22T09:01:00")
    stage.let_pass(70)

    assert len(stage.timeline()) == 1


def test_day_after_day_every_occurrence_goes_out_once_with_its_variation(stage: Stage) -> None:
    texts = [{"text": text} for text in ("one", "two", "three")]
    made(stage, variations=texts, rule="FREQ=DAILY;BYHOUR=9,10,11;BYMINUTE=30", starts_at="2026-11-22T09:30:00")
    for _ in range(3 * 24):
        recur(stage.world)
        stage.let_pass(3600, sweeps=False)

    assert [post["text"] for post in stage.timeline()] == ["one", "two", "three"] * 3


def test_looking_again_makes_nothing_again(stage: Stage) -> None:
    made(stage)
    for _ in range(5):
        recur(stage.world)
        stage.world.clock.advance(minutes=1)

    assert due(stage) == days(22, 35)


def run_to_its_end(stage: Stage) -> None:
    """Whatever has happened: the cron comes, and comes again."""
    stage.world.clock.advance(minutes=10)
    for _ in range(3):
        recur(stage.world)


@pytest.mark.parametrize("committed", [False, True], ids=["before the write", "behind it"])
@pytest.mark.parametrize("number", range(1, 17))
def test_who_dies_at_any_write_leaves_nothing_that_is_doubled_or_lost(
    stage: Stage, number: int, committed: bool
) -> None:
    """Creating, making and clearing are about sixteen writes here; each of them is the last of somebody's life."""
    schedule = made(stage, rule="FREQ=DAILY;COUNT=12")
    write, count = stage.world.table.write, Counter[str]()

    def dying(*writes: Put | Delete) -> None:
        count["writes"] += 1
        if count["writes"] == number and not committed:
            raise SystemExit
        write(*writes)
        if count["writes"] == number:
            raise SystemExit

    stage.world.table.write = dying  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        change(stage, schedule, starts_at="2026-11-22T11:00:00")
    stage.world.table.write = write  # type: ignore[method-assign]
    run_to_its_end(stage)

    edited = again(stage, schedule).schedule.version == 2
    assert due(stage) == days(22, 33, "11:00" if edited else "10:00")
    assert edited or (number == 1 and not committed), "the edit is done or it never was"


@pytest.mark.parametrize("number", range(1, 18))
def test_of_two_who_look_at_once_each_occurrence_has_one_post(stage: Stage, number: int) -> None:
    busy = list[int]()

    def rival(count: int) -> None:
        if count == number and not busy:
            busy.append(count)
            recur(stage.world)

    end = before_each_write(stage, rival)
    made(stage)
    recur(stage.world)
    end()
    run_to_its_end(stage)

    assert busy
    assert due(stage) == days(22, 35)


@pytest.mark.parametrize("number", range(1, 6))
def test_who_edits_while_posts_are_made_has_the_last_word(stage: Stage, number: int) -> None:
    schedule = made(stage)
    busy = list[int]()

    def editor(count: int) -> None:
        if count == number and not busy:
            busy.append(count)
            change(stage, schedule, starts_at="2026-11-22T11:00:00")

    end = before_each_write(stage, editor)
    recur(stage.world)
    end()
    run_to_its_end(stage)

    assert busy
    assert due(stage) == days(22, 35, "11:00")


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("deed", ["pause", "delete"])
def test_who_stops_a_schedule_while_posts_are_made_stops_all_of_them(stage: Stage, number: int, deed: str) -> None:
    schedule = made(stage)
    busy = list[int]()

    def stopping(count: int) -> None:
        if count == number and not busy:
            busy.append(count)
            if deed == "pause":
                change(stage, schedule, state="paused")
            else:
                schedules.delete(stage.world, WORKSPACE, schedule.schedule.id)

    end = before_each_write(stage, stopping)
    recur(stage.world)
    end()
    run_to_its_end(stage)

    assert busy
    assert due(stage) == []


def test_a_missed_hour_is_caught_up(stage: Stage) -> None:
    schedule = made(stage)
    recur(stage.world)
    stage.world.clock.advance(days=5)
    recur(stage.world)

    assert due(stage)[-1] == days(40, 40)[0]
    assert again(stage, schedule).progress.missed == ()


def test_what_passed_while_nobody_looked_is_told_and_not_published_late(stage: Stage) -> None:
    schedule = made(stage)
    recur(stage.world)
    stage.world.clock.advance(days=20)
    recur(stage.world)
    recur(stage.world)

    progress = again(stage, schedule).progress
    assert [f"{one.wall:%m-%dT%H:%M}" for one in progress.missed] == days(36, 41)
    assert [(one.type, one.detail) for one in progress.history][-1] == (
        "missed",
        "6 from 2026-12-06T10:00:00 to 2026-12-11T10:00:00",
    )
    assert due(stage)[14:] == days(42, 55)


def test_one_look_makes_so_many_posts_and_no_more(stage: Stage) -> None:
    schedule = made(stage, rule="FREQ=MINUTELY;INTERVAL=15")

    for _ in range(3):
        recur(stage.world)
    assert len(due(stage)) == MOST_AHEAD

    stage.world.clock.advance(hours=1)
    recur(stage.world)
    ahead = [
        one.post.scheduled_at for one in posts(stage) if one.post.scheduled_at and one.post.scheduled_at > stage.now
    ]
    assert len(ahead) == MOST_AHEAD
    assert len(set(ahead)) == MOST_AHEAD
    assert again(stage, schedule).progress.missed == ()


def test_an_edit_is_followed_by_what_is_not_out_and_by_nothing_else(stage: Stage) -> None:
    schedule = made(stage)
    recur(stage.world)
    stage.let_pass(3700)
    assert len(stage.timeline()) == 1

    change(stage, schedule, post={"text": "Dong", "targets": [{"account_id": stage.accounts[0]}]})
    recur(stage.world)

    assert due(stage) == days(23, 36)
    assert {one.post.content.text for one in posts(stage) if one.status != "published"} == {"Dong"}
    assert len(stage.timeline()) == 1


def test_variations_go_on_behind_an_edit_where_they_were(stage: Stage) -> None:
    schedule = made(stage, variations=[{"text": "one"}, {"text": "two"}])
    recur(stage.world)
    stage.let_pass(3700)
    change(stage, schedule, name="Bells")
    recur(stage.world)

    assert [one.post.content.text for one in posts(stage)][:4] == ["one", "two", "one", "two"]


def test_what_a_person_decided_about_a_post_stands_whatever_becomes_of_the_schedule(stage: Stage) -> None:
    schedule = made(stage)
    recur(stage.world)
    cancelled, edited, deleted, *_ = [one.post.id for one in posts(stage)]
    steer.cancel(stage.world, WORKSPACE, cancelled)
    compose.edit(stage.world, WORKSPACE, edited, PostPatch(text="By hand"))
    compose.delete(stage.world, WORKSPACE, deleted)

    for fields in ({"name": "Bells"}, {"state": "paused"}, {"state": "active"}):
        change(stage, schedule, **fields)
        recur(stage.world)

    assert due(stage) == [days(23, 23)[0], *days(25, 35)]
    found = {one.post.id: one for one in posts(stage)}
    assert found[cancelled].status == "cancelled"
    assert (found[edited].post.content.text, found[edited].post.schedule_id) == ("By hand", schedule.schedule.id)
    assert deleted not in found


@pytest.mark.parametrize("seconds", [60, 2, 0])
def test_a_post_that_is_about_to_go_out_stays_the_only_one_of_its_time(stage: Stage, seconds: int) -> None:
    """At the end the publisher has claimed it and waits for the instant, or asks the network this very moment."""
    schedule = made(stage, starts_at="2026-11-22T09:30:00")
    recur(stage.world)
    sleep_until, edit_at = stage.world.clock.sleep_until, posts(stage)[0].post.scheduled_at
    assert edit_at is not None
    edit_at -= timedelta(seconds=seconds)

    def edit_meanwhile(instant: datetime) -> None:
        if stage.now <= edit_at <= instant and again(stage, schedule).schedule.version == 1:
            sleep_until(edit_at)
            change(stage, schedule, variations=[{"text": "Too late"}])
        sleep_until(instant)

    stage.world.clock.sleep_until = edit_meanwhile  # type: ignore[method-assign]
    stage.let_pass(2000)
    recur(stage.world)

    assert again(stage, schedule).schedule.version == 2
    assert again(stage, schedule).progress.missed == ()
    assert [post["text"] for post in stage.timeline()] == ["Ding dong"]
    assert due(stage) == days(23, 36, "09:30")
    assert {one.post.content.text for one in posts(stage)[1:]} == {"Too late"}


@pytest.mark.parametrize("edited_again", [True, False])
def test_what_has_gone_out_before_its_edit_was_finished_is_not_missed_and_not_made_again(
    stage: Stage, edited_again: bool
) -> None:
    schedule = made(stage, starts_at="2026-11-22T09:30:00")
    recur(stage.world)

    def die(count: int) -> None:
        if count == 2:
            raise SystemExit

    end = before_each_write(stage, die)
    with pytest.raises(SystemExit):
        change(stage, schedule, name="Bells")
    end()
    stage.let_pass(3600)
    if edited_again:
        change(stage, schedule, name="Bells, again")
    recur(stage.world)

    assert len(stage.timeline()) == 1
    assert due(stage) == days(23, 36, "09:30")
    assert again(stage, schedule).progress.missed == ()


@pytest.mark.parametrize("minutes", [29, 60])
def test_what_was_deleted_for_an_edit_that_was_not_finished_is_made_again_or_told(stage: Stage, minutes: int) -> None:
    schedule = made(stage, starts_at="2026-11-22T09:30:00")

    def die(count: int) -> None:
        if count == 3:
            raise SystemExit

    end = before_each_write(stage, die)
    with pytest.raises(SystemExit):
        change(stage, schedule, name="Bells")
    end()
    assert due(stage)[0] == days(23, 23, "09:30")[0], "the first one is deleted"
    stage.world.clock.advance(minutes=minutes)
    recur(stage.world)

    missed = [one.wall.isoformat() for one in again(stage, schedule).progress.missed]
    assert (missed == ["2026-11-22T09:30:00"]) == (minutes == 60)
    assert (days(22, 22, "09:30")[0] in due(stage)) == (minutes == 29)


def test_what_passed_while_nobody_looked_is_told_by_an_edit_too(stage: Stage) -> None:
    schedule = made(stage)
    recur(stage.world)
    stage.world.clock.advance(days=20)

    changed = change(stage, schedule, name="Bells")
    recur(stage.world)

    assert [f"{one.wall:%m-%dT%H:%M}" for one in again(stage, schedule).progress.missed] == days(36, 41)
    assert [one.type for one in changed.progress.history] == ["created", "missed", "edited"]


def test_who_reads_a_schedule_just_before_it_is_edited_makes_nothing_of_the_old_one(stage: Stage) -> None:
    schedule = made(stage)
    get_many, place = stage.world.table.get_many, records.schedule_key(WORKSPACE, schedule.schedule.id)
    torn = list[int]()

    def tearing(keys: Any) -> Any:
        if list(keys[:1]) != [place] or torn:
            return get_many(keys)
        torn.append(1)
        old = get_many(keys[:1])
        change(stage, schedule, starts_at="2026-11-22T11:00:00")
        return old + get_many(keys[1:])

    stage.world.table.get_many = tearing  # type: ignore[method-assign]
    recur(stage.world)
    run_to_its_end(stage)

    assert torn
    assert due(stage) == days(22, 35, "11:00")


def test_a_paused_schedule_makes_nothing_and_what_passes_meanwhile_is_not_missed(stage: Stage) -> None:
    schedule = made(stage)
    recur(stage.world)
    paused = change(stage, schedule, state="paused")

    assert (paused.state, due(stage), list(schedules.upcoming(stage.world, paused))) == ("paused", [], [])
    stage.world.clock.advance(days=2)
    recur(stage.world)
    assert due(stage) == []

    resumed = change(stage, schedule, state="active")
    recur(stage.world)
    assert due(stage) == days(24, 37)
    assert resumed.progress.missed == ()
    assert [one.type for one in resumed.progress.history] == ["created", "paused", "resumed"]


@pytest.mark.parametrize("trouble", ["account", "brand"])
def test_who_pauses_a_schedule_need_not_put_right_first_what_is_wrong_with_it(stage: Stage, trouble: str) -> None:
    schedule = made(stage)
    if trouble == "account":
        connect.disconnect(stage.world, WORKSPACE, stage.accounts[0])
    else:
        banned = {"name": "loud", "terms": ["Ding dong"]}
        brand.choose(stage.world, WORKSPACE, Kit.model_validate({"banned": [banned]}))

    assert change(stage, schedule, state="paused").state == "paused"
    assert due(stage) == []
    with pytest.raises(Invalid):
        change(stage, schedule, state="active")


def test_a_deleted_schedule_takes_its_posts_along(stage: Stage) -> None:
    schedule = made(stage)
    recur(stage.world)
    stage.let_pass(3700)
    schedules.delete(stage.world, WORKSPACE, schedule.schedule.id)

    assert due(stage) == []
    assert [one.status for one in posts(stage)] == ["published"]
    with pytest.raises(NotFound):
        again(stage, schedule)
    recur(stage.world)
    rows = [item.key.sk for item in stage.world.table.everything]
    assert not [sk for sk in rows if sk.startswith((records.SCHEDULE_PREFIX, records.PROGRESS_PREFIX))]


def test_a_deleted_schedule_leaves_its_posts_where_it_is_told_to(stage: Stage) -> None:
    schedule = made(stage)
    recur(stage.world)
    schedules.delete(stage.world, WORKSPACE, schedule.schedule.id, keep_posts=True)
    stage.world.clock.advance(days=3)
    recur(stage.world)

    assert [one.post.occurrence for one in posts(stage)][-1] == "2026-12-05T10:00:00"
    assert len(posts(stage)) == 14


@pytest.mark.parametrize("state", ["active", "paused"])
def test_a_deleted_schedule_takes_along_what_a_person_had_changed(stage: Stage, state: str) -> None:
    schedule = made(stage)
    compose.edit(stage.world, WORKSPACE, posts(stage)[0].post.id, PostPatch(text="By hand"))
    change(stage, schedule, starts_at="2026-11-22T11:00:00", state=state)
    assert due(stage)[0] == days(22, 22)[0], "their word stands"

    schedules.delete(stage.world, WORKSPACE, schedule.schedule.id)

    assert due(stage) == []


def test_a_post_that_a_pause_has_not_deleted_yet_is_not_kept(stage: Stage) -> None:
    schedule = made(stage)

    def die(count: int) -> None:
        if count == 2:
            raise SystemExit

    end = before_each_write(stage, die)
    with pytest.raises(SystemExit):
        change(stage, schedule, state="paused")
    end()
    schedules.delete(stage.world, WORKSPACE, schedule.schedule.id, keep_posts=True)
    run_to_its_end(stage)

    assert due(stage) == []
    assert not [item for item in stage.world.table.everything if item.key.sk.startswith(records.PROGRESS_PREFIX)]


def test_who_dies_while_a_schedule_is_deleted_leaves_no_post_for_ever(stage: Stage) -> None:
    schedule = made(stage)

    def die(count: int) -> None:
        if count == 3:
            raise SystemExit

    end = before_each_write(stage, die)
    with pytest.raises(SystemExit):
        schedules.delete(stage.world, WORKSPACE, schedule.schedule.id)
    end()
    assert due(stage) != []
    run_to_its_end(stage)

    assert due(stage) == []


def test_an_occurrence_that_cannot_be_composed_is_told_and_made_once_it_can_be(stage: Stage) -> None:
    schedule = made(stage)
    account = stage.world.table.get(connect.key(WORKSPACE, stage.accounts[0]))
    assert account is not None
    connect.disconnect(stage.world, WORKSPACE, stage.accounts[0])
    recur(stage.world)

    progress = again(stage, schedule).progress
    unmade = [one for one in progress.ahead if one.issues]
    assert {issue.code for one in unmade for issue in one.issues} == {"unknown_account"}
    assert (len(due(stage)), len(unmade)) == (10, 4)
    assert progress.history[-1].type == "problem"

    stage.world.table.write(Put(account, expect=None))
    stage.world.clock.advance(minutes=1)
    recur(stage.world)
    assert due(stage) == days(22, 35)
    assert not [one for one in again(stage, schedule).progress.ahead if one.issues]


def test_a_problem_that_nobody_solved_in_time_is_remembered(stage: Stage) -> None:
    schedule = made(stage, rule="FREQ=DAILY;INTERVAL=7", starts_at="2026-11-29T10:00:00")
    connect.disconnect(stage.world, WORKSPACE, stage.accounts[0])
    for _ in range(3):
        stage.world.clock.advance(days=7)
        recur(stage.world)

    progress = again(stage, schedule).progress
    assert [f"{one.wall:%m-%d}" for one in progress.problems] == ["12-06"]
    assert len(progress.ahead) == 2


def test_what_stands_in_the_way_is_told_however_much_it_is(stage: Stage) -> None:
    schedule = made(stage, rule="FREQ=MINUTELY;INTERVAL=15")
    chance = Random(1)
    terms = ["".join(chr(chance.randrange(0x4E00, 0x9FA5)) for _ in range(95)) for _ in range(600)]
    must = [{"any_of": terms[first : first + 12], "severity": "error"} for first in range(0, 600, 12)]
    brand.choose(stage.world, WORKSPACE, Kit.model_validate({"required_terms": must}))
    for _ in range(4):
        recur(stage.world)
        stage.world.clock.advance(hours=12)

    progress = again(stage, schedule).progress
    assert (len(progress.ahead), len(progress.problems)) == (2, REMEMBERED)
    assert progress.problems[0].issues[0].message.startswith(f"the brand wants every post to say “{terms[0]}”")


def test_one_bad_variation_does_not_stop_the_others(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made(stage, variations=[{"text": "good"}, {"text": "poison"}, {"text": "fine"}], rule="FREQ=DAILY;COUNT=6")
    create = compose.create

    def poisoned(world: Any, workspace_id: str, new: Any, *more: Any) -> Whole:
        if new.text == "poison":
            raise KeyError(new.text)
        return create(world, workspace_id, new, *more)

    schedule = change(stage, made(stage), state="paused")
    monkeypatch.setattr(compose, "create", poisoned)
    bad = {"variations": [{"text": "good"}, {"text": "poison"}, {"text": "fine"}], "count": 6, "state": "active"}
    schedule = change(stage, schedule, **bad)

    texts = [one.post.content.text for one in posts(stage) if one.post.schedule_id == schedule.schedule.id]
    assert sorted(texts) == ["fine", "fine", "good", "good"]
    codes = [issue.code for one in schedule.progress.ahead for issue in one.issues]
    assert codes == ["internal_error", "internal_error"]


def test_one_poisoned_schedule_does_not_stop_the_others(stage: Stage) -> None:
    bad, good = made(stage), made(stage, starts_at="2026-11-22T11:00:00")
    key = records.progress_key(WORKSPACE, bad.schedule.id)
    item = stage.world.table.get(key)
    assert item is not None
    stage.world.table.write(Put(records.put_progress(records.progress_of(item)).item, expect=None))
    row = stage.world.table._rows[key]
    row.pop("zdoc", None)
    row["doc"] = {"S": '{"nonsense": true}'}

    outcomes = recur(stage.world)

    assert (outcomes["failed"], outcomes["looked"]) == (1, 2)
    assert again(stage, good).progress.ahead[-1].wall == datetime(2026, 12, 5, 11)


def test_a_schedule_ends_with_its_last_post(stage: Stage) -> None:
    schedule = made(stage, count=3)

    assert [one.type for one in schedule.progress.history] == ["created", "ended"]
    assert schedule.state == "active", "three posts are still to come"
    stage.world.clock.advance(days=4)
    assert again(stage, schedule).progress.look_at is None
    recur(stage.world)
    assert [one.state for one in schedules.page(stage.world, WORKSPACE).data] == ["ended"]
    assert again(stage, schedule).state == "ended"
    assert change(stage, schedule, count=8).state == "active"


def test_a_schedule_whose_posts_take_long_does_not_keep_a_run_from_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = made(stage), made(stage, starts_at="2026-11-22T11:00:00")
    create = compose.create

    def taking_long(world: Any, workspace_id: str, new: Any, seed: str, occasion: compose.Occasion) -> Whole:
        if occasion.schedule_id == slow.schedule.id:
            stage.world.clock.advance(seconds=70)
        return create(world, workspace_id, new, seed, occasion)

    monkeypatch.setattr(compose, "create", taking_long)
    begun = stage.now
    outcomes = recur(stage.world)

    assert stage.now - begun <= RUN
    assert (outcomes["looked"], outcomes["left"]) == (2, 0)
    assert len(again(stage, quick).progress.ahead) == 14
    for _ in range(3):
        recur(stage.world)
    assert len(again(stage, slow).progress.ahead) == 14


def test_one_that_is_to_begin_later_lies_still_until_two_weeks_before(stage: Stage) -> None:
    schedule = made(stage, starts_at="2027-03-01T10:00:00")

    assert due(stage) == []
    assert schedule.progress.look_at == datetime.fromisoformat("2027-03-01T10:00:00+00:00") - AHEAD
    calls = stage.world.table.calls["write"]
    recur(stage.world)
    assert stage.world.table.calls["write"] == calls


def test_an_edit_of_a_version_that_is_gone_is_refused_and_a_bad_one_changes_nothing(stage: Stage) -> None:
    schedule = made(stage)
    with pytest.raises(Stale, match="version 1"):
        schedules.edit(stage.world, WORKSPACE, schedule.schedule.id, SchedulePatch(name="x"), 7)
    with pytest.raises(Invalid) as wrong:
        change(stage, schedule, rule="FREQ=DAILY;COUNT=3", until="2027-01-01", timezone="Mars")

    assert [issue.path for issue in wrong.value.issues] == ["timezone", "until"]
    assert again(stage, schedule) == schedule


def test_the_same_seed_makes_the_same_schedule_once(stage: Stage) -> None:
    first = schedules.create(stage.world, WORKSPACE, wanted(stage), "s1")
    second = schedules.create(stage.world, WORKSPACE, wanted(stage), "s1")

    assert first.schedule.id == second.schedule.id == "sch_s1"
    assert due(stage) == days(22, 35)


def test_deleting_what_has_gone_out_is_refused_as_ever(stage: Stage) -> None:
    made(stage, starts_at="2026-11-22T09:01:00")
    stage.let_pass(70)
    out = posts(stage)[0]

    assert out.targets[0].state is State.PUBLISHED
    with pytest.raises(Conflict):
        compose.delete(stage.world, WORKSPACE, out.post.id)
