"""`python -m infra.migrate [--stage prod] [--dry-run]`: rewrite rows of old shapes in the present one.

Nothing needs it to run: whoever reads an old row upgrades it. It is for what nobody reads or writes, so that an old
step can be taken out of `chalicelib.core.upgrades` one day. It may run beside the service: a row is rewritten only if
nobody wrote it since it was read, and whoever read it before may still write it after. It goes page by page, at a
steady pace, remembers where it was, and goes on from there when it is run again.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.clients import code
from chalicelib.aws.rows import Row, attributes, item_of, version_of
from chalicelib.core.errors import TooNew
from chalicelib.core.upgrades import kind_of, written
from infra.redrive import NoService, stack_of

HOME = Path(__file__).resolve().parent.parent / ".local"
PAGE = 100
RATE = 100.0
"""Rows a second that are rewritten at most: each costs as much as any other write."""


class Migration:
    """One walk through a table."""

    def __init__(
        self,
        dynamodb: Any,
        table: str,
        progress: Path,
        *,
        rate: float = RATE,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._progress = progress
        self._pause = 1 / rate
        self._sleep = sleep
        self.counts: Counter[str] = Counter()
        """Rows by what became of them: `present`, `rewritten`, `overtaken` by somebody who wrote them meanwhile, and
        `old`, by kind, before."""

    def count(self) -> None:
        """Say what there is to do, and do nothing."""
        for page, _ in self._pages(None):
            for row in page:
                self._noted(row)

    def run(self) -> None:
        """Rewrite what is old, from where the last run broke off."""
        start = json.loads(self._progress.read_text()) if self._progress.exists() else None
        for page, after in self._pages(start):
            for row in page:
                if self._noted(row):
                    self._rewrite(row)
                    self._sleep(self._pause)
            if after:
                self._remember(after)
        self._progress.unlink(missing_ok=True)

    def _pages(self, start: Row | None) -> Iterator[tuple[list[Row], Row | None]]:
        """Pages of the table, and where the next one begins."""
        while True:
            more = {"ExclusiveStartKey": start} if start else {}
            page = self._dynamodb.scan(TableName=self._table, Limit=PAGE, ConsistentRead=True, **more)
            start = page.get("LastEvaluatedKey")
            yield page["Items"], start
            if start is None:
                return

    def _remember(self, start: Row) -> None:
        self._progress.parent.mkdir(exist_ok=True, parents=True)
        self._progress.write_text(json.dumps(start))

    def _noted(self, row: Row) -> bool:
        """Whether the row is of an old shape, or says nothing of its shape."""
        kind = kind_of(row["PK"]["S"], row["SK"]["S"])
        version = version_of(row)
        if version > written(kind):
            raise TooNew(f"a row {kind} is of version {version}: this release is too old to migrate it")
        old = version < written(kind) or "v" not in row
        self.counts[f"old {kind} {version}" if old else "present"] += 1
        return old

    def _rewrite(self, row: Row) -> None:
        """Write the document anew where nobody did meanwhile. `rev` stays: whoever read the row may still write it."""
        new = attributes(item_of(row))
        kept, gone = ("doc", "zdoc") if "doc" in new else ("zdoc", "doc")
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"PK": row["PK"], "SK": row["SK"]},
                UpdateExpression=f"SET {kept} = :doc, v = :v REMOVE {gone}",
                ConditionExpression="rev = :rev",
                ExpressionAttributeValues={":doc": new[kept], ":v": new["v"], ":rev": row["rev"]},
            )
        except ClientError as refusal:
            if code(refusal) != "ConditionalCheckFailedException":
                raise
            self.counts["overtaken"] += 1
        else:
            self.counts["rewritten"] += 1


def main(words: list[str] | None = None, say: Callable[[str], object] = print) -> None:
    """Carry out one command."""
    parser = argparse.ArgumentParser(prog="infra.migrate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stage", help="names the stack in AWS: carillon-<stage>; without it, the local service")
    parser.add_argument("--dry-run", action="store_true", help="count what is old, and change nothing")
    parser.add_argument("--rate", type=float, default=RATE, help=f"rows a second at most; {RATE:.0f} unless told")
    asked = parser.parse_args(words)
    try:
        stack = stack_of(asked.stage)
        table = stack.outputs()["TableName"]
        migration = Migration(stack.client("dynamodb"), table, HOME / f"migrate-{table}.json", rate=asked.rate)
        migration.count() if asked.dry_run else migration.run()
    except (NoService, TooNew, ClientError, BotoCoreError) as failure:
        sys.exit(str(failure))
    for what, count in sorted(migration.counts.items()):
        say(f"{count:>9} {what}")


if __name__ == "__main__":
    main()
