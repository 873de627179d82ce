"""From what is published and answered to scores: kept by the stream, computed by the cron, told, and read."""

import json
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from chalicelib.aws import rows
from chalicelib.core.business_hours import BusinessHours
from chalicelib.core.day import Day, Waits, hour_of
from chalicelib.core.plan import Goal, Plan, Slot
from chalicelib.core.scores.outcome import Outcome
from chalicelib.core.scores.score import Scope, Score
from chalicelib.core.target import State
from chalicelib.ports import Item, Key, Put
from chalicelib.service import (
    agenda,
    business_hours,
    connect,
    engaged,
    outcomes,
    plan,
    reading,
    records,
    scorer,
    scores,
    steer,
)
from chalicelib.service.outcomes import Entry, Outcomes
from chalicelib.service.tell import scores_in, tell
from tests.fakes import FakeClock, FakeTable, world
from tests.service.conftest import Stage

WORKSPACE = Scope("workspace")
DAY = timedelta(days=1)


class Cron:
    """The stream's messenger and the hourly scorer, over a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.told = stage, 0

    def tell(self) -> None:
        """What the stream has to say since last time."""
        changes = self.stage.world.table.stream(self.told)
        self.told += len(changes)
        tell(self.stage.world, changes)

    def run(self) -> Counter[str]:
        """An hour's run, behind the stream."""
        self.tell()
        return scorer.score(self.stage.world)

    def of(self, window: str, scope: Scope = WORKSPACE) -> Score:
        return scores.explained(self.stage.world, self.stage.workspace_id, scope, window).score


@pytest.fixture
def cron(stage: Stage) -> Cron:
    return Cron(stage)


def published(stage: Stage, due_in: float = 60, **fields: Any) -> str:
    """A post that is out on every account of the stage."""
    whole = stage.create(due_in, **fields)
    stage.let_pass(due_in + 30)
    assert stage.read(whole).status == "published"
    return whole.post.id


def kept(stage: Stage) -> list[Outcome]:
    first = stage.now - 60 * DAY
    return [one for id in stage.accounts for one in outcomes.since(stage.world, stage.workspace_id, id, first)]


def part(score: Score, name: str) -> float | None:
    return next(one.value for one in score.parts if one.name == name)


def test_what_is_published_is_kept_once_however_often_it_is_told(stage: Stage, cron: Cron) -> None:
    post = published(stage)
    cron.tell()
    before = kept(stage)
    cron.told = 0
    cron.tell()
    assert kept(stage) == before
    assert {one.account_id for one in before} == set(stage.accounts)
    assert {one.post_id for one in before} == {post}
    assert all(one.fate == "published" and one.message for one in before)
    assert all(one.late is not None and one.late < 1 for one in before)


def test_an_older_word_never_takes_the_place_of_a_newer_one(stage: Stage, cron: Cron) -> None:
    published(stage)
    changes = stage.world.table.stream()
    tell(stage.world, changes)
    before = kept(stage)
    for change in reversed(changes):
        tell(stage.world, [change])
    assert kept(stage) == before


def test_what_was_tried_in_vain_before_a_person_gave_it_another_time_was_not_early(stage: Stage, cron: Cron) -> None:
    whole = stage.create(20, targets=[{"account_id": stage.accounts[0], "options": {"fault": "rate_limit"}}])
    while stage.target(whole).error is None:
        stage.let_pass(1)
    steer.hold(stage.world, stage.workspace_id, whole.post.id)
    stage.let_pass(3600)
    steer.resume(stage.world, stage.workspace_id, whole.post.id)
    stage.let_pass(10)
    cron.tell()
    (one,) = kept(stage)
    assert (one.fate, one.early) == ("published", False)


def test_what_opens_again_has_no_outcome_any_more(stage: Stage, cron: Cron) -> None:
    published(stage)
    cron.tell()
    (target,) = [one for one in kept(stage) if one.account_id == stage.accounts[0]]
    key = records.target_key(records.TargetKey(stage.workspace_id, target.post_id, target.target_id))
    item = stage.world.table.get(key)
    assert item is not None
    reopened = replace(records.target_of(item), state=State.QUEUED, scheduled_at=target.due + DAY)
    stage.world.table.write(records.put_target(reopened))
    cron.tell()
    assert [one.account_id for one in kept(stage)] == [stage.accounts[1]]


def test_a_post_on_time_makes_a_perfect_timeliness(stage: Stage, cron: Cron) -> None:
    published(stage)
    assert cron.run() == {"scored": 1}
    score = cron.of("28d")
    assert score.value == 100
    assert (score.n, score.confidence) == (2, "C")
    assert {one.name for one in score.parts if one.value is not None} == {"publish"}


