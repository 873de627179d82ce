"""What the first release wrote is read by this one; an old row reads as what its upgrade is written as."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws import rows as stored
from chalicelib.aws.rows import Row, attributes, item_of, key_row
from chalicelib.core import upgrades
from chalicelib.core.brakes import Breaker, Bucket, Hold
from chalicelib.core.business_hours import BusinessHours
from chalicelib.core.errors import TooNew
from chalicelib.core.kit import Kit
from chalicelib.core.medium import Medium
from chalicelib.core.review import Review, ReviewPolicy
from chalicelib.core.spikes import Rule
from chalicelib.core.timing import instant
from chalicelib.core.upgrades import Step, kind_of, lowered, upgraded, written
from chalicelib.core.webhooks import Delivery, Health, Webhook
from chalicelib.ports import Item, Put
from chalicelib.service import connect, engaged, records
from chalicelib.service.access import KnownKey
from chalicelib.service.agenda import Agenda
from chalicelib.service.audit import Act
from chalicelib.service.canary import Songs
from chalicelib.service.duplicates import Audits
from chalicelib.service.limits import Limits
from chalicelib.service.outcomes import Outcomes
from chalicelib.service.plan import Versions
from chalicelib.service.signin import Connection
from chalicelib.service.sweep import Swept
from chalicelib.service.weights import Overrides
from tests.fakes import FakeTable
from tests.rows import kinds, line_of, rows

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def value(kind: type) -> Callable[[Item], object]:
    return lambda item: records.from_doc(kind, item.doc)


def with_rev(kind: type) -> Callable[[Item], object]:
    return lambda item: records.from_doc(kind, {**item.doc, "rev": item.rev})


def having(*names: str) -> Callable[[Item], object]:
    """Where the document is read name by name."""
    return lambda item: {name: item.doc[name] for name in names}


def known_key(item: Item) -> object:
    return records.from_doc(KnownKey, {name: item.doc[name] for name in KnownKey.__slots__ if name in item.doc})


def connection(item: Item) -> object:
    return records.from_doc(Connection, {name: item.doc[name] for name in item.doc if name not in ("sealed", "until")})


READERS: dict[str, Callable[[Item], object]] = {
    "AUDIT": value(Act),
    "B/BREAKER": value(Breaker),
    "C/CALLBACK": having("workspace_id", "networks"),
    "D": with_rev(Delivery),
    "E/DAY#": engaged.day_of,
    "E/MINUTE#": engaged.log_of,
    "E/OUTCOMES#": value(Outcomes),
    "E/PEOPLE#": having("people", "complete"),
    "E/POST#": engaged.post_of,
    "E/SHARE#": having("post_id", "target_id"),
    "E/SPIKE": engaged.spike_of,
    "E/THING#": engaged.inbox_of,
    "E/UNDATED#": engaged.log_of,
    "E/WORDS#": lambda item: engaged.words_of(item, LONG_AGO),
    "F/FEED": having("id", "name", "account_id", "created_at", "workspace_id"),
    "I/ANSWER": having("fingerprint", "in_flight_until", "status", "headers"),
    "I/BATCHED": having("fingerprint", "post_id", "draft"),
    "KEY/KEY": having("id", "workspace_id", "scopes"),
    "P/EXTERNAL": having(),
    "P/REVIEW#": value(Review),
    "P/POST": records.post_of,
    "P/RENDITION#": records.rendition_of,
    "P/TARGET#": records.target_of,
    "RATE": having("counts"),
    "S/GOAL#": having("scope", "week", "at", "least", "published", "scheduled"),
    "S/HISTORY#": having("days"),
    "S/SCORE#": having("at", "scores"),
    "S/SCORING": value(Agenda),
    "SANDBOX/ACCOUNT": having("handle", "token"),
    "SANDBOX/FAULT#": having("fault"),
    "SANDBOX/PLACE": having("pk", "sk"),
    "SANDBOX/POST#": having("account", "text", "id", "url", "created_at", "reference"),
    "SIGNIN/SIGNIN": having("workspace_id", "connection_id", "platform", "until", "sealed"),
    "SLOTS": having("post_ids"),
    "SYSTEM/FEED_PEPPER": having("sealed"),
    "SYSTEM/PEPPER": having("sealed"),
    "SYSTEM/RECEIPT_KEY": having("sealed"),
    "SYSTEM/SWEEP": value(Swept),
    "VAULT/DATA_KEY": having("key"),
    "W/ACCOUNT#": connect.without_secrets,
    "W/ACTORS": having("sealed"),
    "W/APP#": having("platform", "client_id", "sealed"),
    "W/AUDITED#": value(Audits),
    "W/BRAND": value(Kit),
    "W/BUCKET#": value(Bucket),
    "W/BUSINESS_HOURS": value(BusinessHours),
    "W/CANARY": value(Songs),
    "W/CONNECTION#": connection,
    "W/FEED#": having("id", "name", "account_id", "created_at", "found_by"),
    "W/FORMER#": having("platform"),
    "W/GRANT#": having("sealed"),
    "W/HOLD": value(Hold),
    "W/HOLD#": value(Hold),
    "W/KEY#": known_key,
    "W/LIMITS": value(Limits),
    "W/MEDIUM#": value(Medium),
    "W/PLAN": value(Versions),
    "W/PLAN#": value(Versions),
    "W/POLLS#": value(Bucket),
    "W/PRIVACY": engaged.privacy_of,
    "W/REVIEW_POLICY": value(ReviewPolicy),
    "W/PROGRESS#": records.progress_of,
    "W/SCHEDULE#": records.schedule_of,
    "W/SPIKE_RULE": value(Rule),
    "W/WEBHOOK#": with_rev(Webhook),
    "W/WEBHOOK_HEALTH#": with_rev(Health),
    "W/WEIGHTS": value(Overrides),
    "W/WORKSPACE": having("id", "name"),
}


def name_of(row: Row) -> str:
    return kind_of(row["PK"]["S"], row["SK"]["S"])


def test_every_kind_of_row_is_on_file_and_somebody_reads_it() -> None:
    assert set(READERS) == kinds()


@pytest.mark.parametrize("row", rows(), ids=name_of)
def test_what_the_first_release_wrote_is_read_and_written_again(row: Row) -> None:
    item = item_of(row)
    read = READERS[name_of(row)]
    assert read(replace(item, doc={**item.doc, "of_a_newer_release": 1})) == read(item)
    written_again = {**key_row(item.key), "rev": row["rev"], **attributes(item)}
    assert written_again["v"] == {"N": str(written(name_of(row)))}
    assert item_of(written_again) == item


def test_every_write_says_the_version_of_its_shape() -> None:
    table = FakeTable()
    for row in rows():
        table.load(row)
    assert {"v" in row for row in table.raw} == {False}
    one = replace(item_of(rows()[0]), rev=0)
    assert attributes(one)["v"] == {"N": "1"}


def test_a_row_of_a_newer_shape_is_refused_and_stays_as_it_is() -> None:
    row = {**rows()[0], "v": {"N": "7"}}
    with pytest.raises(TooNew, match="AUDIT is of version 7, and this release knows 1"):
        item_of(row)


def _named(doc: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in doc.items() if name != "reason"}, "because": doc.get("reason")}


def _unnamed(doc: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in doc.items() if name != "because"}, "reason": doc["because"]}


def _counted(doc: dict[str, Any]) -> dict[str, Any]:
    return {**doc, "times": 1}


CHAIN = {"W/HOLD": (Step(_named), Step(_counted))}
READING = {"W/HOLD": (Step(_named, _unnamed),)}
DOCS = st.dictionaries(st.sampled_from(["since", "by", "reason"]), st.text(max_size=5))


@given(DOCS)
def test_an_upgrade_goes_step_by_step_and_once(doc: dict[str, Any]) -> None:
    present = upgraded("W/HOLD", 1, doc, CHAIN)
    assert present == {**_named(doc), "times": 1}
    assert upgraded("W/HOLD", 3, present, CHAIN) == present
    assert upgraded("W/HOLD", 2, _named(doc), CHAIN) == present
    assert upgraded("W/PLAN", 1, doc, CHAIN) == doc


@given(DOCS)
def test_a_release_that_only_reads_a_shape_still_writes_the_one_before(doc: dict[str, Any]) -> None:
    here = upgraded("W/HOLD", 1, doc, READING)
    assert written("W/HOLD", READING) == 1
    assert upgraded("W/HOLD", 1, lowered("W/HOLD", here, READING), READING) == here
    assert written("W/HOLD", CHAIN) == 3
    assert lowered("W/HOLD", here, CHAIN) == here


def test_steps_are_of_kinds_that_there_are_and_those_not_yet_written_come_last() -> None:
    for kind, steps in upgrades.STEPS.items():
        waiting = [step.down is not None for step in steps]
        assert waiting == sorted(waiting), kind
    assert set(upgrades.STEPS) <= kinds()


def test_a_row_reads_the_same_before_and_after_it_is_written_in_its_new_shape() -> None:
    old = next(row for row in rows() if name_of(row) == "W/HOLD")
    with patch.multiple(
        stored,
        upgraded=lambda kind, version, doc: upgraded(kind, version, doc, CHAIN),
        lowered=lambda kind, doc: lowered(kind, doc, CHAIN),
        written=lambda kind: written(kind, CHAIN),
    ):
        item = item_of(old)
        new = {**key_row(item.key), "rev": old["rev"], **attributes(item)}
        assert new["v"] == {"N": "3"}
        assert item_of(new) == item
        assert item.doc["because"] == "a crisis"


def test_a_new_kind_of_row_has_to_be_put_on_file() -> None:
    table = FakeTable(kinds())
    unknown = Item(records.schedule_key("ws_1", "sch_1")._replace(sk="MOOD#1"), {"at": "2026-11-22T09:00:00Z"})
    with pytest.raises(AssertionError, match="W/MOOD#"):
        table.write(Put(unknown, expect=0))
    assert instant(unknown.doc["at"])
    assert '"MOOD#1"' in line_of({**key_row(unknown.key), **attributes(unknown)})
