"""What a month costs is made of what is counted, and what is counted is what the service does."""

import json
from random import Random

import pytest

from chalicelib.platforms import names, platform
from chalicelib.ports import Delete, Item, Key, Put
from infra import cost
from infra.cost import MILLION, OPERATIONS, PRICES, Load
from tests.counted import counted
from tests.meter import metered

OWN, OTHER = Key("A", "1"), Key("A", "2")


def test_every_operation_uses_what_the_table_says() -> None:
    before, now = cost.counted(), counted()

    dearer = [f"{name}: {before.get(name)} is now {now.get(name)}" for name in now if now[name] != before.get(name)]
    assert not dearer, "\n".join(["run `python -m tests.counted`, and look at what it does to docs/cost.md:", *dearer])
    assert now.keys() == before.keys() == {*OPERATIONS, "keep", "metrics"}


def test_metrics_are_found_in_the_lines_that_say_them() -> None:
    found = cost.counted()["metrics"]

    assert found["all"] > found["idle"] > 0
    assert found["of_a_network"] > 0


def test_the_page_shows_what_was_counted() -> None:
    text = cost.PAGE.read_text()

    assert cost.with_tables(text) == text, "run `python -m tests.counted`"


def test_the_page_says_whether_the_goal_is_missed() -> None:
    missed = cost.per_million(together=True) > cost.GOAL

    assert ("**The goal of $5 for a million published targets is missed**" in cost.PAGE.read_text()) == missed


def test_everything_that_is_used_has_a_price_and_every_function_a_size() -> None:
    for name, operation in OPERATIONS.items():
        assert cost.used(name).keys() <= PRICES.keys()
        assert cost.memory(operation.function) > 0


def test_a_row_costs_by_the_kilobyte_and_twice_in_a_transaction() -> None:
    here = metered()
    text = Random(1).randbytes(1200).hex()  # which cannot be made much smaller than 1200
    alone = here.used(lambda: here.world.table.write(Put(Item(OWN, {"text": text}), expect=0)))
    both = here.used(lambda: here.world.table.write(Put(Item(OTHER, {}), expect=0), Delete(OWN, expect=1)))

    assert alone == {"write": 2}
    assert both == {"write": 2 + 4}, "of the larger of the old and the new item, which is gone"


def test_an_index_costs_one_for_an_entry_and_two_where_it_moves() -> None:
    here = metered()

    def put(rev: int, at: str | None, version: int = 1) -> dict[str, float]:
        item = Item(OWN, {}, open=Key("DUE", at) if at else None, listing=Key("ALL", "1"), version=version)
        return here.used(lambda: here.world.table.write(Put(item, expect=rev)))

    assert put(0, "09:00") == {"write": 1 + 2}, "an entry of both"
    assert put(1, "09:00") == {"write": 1}, "nothing that an index holds"
    assert put(2, "09:00", version=2) == {"write": 1 + 1}, "one index holds the version"
    assert put(3, "10:00", version=2) == {"write": 1 + 2}, "an entry moves"
    assert put(4, None, version=2) == {"write": 1 + 1}, "an entry goes"


def test_reading_costs_by_four_kilobytes_and_half_of_that_from_an_index() -> None:
    table = (here := metered()).world.table
    table.write(Put(Item(OWN, {"text": "".join(chr(33 + n * n % 90) for n in range(3000))}), expect=0))

    assert here.used(lambda: table.get(OWN)) == {"read": 1}
    assert here.used(lambda: table.get(OTHER)) == {"read": 1}, "one that is not there, too"
    assert here.used(lambda: table.get_many([OWN, OTHER])) == {"read": 2}
    assert here.used(lambda: table.opened("DUE")) == {"read": 0.5}


@pytest.mark.parametrize("together", [False, True])
def test_more_posts_never_cost_less_and_nothing_is_free_that_costs(together: bool) -> None:
    some, more = (
        cost.publishing(Load(posts=posts), together=together) + cost.beside(Load(posts=posts), together=together)
        for posts in (1000, 1001)
    )

    assert cost.dollars(more) > cost.dollars(some) > cost.dollars(some, free=True) >= 0


@pytest.mark.parametrize("targets", [1, 3, 30])
def test_coming_together_is_cheaper(targets: int) -> None:
    assert 0 < cost.per_million(targets, together=True) < cost.per_million(targets)


def test_a_million_targets_cost_a_million_times_one() -> None:
    one = cost.publishing(Load(posts=1, targets=1))
    assert cost.per_million(1) == pytest.approx(cost.dollars(one) * MILLION, rel=0.1), "but for the minutes of a month"


def test_an_idle_month_has_the_key_and_what_looks_around_every_minute() -> None:
    idle = cost.idle()

    assert idle["keys"] == 1
    a_canary = 1 + 1 + 1 + 4 + 1  # its run, its alarm, its publisher, what the stream tells of, the sandbox
    assert idle["calls"] == 2 * cost.MINUTES + 2 * cost.HOURS + cost.MINUTES // 5 * a_canary
    assert cost.dollars(idle) > cost.dollars(idle, free=True) > PRICES["keys"].dollars


def test_the_calculator_says_what_it_does_not_understand() -> None:
    assert cost.load_of(["POSTS=10", "EVENTS=5"]) == Load(posts=10, events=5)
    for word in ("POSTS=ten", "POSTS=-1", "PILLS=3", "POSTS"):
        with pytest.raises(ValueError, match="POSTS=number"):
            cost.load_of([word])


def test_a_report_tells_the_goal() -> None:
    said = cost.report(Load(posts=1000, events=50_000))

    assert "1,000 posts, 3,000 published targets, 50,000 events" in said
    assert f"the goal of {cost.GOAL:.0f} $" in said


def test_what_was_counted_is_kept_as_it_is_written() -> None:
    assert cost.COUNTED.read_text() == json.dumps(cost.counted(), indent=1, sort_keys=True) + "\n"


def test_the_fees_of_networks_that_charge_come_from_their_rules() -> None:
    said = cost.report(cost.load_of(["PAID=300", "PAID_LINKS=20"]))

    assert "fees of x: 300 messages at 0.015 $ and 20 with a link at 0.200 $: 8.50 $" in said


def test_every_price_of_a_network_says_where_and_when_it_was_read() -> None:
    charging = [platform(name).rules for name in names() if platform(name).rules.price.per_message]

    assert charging
    assert all(
        rules.sources["price"].url.startswith("https://") and rules.sources["price"].checked for rules in charging
    )