def test_scores_are_of_the_workspace_its_platforms_and_its_accounts(stage: Stage, cron: Cron) -> None:
    published(stage, targets=[{"account_id": stage.accounts[0]}])
    cron.run()
    found = scores.listed(stage.world, stage.workspace_id, None)
    assert [(one.scope.name, one.score.kind, one.score.n) for one in found if one.score.kind == "timeliness"] == [
        ("workspace", "timeliness", 1),
        ("platform#sandbox", "timeliness", 1),
        *((f"account#{id}", "timeliness", int(id == stage.accounts[0])) for id in sorted(stage.accounts)),
    ]


def test_nothing_is_computed_where_nothing_changed_until_a_day_has_passed(stage: Stage, cron: Cron) -> None:
    published(stage)
    assert cron.run() == {"scored": 1}
    stage.world.clock.advance(hours=1)
    assert cron.run() == {}
    stage.world.clock.advance(hours=23)
    assert cron.run() == {"scored": 1}


def test_who_waits_has_it_scored_every_hour_only_until_the_answer_is_late_for_good(stage: Stage, cron: Cron) -> None:
    asked = engaged.day_key(stage.workspace_id, stage.accounts[0], stage.now)
    day = Day(waits={hour_of(stage.now): Waits(waiting=1)})
    stage.world.table.write(Put(engaged.day_item(asked, day, 0), expect=0))
    agenda.mark(stage.world, stage.workspace_id)
    runs = []
    for _ in range(12):
        stage.world.clock.advance(minutes=10)
        runs.append(cron.run()["scored"])
        stage.world.clock.advance(minutes=50)
    assert runs == [1, 1, 1] + [0] * 9
    assert part(cron.of("28d"), "response") is not None


def test_a_run_too_short_for_all_begins_with_who_has_waited_longest() -> None:
    """Whatever shard they are in: or those of the last one would never have their turn."""
    fakes, names = world(), [f"ws_{number}" for number in range(40)]
    random.Random(1).shuffle(names)
    for name in names:
        agenda.mark(fakes, name)
        fakes.clock.advance(seconds=1)
    assert list(agenda.due(fakes, fakes.clock.now())) == names


@pytest.mark.parametrize("change", ["connect", "disconnect", "business_hours"])
def test_what_changes_scores_without_any_post_has_them_computed_by_the_next_run(
    stage: Stage, cron: Cron, change: str
) -> None:
    published(stage)
    cron.run()
    stage.world.clock.advance(hours=1)
    if change == "connect":
        connect.connect(stage.world, stage.workspace_id, connect.NewAccount(platform="sandbox", name="Three"))
    elif change == "disconnect":
        connect.disconnect(stage.world, stage.workspace_id, stage.accounts[0])
    else:
        business_hours.choose(stage.world, stage.workspace_id, BusinessHours(target=timedelta(hours=1)))
    assert cron.run() == {"scored": 1}
    accounts = {one.scope.id for one in scores.listed(stage.world, stage.workspace_id, None)} - {"", "sandbox"}
    assert accounts == {one.id for one in connect.every(stage.world, stage.workspace_id)}


@pytest.mark.parametrize("back", [False, True])
def test_a_long_silence_is_no_new_beginning(stage: Stage, cron: Cron, back: bool) -> None:
    """Who published once, and then nothing for longer than any window, has missed its weeks: with a plan or without."""
    published(stage)
    stage.world.clock.advance(days=70)
    if back:
        published(stage)
    agenda.mark(stage.world, stage.workspace_id)
    cron.run()
    for scope in (WORKSPACE, Scope("platform", "sandbox"), Scope("account", stage.accounts[0])):
        cadence = next(one for one in cron.of("8w", scope).parts if one.name == "cadence")
        assert (cadence.n, (cadence.value or 0) < 0.1) == (8, True)


def test_an_account_that_is_new_misses_no_week_of_an_older_plan(stage: Stage, cron: Cron) -> None:
    choose(stage, 1, 5)
    stage.world.clock.advance(days=50)
    new = connect.connect(stage.world, stage.workspace_id, connect.NewAccount(platform="sandbox", name="New")).id
    published(stage, targets=[{"account_id": new}])
    cron.run()
    found = {
        scope.kind: next(one.n for one in cron.of("8w", scope).parts if one.name == "cadence")
        for scope in (WORKSPACE, Scope("account", new))
    }
    assert found["workspace"] >= 7
    assert found["account"] <= 1


