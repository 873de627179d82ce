"""The simulation of very many posts at once knows every quota by name, and its page shows what it says."""

from dataclasses import fields

import pytest

from infra import capacity
from infra.capacity import ABOUT, SCENARIOS, Facts, facts, simulate
from tests.service.conftest import Stage, stage

__all__ = ["stage"]


def test_every_fact_says_what_it_is_and_where_it_is_from() -> None:
    assert set(ABOUT) == {one.name for one in fields(Facts)}
    assert all(about and source for about, source in ABOUT.values())


def test_the_page_shows_what_the_simulation_says() -> None:
    text = capacity.PAGE.read_text()
    assert capacity.with_tables(text) == text, "run `python -m infra.capacity page`"


def test_a_single_post_is_late_by_its_networks_answer_alone() -> None:
    found = simulate(facts(targets=1, network_sigma=0))
    assert found.p99 == pytest.approx(facts().network_seconds)


@pytest.mark.parametrize(
    "better",
    [
        {"pollers_at_first": 50},
        {"pollers_a_minute": 3000},
        {"network_seconds": 0.1},
        {"targets": 2000},
        {"own_seconds": 0.1},
    ],
)
def test_what_is_better_makes_nothing_later(better: dict[str, float]) -> None:
    assert simulate(facts(**{"targets": 5000, **better})).drained < simulate(facts(targets=5000)).drained


@pytest.mark.parametrize(
    ("narrow", "name"),
    [
        ({"table_writes": 90.0}, "the table's write units"),
        ({"partition_writes": 1.0}, "partitions of the index"),
        ({"kms_requests": 1.0}, "KMS"),
        ({"dispatch_mb": 1.0, "lead_seconds": 60.0}, "the dispatcher"),
        ({"concurrency": 1.0}, "publishers at once"),
        ({"network_seconds": 900.0, "targets": 10.0}, "the network's answer"),
    ],
)
def test_the_narrowest_is_what_is_made_narrow(narrow: dict[str, float], name: str) -> None:
    assert simulate(facts(**{"targets": 5000.0, **narrow})).narrowest == name


def test_a_table_lets_through_what_it_has_units_for() -> None:
    known = facts(targets=9000, table_writes=900, writes=9, pollers_at_first=1000)
    assert simulate(known).drained == pytest.approx(90, rel=0.1)


def test_a_part_of_everything_takes_as_long_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    known = facts(targets=20_000)
    whole = simulate(known).drained
    monkeypatch.setattr(capacity, "SIMULATED", 5_000)
    assert simulate(known).drained == pytest.approx(whole, rel=0.05)


def test_each_numbered_step_adds_to_the_one_before() -> None:
    steps = [facts(**chosen) for name, chosen in SCENARIOS.items() if name[0].isdigit() and name[1] == "."]
    assert len(steps) == 7
    drained = [simulate(one).drained for one in steps]
    assert sorted(drained, reverse=True) == pytest.approx(drained, rel=0.02)


def test_publishing_writes_to_one_shard_of_the_index_as_often_as_is_said(stage: Stage) -> None:
    stage.create(due_in=60, targets=[{"account_id": stage.accounts[0]}])
    before = len(stage.world.table.stream())
    stage.let_pass(70, sweeps=False)
    writes = [one for one in stage.world.table.stream(before) if one.new and one.new.key.sk.startswith("TARGET#")]
    moves = [(one.old.open if one.old else None, one.new.open if one.new else None) for one in writes]
    behind = [place.pk for pair in moves if pair[0] != pair[1] for place in pair if place and "BEHIND" in place.pk]
    assert len(behind) == facts().shard_writes
