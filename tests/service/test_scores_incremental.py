"""What is kept step by step, however the stream tells of it, makes the scores that the raw history makes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.business_hours import BusinessHours
from chalicelib.core.day import Waits
from chalicelib.core.inbox import InboxItem
from chalicelib.core.scores import scoring
from chalicelib.core.scores.ended import outcome
from chalicelib.core.scores.score import Scope
from chalicelib.core.target import State, Target
from chalicelib.core.waits import moved
from chalicelib.ports import Change
from chalicelib.service import connect, outcomes, records, scorer, waits
from tests.fakes import START, FakeWorld, world

WORKSPACE = "ws_one"
ENDS = [State.PUBLISHED, State.PUBLISHED, State.PUBLISHED, State.MISSED, State.FAILED, State.CANCELLED, State.REMOVED]


@dataclass(frozen=True)
class Life:
    """One target's: when it was due, how it ended, whether it opened again, and how late it was."""

    days_ago: int
    account: int
    post: int
    end: State
    reopened: bool
    moved_days: int
    late: float


LIVES = st.lists(
    st.builds(
        Life,
        days_ago=st.integers(0, 70),
        account=st.integers(0, 1),
        post=st.integers(0, 20),
        end=st.sampled_from(ENDS),
        reopened=st.booleans(),
        moved_days=st.integers(0, 3),
        late=st.floats(0, 400).map(lambda seconds: round(seconds, 3)),
    ),
    max_size=25,
)
STEPS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["them", "us", "dismiss", "remove"]), st.integers(0, 40_000)), min_size=1, max_size=8
    ),
    max_size=8,
)


def versions(number: int, life: Life, accounts: Sequence[str]) -> list[Target]:
    """The target's row, write by write."""
    due = START - timedelta(days=life.days_ago, hours=1)
    open_ = Target(
        *(f"tgt_{number}", f"post_{life.post}", WORKSPACE, accounts[life.account], "sandbox", State.SCHEDULED, due)
    )
    found = [open_]
    if life.reopened:
        found += [ended(open_, life), replace(open_, scheduled_at=due + timedelta(days=life.moved_days))]
    return [replace(one, rev=rev) for rev, one in enumerate([*found, ended(found[-1], life)], 1)]


def ended(target: Target, life: Life) -> Target:
    due = target.scheduled_at or START
    out = due + timedelta(seconds=life.late) if life.end in (State.PUBLISHED, State.REMOVED) else None
    return replace(target, state=life.end, published_at=out, sent_at=out)


def changes(rows: Sequence[Target]) -> list[Change]:
    items = [replace(records.target_item(one), rev=one.rev) for one in rows]
    return [Change(old, new) for old, new in zip([None, *items], items, strict=False)]


def told(lives: Sequence[Sequence[Change]], chance: random.Random) -> list[list[Change]]:
    """All changes in batches, in order for each target, some batches twice."""
    left, batches = [list(one) for one in lives if one], list[list[Change]]()
    while left:
        batch = []
        for _ in range(chance.randint(1, 6)):
            if left:
                queue = chance.choice(left)
                batch.append(queue.pop(0))
                left = [one for one in left if one]
        batches += [batch] * chance.choice([1, 1, 2])
    return batches


def said(number: int, steps: Sequence[tuple[str, int]], account: str) -> list[InboxItem]:
    """An item of the inbox, step by step."""
    found = [InboxItem(f"inb_{number}", account, "sandbox", f"thing_{number}", kind="comment")]
    for what, minutes in steps:
        at, item = START - timedelta(minutes=minutes), found[-1]
        if what == "dismiss":
            found.append(item.dismissed(at))
        elif what == "remove":
            found.append(item.removed(at))
        else:
            found.append(item.spoke(at, "them" if what == "them" else "us", f"{what}{minutes}"))
    return found


def scene() -> tuple[FakeWorld, list[str]]:
    fakes = world()
    new = [connect.NewAccount(platform="sandbox", name=f"Sandbox {name}") for name in ("one", "two")]
    return fakes, [connect.connect(fakes, WORKSPACE, one).id for one in new]


@settings(max_examples=60)
@given(LIVES, STEPS, st.randoms(use_true_random=False))
def test_incremental_equals_recomputed(
    lives: list[Life], talks: list[list[tuple[str, int]]], chance: random.Random
) -> None:
    fakes, accounts = scene()
    rows = [versions(number, life, accounts) for number, life in enumerate(lives)]
    for batch in told([changes(one) for one in rows], chance):
        outcomes.keep(fakes, batch)
    items = [said(number, steps, accounts[number % 2]) for number, steps in enumerate(talks)]
    for steps in items:
        for before, after in pairwise(steps):
            if puts := waits.puts(fakes, WORKSPACE, before, after):
                fakes.table.write(*puts)

    kept = scorer.gather(fakes, WORKSPACE, START)
    first = kept.weeks[None][0].start
    final = [one for life in rows if (one := outcome(life[-1])) and one.due >= min(first, START - timedelta(days=28))]
    raw = replace(
        kept,
        outcomes={id: [one for one in final if one.account_id == id] for id in accounts},
        waits={id: recounted([one[-1] for one in items if one[-1].account_id == id]) for id in accounts},
    )
    for scope in (Scope("workspace"), Scope("platform", "sandbox"), *(Scope("account", id) for id in accounts)):
        incremental, recomputed = scoring.scored(kept, scope), scoring.scored(raw, scope)
        for window, score in recomputed.items():
            assert incremental[window].value == pytest.approx(score.value, abs=1e-9)
            assert incremental[window].n == score.n
            for ours, theirs in zip(incremental[window].parts, score.parts, strict=True):
                assert ours.value == pytest.approx(theirs.value, abs=1e-9)


def recounted(items: Sequence[InboxItem]) -> dict[str, Waits]:
    found: dict[str, Waits] = {}
    for item in items:
        for hour, sums in moved(None, item, BusinessHours()).items():
            found[hour] = reduce(Waits.plus, [sums], found.get(hour, Waits()))
    return found