def test_twice_over_gives_the_same(stage: Stage, cron: Cron) -> None:
    published(stage)
    cron.run()
    before = {item.key: item for item in stage.world.table.everything if item.key.pk == agenda.pk(stage.workspace_id)}
    agenda.mark(stage.world, stage.workspace_id)
    assert cron.run() == {"scored": 1}
    after = {item.key: item for item in stage.world.table.everything if item.key.pk == agenda.pk(stage.workspace_id)}
    agenda_key = agenda.key(stage.workspace_id)
    assert {key: item for key, item in after.items() if key != agenda_key} == {
        key: item for key, item in before.items() if key != agenda_key
    }


def test_a_missed_hour_is_caught_up(stage: Stage, cron: Cron) -> None:
    published(stage)
    cron.tell()
    stage.world.clock.advance(hours=5)
    assert scorer.score(stage.world) == {"scored": 1}
    assert cron.of("28d").value == 100


def test_a_scorer_that_dies_is_made_good_by_the_next_run(stage: Stage, cron: Cron, monkeypatch: Any) -> None:
    published(stage)
    cron.tell()
    with monkeypatch.context() as broken:
        broken.setattr(scorer, "gather", lambda *_: 1 / 0)
        assert scorer.score(stage.world) == {"failed": 1}
        assert scorer.score(stage.world) == {}, "somebody is at it, as far as anybody knows"
    stage.world.clock.advance(hours=1)
    assert scorer.score(stage.world) == {"scored": 1}


def test_what_changes_while_it_is_scored_is_scored_again(stage: Stage, cron: Cron, monkeypatch: Any) -> None:
    published(stage)
    cron.tell()
    gather = scorer.gather

    def meanwhile(*arguments: Any) -> Any:
        agenda.mark(stage.world, stage.workspace_id)
        return gather(*arguments)

    with monkeypatch.context() as busy:
        busy.setattr(scorer, "gather", meanwhile)
        assert scorer.score(stage.world) == {"scored": 1}
    assert scorer.score(stage.world) == {"scored": 1}


class CountingTable:
    """The same table, with the rows of its partitions that were read."""

    def __init__(self, table: FakeTable) -> None:
        self.table, self.rows, self.calls = table, 0, Counter[str]()

    def items(self, pk: str, prefix: str = "", **bounds: Any) -> list[Item]:
        found = self.table.items(pk, prefix, **bounds)
        self.calls["items"] += 1
        self.rows += len(found)
        return found

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self.table, name)


def poison(stage: Stage, pk: str, sk: str) -> None:
    stage.world.table.write(
        Put(Item(Key(pk, sk), {"targets": "nonsense", "required_terms": 7, "waits": 7, "scores": []}), expect=None)
    )


def test_poisoned_rows_harm_neither_publishing_nor_webhooks_nor_the_other_scores(
    stage: Stage, cron: Cron, caplog: pytest.LogCaptureFixture
) -> None:
    """A day that makes no sense is left out; what cannot be kept beside it is logged; posts go out as ever."""
    first = published(stage)
    cron.run()
    account = stage.accounts[0]
    day = outcomes.key(stage.workspace_id, account, stage.now)
    poison(stage, day.pk, day.sk)
    poison(stage, day.pk, f"DAY#{stage.now:%Y-%m-%d}")
    poison(stage, agenda.pk(stage.workspace_id), "SCORE#workspace")
    second = published(stage)
    assert cron.run() == {"scored": 1}
    assert {id: cron.of("28d", Scope("account", id)).n for id in stage.accounts} == {account: 1, stage.accounts[1]: 2}
    assert "unreadable" in caplog.text
    for post in (first, second):
        states = {one.state for one in stage.read(stage_post(stage, post)).targets}
        assert states == {State.PUBLISHED}


def test_a_poisoned_agenda_holds_up_nobody_and_is_written_anew(stage: Stage, cron: Cron) -> None:
    place = agenda.key(stage.workspace_id)
    stage.world.table.write(Put(Item(place, {"next_at": "soon"}), expect=None))
    published(stage)
    cron.tell()
    assert cron.run() == {"scored": 1}
    assert cron.of("28d").value == 100


