"""An account that people do something with: what networks tell of it goes the way that every callback goes."""

import json
import zlib
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.account import Account
from chalicelib.core.engagement import Seen
from chalicelib.core.timing import stamp
from chalicelib.ports import Heard, Item, Key, Put
from chalicelib.service import engaged, records
from chalicelib.service.ingest import ingest
from chalicelib.service.sheet import Event
from tests.fakes import START, FakeWorld, world

WORKSPACE, ACCOUNT = "ws_one", "acc_tower"


def connected(fakes: FakeWorld, id: str = ACCOUNT, platform: str = "mastodon", remote_id: str = "brand") -> Account:
    """A connected account, without the talk of connecting it."""
    account = Account(id, WORKSPACE, platform, "Tower", remote_id=remote_id)
    doc = {**records.to_doc(account), "sealed": ""}
    fakes.table.write(Put(Item(Key(records.workspace_pk(WORKSPACE), f"ACCOUNT#{id}"), doc), expect=0))
    return account


@dataclass
class Ear:
    """One account in a world, its ear to the networks."""

    world: FakeWorld = field(default_factory=world)
    account: Account = field(init=False)
    heard: int = 0

    def __post_init__(self) -> None:
        self.account = connected(self.world)

    def message(self, kind: str, at: datetime, id: str = "", account_id: str = ACCOUNT, **data: Any) -> Heard:
        """A callback of somebody's own tool; `post_id`, `actor`, `value`, `total`, `text` … as in its body."""
        self.heard += 1
        body = {"type": "engagement", "timestamp": at.isoformat(), "data": {"kind": kind, **data}}
        headers = json.dumps({"webhook-id": id or f"msg_{self.heard}"})
        return self.packed("standard", body, headers, account_id)

    def packed(self, network: str, body: Any, headers: str = "{}", account_id: str = ACCOUNT) -> Heard:
        """Any callback, as it lies in the queue."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        packed = b64encode(zlib.compress(raw)).decode()
        return Heard(WORKSPACE, account_id, network, stamp(self.world.clock.now()), headers, packed)

    def hear(self, *messages: Heard) -> list[str]:
        """Have a batch read; the numbers of the messages that have to come again."""
        return ingest(self.world, {str(number): one for number, one in enumerate(messages)})

    def tell(self, kind: str, at: datetime | None = None, **data: Any) -> None:
        """Have one thing counted."""
        assert self.hear(self.message(kind, at or self.world.clock.now(), **data)) == []

    def rows(self, prefix: str, account_id: str = ACCOUNT) -> list[Item]:
        """The account's rows of a kind."""
        return self.world.table.items(engaged.pk(WORKSPACE, account_id), prefix)

    def counted(self) -> dict[str, Any]:
        """Everything that was counted, as it does not depend on the order in which it came."""
        logs = [(item.key.sk, engaged.log_of(item)) for item in self.rows("MINUTE#") + self.rows("UNDATED#")]
        return {
            "posts": {item.key.sk: item.doc for item in self.rows("POST#")},
            "days": {item.key.sk: item.doc["hours"] for item in self.rows("DAY#") if item.doc["hours"]},
            "log": {place: sorted(log.events, key=lambda one: (one.at, one.raw_id)) for place, log in logs},
            "known": {place: log.known for place, log in logs},
        }

    def value(self, post: str, name: str) -> int | None:
        """A figure of a post."""
        item = self.world.table.get(engaged.post_key(WORKSPACE, ACCOUNT, post))
        figures = engaged.post_of(item).counters.figures if item else {}
        return figures[name].value if name in figures else None

    def grown(self) -> dict[str, int]:
        """What the account's figures grew by in all its days."""
        sums: dict[str, int] = {}
        for item in self.rows("DAY#"):
            for figures in item.doc["hours"].values():
                for name, grown in figures.items():
                    sums[name] = sums.get(name, 0) + grown
        return sums

    def work_off(self, most: int = 100) -> int:
        """Let the queue of engagement run, in time; how many messages it brought."""
        done = 0
        while self.world.heard.next_at and done < most:
            self.world.clock.sleep_until(self.world.heard.next_at)
            messages = self.world.heard.receive()
            assert self.hear(*messages) == []
            done += len(messages)
        return done


def event(kind: Any, at: datetime, number: int, post: str | None = "post-1", **more: Any) -> Event:
    """An event as `count` takes it."""
    came = at + timedelta(seconds=1)
    return Event(f"m{number}", "callback", came, Seen(kind, f"e{number}", at, post, f"actor-{number}", **more))


def seconds(numbers: Iterable[int]) -> list[datetime]:
    """Instants that many seconds after nine o'clock."""
    return [START + timedelta(seconds=number) for number in numbers]
