"""The figures of a post: by target and together, each with its source and instant, and never made up."""

import json
import zlib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.errors import NotFound
from chalicelib.core.timing import stamp
from chalicelib.ports import Heard
from chalicelib.service import insights, metrics
from chalicelib.service.follow import follow
from chalicelib.service.ingest import ingest
from chalicelib.service.metrics import Measured
from chalicelib.service.reading import Whole
from tests.service.conftest import Stage


def published(stage: Stage, **fields: Any) -> Whole:
    """A post that went out on both accounts, and is followed."""
    whole = stage.create(due_in=60, **fields)
    stage.let_pass(120)
    for change in stage.world.table.stream():
        follow(stage.world, change)
    return stage.read(whole)


def tell(stage: Stage, account_id: str, kind: str, post: str | None, at: datetime, **data: Any) -> None:
    body = {"timestamp": at.isoformat(), "data": {"kind": kind, "post_id": post, **data}}
    headers = json.dumps({"webhook-id": stage.world.chance.token()})
    packed = b64encode(zlib.compress(json.dumps(body).encode())).decode()
    heard = Heard(stage.workspace_id, account_id, "standard", stamp(stage.now), headers, packed)
    assert ingest(stage.world, {"1": heard}) == []


def test_what_nobody_told_is_null_and_a_total_is_the_sum_of_what_is_known(stage: Stage) -> None:
    whole = published(stage)
    one, two = whole.targets
    at = stage.now.replace(microsecond=0)
    tell(stage, one.account_id, "like", one.platform_post_id, at)
    stage.world.clock.advance(minutes=5)
    later = stage.now.replace(microsecond=0)
    tell(stage, two.account_id, "like", two.platform_post_id, later, value=40, total=True)
    tell(stage, two.account_id, "view", two.platform_post_id, later, value=0, total=True)

    found = metrics.of_post(stage.world, stage.workspace_id, whole.post.id)

    first, second = found.targets
    assert first.figures["likes"] == Measured(1, "callback", at)
    assert first.figures["views"] is None
    assert second.figures["views"] == Measured(0, "callback", later)
    assert found.totals["likes"] == Measured(41, "callback", later)
    assert found.totals["views"] == Measured(0, "callback", later)
    assert found.totals["clicks"] is None
    assert set(found.totals) == set(metrics.NAMES)


def test_growth_is_told_by_target_and_together(stage: Stage) -> None:
    whole = published(stage)
    one, two = whole.targets
    at = stage.now.replace(microsecond=0)
    stage.world.clock.advance(hours=2)
    tell(stage, one.account_id, "like", one.platform_post_id, at)
    tell(stage, two.account_id, "like", two.platform_post_id, at, value=2)
    tell(stage, two.account_id, "repost", two.platform_post_id, at + timedelta(hours=1))

    found = metrics.of_post(stage.world, stage.workspace_id, whole.post.id)

    hours = [f"{at + timedelta(hours=n):%Y-%m-%dT%H}" for n in (0, 1)]
    assert found.growth == {hours[0]: {"likes": 3}, hours[1]: {"reposts": 1}}
    assert [one.growth for one in found.targets] == [
        {hours[0]: {"likes": 1}},
        {hours[0]: {"likes": 2}, hours[1]: {"reposts": 1}},
    ]


def test_a_posts_figures_are_not_those_of_another_post(stage: Stage) -> None:
    whole, other = published(stage), published(stage)
    target = whole.targets[0]
    tell(stage, target.account_id, "like", target.platform_post_id, stage.now)

    assert metrics.of_post(stage.world, stage.workspace_id, other.post.id).totals["likes"] is None
    with pytest.raises(NotFound):
        metrics.of_post(stage.world, "ws_two", whole.post.id)


def test_a_removed_target_says_so_and_keeps_its_figures(stage: Stage) -> None:
    whole = published(stage)
    target = whole.targets[0]
    at = stage.now.replace(microsecond=0)
    tell(stage, target.account_id, "like", target.platform_post_id, at)
    tell(stage, target.account_id, "removed", target.platform_post_id, at)

    found = metrics.of_post(stage.world, stage.workspace_id, whole.post.id).targets[0]
    assert (found.removed_at, found.figures["likes"]) == (at, Measured(1, "callback", at))


def test_an_account_grows_by_all_that_was_told_of_it_and_lists_what_was_posted_elsewhere(stage: Stage) -> None:
    whole = published(stage)
    account = whole.targets[0].account_id
    tell(stage, account, "like", whole.targets[0].platform_post_id, stage.now)
    tell(stage, account, "like", "posted-by-hand", stage.now, value=5)
    tell(stage, account, "follow", None, stage.now - timedelta(days=3))

    today = stage.now.date()
    found = metrics.of_account(stage.world, stage.workspace_id, account, today - timedelta(days=3), today)
    assert found.days == {str(today - timedelta(days=3)): {"follows": 1}, str(today): {"likes": 6}}
    assert found.totals == {"likes": 6, "follows": 1}
    less = metrics.of_account(stage.world, stage.workspace_id, account, today - timedelta(days=2), today)
    assert less.totals == {"likes": 6}
    before = today - timedelta(days=3)
    assert metrics.of_account(stage.world, stage.workspace_id, account, before, before).totals == {"follows": 1}

    (other,) = metrics.elsewhere(stage.world, stage.workspace_id, account).data
    assert other.post == "posted-by-hand"
    assert other.figures["likes"] is not None
    assert other.figures["likes"].value == 5


def test_elsewhere_goes_page_by_page(stage: Stage) -> None:
    account = published(stage).targets[0].account_id
    for number in range(7):
        tell(stage, account, "like", f"by-hand-{number}", stage.now)

    found, cursor = list[str](), None
    while True:
        page = metrics.elsewhere(stage.world, stage.workspace_id, account, 3, cursor)
        found += [one.post for one in page.data]
        if (cursor := page.next_cursor) is None:
            break

    assert found == [f"by-hand-{number}" for number in range(7)]


def test_best_times_are_of_published_posts_that_are_a_day_old(stage: Stage) -> None:
    for number in range(2):
        whole = published(stage)
        target = whole.targets[0]
        tell(stage, target.account_id, "like", target.platform_post_id, stage.now, value=10 + number)
        stage.world.clock.advance(days=7)
        stage.world.clock.advance(-120)
    young = published(stage)
    tell(stage, young.targets[0].account_id, "like", young.targets[0].platform_post_id, stage.now)

    found = insights.times(stage.world, stage.workspace_id, stage.accounts[0], None, UTC, timedelta(days=90))

    assert (found.found.n, found.unknown, found.complete) == (2, 0, True)
    (block,) = found.found.blocks
    assert (block.n, block.median, block.signal) == (2, 10.5, "none")
    everywhere = insights.times(stage.world, stage.workspace_id, None, None, UTC, timedelta(days=90))
    assert (everywhere.found.n, everywhere.unknown) == (2, 2)
    lately = insights.times(stage.world, stage.workspace_id, None, None, UTC, timedelta(days=8))
    assert lately.found.n == 1
