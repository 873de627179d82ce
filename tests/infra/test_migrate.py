"""Rows of old shapes are rewritten, page by page, and nobody's write is ever lost."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.aws.dynamodb import DynamoTable
from chalicelib.aws.rows import item_of
from chalicelib.core.errors import TooNew
from chalicelib.ports import Put
from infra import migrate
from infra.migrate import Migration
from tests.ports.conftest import new_table
from tests.rows import rows

__all__ = ["new_table"]

FEW = [row for row in rows() if row["SK"]["S"].partition("#")[0] in ("HOLD", "POST", "TARGET", "RENDITION")]
OLD = len(FEW)


class Old:
    """A table full of rows as the first release wrote them."""

    def __init__(self, progress: Path, new_table: Callable[[Any], DynamoTable]) -> None:
        self.dynamodb: Any = boto3.client("dynamodb")
        self.table: DynamoTable = new_table(self.dynamodb)
        self.progress = progress
        for row in FEW:
            self.dynamodb.put_item(TableName=self.table._name, Item=row)

    def migration(self) -> Migration:
        return Migration(self.dynamodb, self.table._name, self.progress, sleep=lambda _: None)

    @property
    def stored(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.dynamodb.scan(TableName=self.table._name)["Items"]
        return found


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_table: Callable[[Any], DynamoTable]) -> Iterator[Old]:
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-central-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setattr(migrate, "PAGE", 3)
    with mock_aws():
        yield Old(tmp_path / "progress.json", new_table)


def test_a_dry_run_counts_by_kind_and_changes_nothing(old: Old) -> None:
    before, migration = old.stored, old.migration()
    migration.count()
    assert migration.counts["old P/TARGET# 1"] == 2
    assert migration.counts.total() == OLD
    assert old.stored == before
    assert not old.progress.exists()


def test_every_row_is_rewritten_once_and_says_what_it_said(old: Old) -> None:
    before = {item_of(row).key: item_of(row) for row in old.stored}
    first, second = old.migration(), old.migration()
    first.run()
    assert first.counts["rewritten"] == OLD
    assert {item_of(row).key: item_of(row) for row in old.stored} == before
    assert all(row["v"] == {"N": "1"} for row in old.stored)
    second.run()
    assert second.counts == {"present": OLD}


def test_who_has_read_a_row_may_still_write_it_and_what_is_written_meanwhile_stays(old: Old) -> None:
    item = item_of(next(row for row in FEW if row["SK"]["S"] == "HOLD"))
    migration = old.migration()
    migration.run()
    old.table.write(Put(item, expect=item.rev))
    stale = old.migration()
    stale._rewrite(next(row for row in FEW if row["SK"]["S"] == "HOLD"))
    assert stale.counts == {"overtaken": 1}


def test_a_walk_that_broke_off_goes_on_where_it_was(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    first, rewritten = old.migration(), 0

    def breaks(row: Any) -> None:
        nonlocal rewritten
        rewritten += 1
        if rewritten > 5:
            raise ConnectionError

    monkeypatch.setattr(first, "_rewrite", breaks)
    with pytest.raises(ConnectionError):
        first.run()
    second = old.migration()
    second.run()
    assert second.counts.total() - second.counts["rewritten"] == OLD - 3
    assert not old.progress.exists()


def test_it_keeps_to_its_pace(old: Old) -> None:
    naps: list[float] = []
    Migration(old.dynamodb, old.table._name, old.progress, rate=50, sleep=naps.append).run()
    assert naps == [0.02] * OLD


def test_a_release_that_is_too_old_leaves_newer_rows_alone(old: Old) -> None:
    old.dynamodb.put_item(TableName=old.table._name, Item={**FEW[0], "v": {"N": "9"}})
    with pytest.raises(TooNew):
        old.migration().run()
