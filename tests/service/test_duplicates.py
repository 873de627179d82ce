"""What is on a network twice is found a day later; what only looks alike is not."""

import pytest

from chalicelib.core.followed import POLLS
from chalicelib.core.target import State
from chalicelib.ports import Key
from chalicelib.service import audit, connect, duplicates, engaged, measure, sandbox
from chalicelib.service.audit import Wanted
from chalicelib.service.duplicates import MOST_A_DAY, WORD
from chalicelib.service.reading import Whole
from chalicelib.service.tell import news_in, tell
from tests.service.conftest import Stage

TEXT = "Nine o'clock, and all is well."


def publish(stage: Stage, text: str = TEXT) -> Whole:
    post = stage.create(due_in=1, text=text, targets=[{"account_id": stage.accounts[0]}])
    stage.let_pass(5)
    assert stage.target(post).state is State.PUBLISHED
    return post


def plant(stage: Stage, text: str = TEXT) -> str:
    """Somebody posts this on the account, and not through us."""
    owner = stage.timeline()[0]["account"]
    new = sandbox.SandboxPost(account=owner, text=text, reference=f"by_hand_{stage.world.chance.token()}")
    row = stage.world.table.get(Key(f"SANDBOX#{owner}", "ACCOUNT"))
    assert row
    return str(sandbox._store(stage.world, row, new)["id"])


def a_day_later(stage: Stage) -> None:
    """Every turn up to that of the audit."""
    tell(stage.world, stage.world.table.stream())
    begun = stage.now
    for after in POLLS[:4]:
        stage.world.clock.sleep_until(begun + after)
        measure.measure(stage.world)


def found(stage: Stage, post: Whole) -> list[str | None]:
    return [event.detail for event in stage.target(post).events if event.type == WORD]


def test_what_is_there_twice_is_told_audited_and_measured_once(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    post, seen = publish(stage), len(stage.world.table.stream())
    copy = plant(stage)
    a_day_later(stage)
    assert found(stage, post) == [copy]
    assert stage.target(post).state is State.PUBLISHED
    news = [message.type for change in stage.world.table.stream(seen) for message in news_in(change)]
    assert news == ["target.duplicate_found"]
    acts = audit.page(stage.world, stage.workspace_id, Wanted()).data
    assert [(act.action, stage.target(post).id in act.things) for act in acts] == [("duplicate found", True)]
    assert '"Duplicates": 1' in capsys.readouterr().out


def test_two_targets_of_equal_text_are_no_duplicates(stage: Stage) -> None:
    posts = [publish(stage), publish(stage), publish(stage, "Another.")]
    a_day_later(stage)
    assert [found(stage, post) for post in posts] == [[], [], []]


def test_a_third_one_beside_two_of_equal_text_is_found(stage: Stage) -> None:
    posts, copy = [publish(stage), publish(stage)], plant(stage)
    a_day_later(stage)
    assert [found(stage, post) for post in posts] == [[copy], [copy]]


def test_what_says_something_else_is_no_duplicate(stage: Stage) -> None:
    post = publish(stage)
    plant(stage, "Ten o'clock.")
    a_day_later(stage)
    assert found(stage, post) == []


def test_what_may_be_another_target_of_which_nobody_knows_is_not_told(stage: Stage) -> None:
    post = publish(stage)
    fault = {"account_id": stage.accounts[0], "options": {"fault": "timeout_after_accept"}}
    doubtful = stage.create(due_in=1, targets=[fault])
    stage.let_pass(10, sweeps=False)
    assert stage.target(doubtful).state is State.UNCONFIRMED
    a_day_later(stage)
    assert found(stage, post) == []


def test_an_account_is_asked_so_often_a_day_and_no_more(stage: Stage) -> None:
    first = stage.accounts[0]
    account = connect.find(stage.world, stage.workspace_id, first)
    assert account
    allowed = [duplicates._may_ask(stage.world, account) for _ in range(MOST_A_DAY + 2)]
    assert allowed == [True] * MOST_A_DAY + [False, False]
    stage.world.clock.advance(days=1)
    assert duplicates._may_ask(stage.world, account)


def test_a_network_that_does_not_answer_costs_no_figures(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    post = publish(stage)
    monkeypatch.setattr(duplicates, "look", _breaks)
    a_day_later(stage)
    target = stage.target(post)
    item = stage.world.table.get(engaged.post_key(stage.workspace_id, target.account_id, target.part_ids[0]))
    assert item
    assert engaged.post_of(item).polled == 4


def _breaks(*_: object) -> None:
    raise KeyError("data")