def test_a_day_of_more_posts_than_a_row_can_hold_holds_up_nobody(
    stage: Stage, cron: Cron, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream would bring their changes again for hours, and nobody's webhooks behind them."""
    published(stage)
    cron.tell()
    (_, one), day = kept(stage), outcomes.key(stage.workspace_id, stage.accounts[0], stage.now)
    names = [random.Random(number).randbytes(50).hex() for number in range(200)]
    many = {name: Entry(1, replace(one, account_id=stage.accounts[0], target_id=name)) for name in names}
    full = Item(day, records.to_doc(Outcomes(many)))
    stage.world.table.write(Put(full, expect=None))
    published(stage)
    monkeypatch.setattr(rows, "MAX_ITEM_BYTES", rows.size(rows.attributes(full)))
    cron.tell()
    assert cron.run() == {"scored": 1}
    assert {id: cron.of("28d", Scope("account", id)).n for id in stage.accounts} == dict(
        zip(stage.accounts, (200, 2), strict=True)
    )


def test_what_cannot_be_measured_was_published_all_the_same(stage: Stage, cron: Cron) -> None:
    whole = stage.create(60)
    poison(stage, records.workspace_pk(stage.workspace_id), "BRAND")
    stage.let_pass(90)
    assert stage.read(whole).status == "published"
    cron.tell()
    assert [(one.fate, one.message) for one in kept(stage)] == [("published", None)] * 2


def test_scores_that_make_no_sense_hold_up_no_webhook(stage: Stage, cron: Cron) -> None:
    """Such as those that another version of this service wrote, with other windows."""
    published(stage)
    cron.run()
    place = Key(agenda.pk(stage.workspace_id), "SCORE#workspace")
    other = {**stored(stage, place), "scores": {}}
    for sk, doc in (("SCORE#workspace", other), ("SCORE#workspace", stored(stage, place)), ("GOAL#workspace", {})):
        stage.world.table.write(Put(Item(Key(place.pk, sk), doc), expect=None))
    cron.tell()


def stored(stage: Stage, key: Key) -> dict[str, Any]:
    item = stage.world.table.get(key)
    assert item is not None
    return item.doc


def test_history_and_goals_that_make_no_sense_are_written_anew(stage: Stage, cron: Cron) -> None:
    choose(stage, 3, 5)  # on a Sunday
    published(stage)
    month = scores.month_key(stage.workspace_id, WORKSPACE, f"{stage.now:%Y-%m}")
    for sk in (month.sk, "GOAL#workspace", "SCORE#workspace"):
        stage.world.table.write(Put(Item(Key(month.pk, sk), {"days": 1}), expect=None))
    today = stage.now.date()
    assert scores.listed(stage.world, stage.workspace_id, None) == []
    assert scores.history(stage.world, stage.workspace_id, WORKSPACE, "timeliness", today, today) == {}
    stage.world.clock.advance(hours=24 * 5)
    assert cron.run() == {"scored": 1}
    assert list(scores.history(stage.world, stage.workspace_id, WORKSPACE, "timeliness", today, stage.now.date()))


def stage_post(stage: Stage, post_id: str) -> Any:
    return reading.post(stage.world, stage.workspace_id, post_id)


def test_a_wrong_clock_in_the_scorer_touches_scores_only(stage: Stage, cron: Cron) -> None:
    whole = stage.create(3600)
    published(stage)
    cron.tell()
    before = {i.key: i for i in stage.world.table.everything if i.key.pk != agenda.pk(stage.workspace_id)}
    wrong = replace_clock(stage, stage.now + timedelta(days=3650))
    assert scorer.score(wrong) == {"scored": 1}
    after = {i.key: i for i in stage.world.table.everything if i.key.pk != agenda.pk(stage.workspace_id)}
    assert after == before
    stage.let_pass(3700)
    assert stage.read(whole).status == "published"
    assert cron.run() == {"scored": 1}, "what was published since has it scored by a clock that is right"
    assert cron.of("28d").n == 4


def replace_clock(stage: Stage, now: datetime) -> Any:
    return replace(stage.world, clock=FakeClock(now))


def test_reading_does_not_grow_with_history(stage: Stage) -> None:
    """Three years of 50 accounts are read in as many calls and rows as three months: those of the windows."""
    new = connect.NewAccount(platform="sandbox", name="Sandbox")
    accounts = [connect.connect(stage.world, stage.workspace_id, new).id for _ in range(50)]
    counted = []
    for months in (3, 36):
        for day in range(30 * months):
            due = stage.now - timedelta(days=day)
            for account in accounts:
                place = outcomes.key(stage.workspace_id, account, due)
                day_key = engaged.day_key(stage.workspace_id, account, due)
                empty = [Item(place, records.to_doc(Outcomes())), engaged.day_item(day_key, Day(), 0)]
                stage.world.table.write(*(Put(item, expect=None) for item in empty))
        table = CountingTable(stage.world.table)
        scorer.gather(replace(stage.world, table=cast(FakeTable, table)), stage.workspace_id, stage.now)
        counted.append((dict(table.calls), table.rows))
    assert counted[0] == counted[1]
    assert counted[0][1] < 50 * (8 * 7 + 7 + 28 + 4)


def test_a_score_that_moves_is_told_and_one_that_stays_is_not(stage: Stage, cron: Cron) -> None:
    published(stage)
    cron.run()
    told = news(stage)
    of_workspace = [one for one in told if one["account_id"] is None and one["platform"] is None]
    assert [(one["kind"], one["value"]) for one in of_workspace] == [("consistency", 100.0), ("timeliness", 100.0)]
    agenda.mark(stage.world, stage.workspace_id)
    cron.run()
    assert news(stage) == told


def news(stage: Stage, type: str = "score.updated") -> list[dict[str, Any]]:
    told = [message for change in stage.world.table.stream() for message in scores_in(change)]
    return [one.data for one in told if one.type == type]


def choose(stage: Stage, least: int, most: int, *slots: Slot) -> None:
    plan.choose(stage.world, stage.workspace_id, None, Plan(goal=Goal(least, most), slots=slots))


def test_a_goal_that_nobody_works_for_is_told_once_a_week(stage: Stage, cron: Cron) -> None:
    choose(stage, 3, 5)  # on a Sunday
    assert cron.run() == {"scored": 1}
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    for hours in range(24, 24 * 7, 12):
        stage.world.clock.sleep_until(monday + timedelta(hours=hours))
        cron.run()
    (told,) = [one for one in news(stage, "goal.at_risk") if one["week"] == "2026-11-23T00:00:00.000Z"]
    assert (told["goal"], told["published"], told["scheduled"], told["missing"]) == (3, 0, 0, 3)


def test_a_goal_that_is_provided_for_is_not_at_risk(stage: Stage, cron: Cron) -> None:
    choose(stage, 2, 5)
    stage.world.clock.sleep_until(datetime(2026, 11, 23, 1, tzinfo=UTC))
    for days in (4, 5):
        stage.create(days * 86_400)
    for _ in range(5):
        stage.world.clock.advance(hours=18)
        agenda.mark(stage.world, stage.workspace_id)
        cron.run()
    weeks = {one["week"] for one in news(stage, "goal.at_risk")}
    assert "2026-11-23T00:00:00.000Z" not in weeks


def test_of_the_week_in_which_a_goal_is_chosen_only_the_rest_is_at_risk(stage: Stage, cron: Cron) -> None:
    choose(stage, 3, 5)  # on a Sunday, behind the last of the week's three times
    assert cron.run() == {"scored": 1}
    assert news(stage, "goal.at_risk") == []


def test_a_post_that_is_out_somewhere_is_not_another_one_where_it_comes_later(stage: Stage, cron: Cron) -> None:
    choose(stage, 2, 5)
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    stage.world.clock.sleep_until(monday)
    soon, later = ({"account_id": id} for id in stage.accounts)
    whole = stage.create(5 * 86_400, targets=[{**soon, "scheduled_at": stage.now + timedelta(minutes=1)}, later])
    stage.let_pass(90)
    assert [one.state for one in stage.read(whole).targets] == [State.PUBLISHED, State.SCHEDULED]
    stage.world.clock.sleep_until(monday + 4 * DAY)
    agenda.mark(stage.world, stage.workspace_id)
    cron.run()
    (told,) = news(stage, "goal.at_risk")
    assert (told["published"], told["scheduled"], told["missing"]) == (1, 0, 1)


def test_scores_are_measured_without_a_dimension_for_each_workspace(stage: Stage, cron: Cron, capsys: Any) -> None:
    published(stage)
    cron.run()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (measured,) = [one for one in lines if "Timeliness" in one]
    (directive,) = measured["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["stage"]]
    assert {one["Name"] for one in directive["Metrics"]} == {"Timeliness", "Consistency"} & measured.keys()
    assert measured["workspace"] == stage.workspace_id
    assert measured["Timeliness"] == 100


def test_history_is_kept_day_by_day_and_across_months(stage: Stage, cron: Cron) -> None:
    published(stage)
    for _ in range(12):
        cron.run()
        stage.world.clock.advance(hours=24)
    first, last = datetime(2026, 11, 22).date(), stage.now.date()
    found = scores.history(stage.world, stage.workspace_id, WORKSPACE, "timeliness", first, last)
    assert [f"{day}" for day in found] == [f"{first + timedelta(days=n)}" for n in range(12)]
    assert {one.value for one in found.values()} == {100.0}
    inside = scores.history(stage.world, stage.workspace_id, WORKSPACE, "timeliness", first + 3 * DAY, first + 4 * DAY)
    assert len(inside) == 2
