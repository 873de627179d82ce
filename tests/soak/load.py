"""A mixed load over HTTP: posts made, moved and called off, faulty networks, callbacks in; it knows what it asked."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
from standardwebhooks import Webhook

from tests.soak.judge import Asked, End

Json = dict[str, Any]

STORIES = {"publish": 57, "cancel": 12, "move": 12, "now": 6, "thread": 6, "alarm": 4, "refused": 3}
"""How often each happens, of a hundred."""
FAULTS = ("timeout_after_accept", "server_error_after_accept", "rate_limit", "slow")
FAULTY = 0.1
"""Of the targets that are to go out. A network that answers late is a fault like one that loses its answer."""
TWO_TARGETS = 0.4
TOLD = 0.25
"""Of the posts that are out: a tool tells of somebody who has opened it, and sometimes tells so twice."""
TOLD_TWICE = 0.3
ALARMED = (185.0, 250.0)
"""Seconds ahead: beyond the direct window, so that an alarm has to ring."""
CALLERS = 6
TIMEOUT_SECONDS = 60


class NoAnswer(Exception):
    """The service did not answer as it should; it is on the list of what was wrong."""


@dataclass(frozen=True, slots=True)
class Tower:
    """An account on the sandbox, and where a tool may call about it."""

    id: str
    remote_id: str
    callback_url: str
    secret: str


@dataclass
class Load:
    """Makes the load until its time is up, and knows what it has asked for."""

    api: httpx.Client
    towers: list[Tower]
    dice: random.Random
    asked: dict[str, Asked] = field(default_factory=dict)
    """By the id of the target."""
    opened: Counter[str] = field(default_factory=Counter)
    """How often each post was opened, as the tool has told."""
    statuses: Counter[int] = field(default_factory=Counter)
    """Of every answer; 0 where none came."""
    wrong: list[str] = field(default_factory=list)
    """What the service should not have answered."""
    stories: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """How long each answer took."""

    def __post_init__(self) -> None:
        self._steps: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._run = uuid4().hex[:6]

    def run(self, seconds: float, rate: float) -> None:
        """Begin `rate` stories a second for so long, and go on until all their steps are done."""
        begun = time.monotonic()
        ends, next_story = begun + seconds, begun
        with ThreadPoolExecutor(CALLERS) as callers:
            while (now := time.monotonic()) < ends or self._steps:
                if next_story <= min(now, ends):
                    callers.submit(self._safely, self._begin(ends - now))
                    next_story += 1 / rate
                elif self._steps and self._steps[0][0] <= now:
                    callers.submit(self._safely, heappop(self._steps)[2])
                else:
                    time.sleep(0.02)

    def call(self, method: str, path: str, *good: int, **request: Any) -> Json:
        """The body of an answer, whose status should be one of these."""
        begun = time.monotonic()
        try:
            answer = self.api.request(method, path, **request)
        except httpx.HTTPError as failure:
            self.statuses[0] += 1
            self.wrong.append(f"{method} {path}: {failure!r}")
            raise NoAnswer(path) from failure
        self.seconds.append(time.monotonic() - begun)
        self.statuses[answer.status_code] += 1
        if answer.status_code not in good:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            raise NoAnswer(path)
        body: Json = answer.json() if answer.content else {}
        return body

    def _safely(self, act: Callable[[], None]) -> None:
        try:
            act()
        except NoAnswer:
            pass  # is on the list
        except Exception as surprise:
            self.wrong.append(repr(surprise))

    def _begin(self, left: float) -> Callable[[], None]:
        """The next story; one that needs an alarm only while that rings before the end."""
        dice = random.Random(self.dice.random())
        (name,) = dice.choices(list(STORIES), list(STORIES.values()))
        name = "publish" if name == "alarm" and left < ALARMED[1] else name
        self.stories[name] += 1
        return lambda: self._story(name, dice)

    def _story(self, name: str, dice: random.Random) -> None:
        tag, now = f"{self._run}-{next(self._numbers)}", datetime.now(UTC)
        ahead = dice.uniform(*_ahead(name))
        due = _milliseconds(now + timedelta(seconds=ahead))
        towers = dice.sample(self.towers, 2 if dice.random() < TWO_TARGETS else 1)
        faults = ["reject" if name == "refused" else _fault(dice) for _ in towers]
        post = self._made(name, tag, due, towers, faults)
        for target, tower, fault in zip(post["targets"], towers, faults, strict=True):
            calm = fault is None and name != "now"
            end: End = "failed" if name == "refused" else "published"
            self.asked[target["id"]] = Asked(target["id"], tower.remote_id, tag, end, _due(target), calm)
        if name == "cancel":
            self._later(dice.uniform(1, ahead + 1), lambda: self._cancel(post))
        elif name == "move":
            self._later(dice.uniform(1, ahead - 6), lambda: self._move(post, dice.uniform(8, 30)))
        elif name in ("publish", "thread", "alarm") and dice.random() < TOLD:
            again = dice.random() < TOLD_TWICE
            self._later(ahead + 5, lambda: self._open(post, again))

    def _made(self, name: str, tag: str, due: datetime, towers: list[Tower], faults: list[str | None]) -> Json:
        said = f"{tag} rings for everybody who is near the tower."
        text = " ".join([said, *(f"Bell {number} of {tag}." for number in range(60 if name == "thread" else 1))])
        targets = [
            {"account_id": tower.id, "options": {"fault": fault} if fault else {}}
            for tower, fault in zip(towers, faults, strict=True)
        ]
        when = {"publish": "now"} if name == "now" else {"scheduled_at": due.isoformat()}
        body = {"text": text, "targets": targets, **when}
        return self.call("POST", "/v1/posts", 202, json=body, headers={"Idempotency-Key": f"soak-{tag}"})

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        heappush(self._steps, (time.monotonic() + seconds, next(self._numbers), act))

    def _cancel(self, post: Json) -> None:
        """Call it off; too late is an answer like any other, and what is said to be called off must be."""
        answer = self.call("POST", f"/v1/posts/{post['id']}/cancel", 202, 409)
        for target in answer.get("targets", []):
            if target["state"] == "cancelled":
                self.asked[target["id"]] = replace(self.asked[target["id"]], end="cancelled")

    def _move(self, post: Json, ahead: float) -> None:
        due = _milliseconds(datetime.now(UTC) + timedelta(seconds=ahead))
        answer = self.call("PATCH", f"/v1/posts/{post['id']}", 200, 409, json={"scheduled_at": due.isoformat()})
        for target in answer.get("targets", []):
            self.asked[target["id"]] = replace(self.asked[target["id"]], due=_due(target))

    def _open(self, post: Json, again: bool) -> None:
        """Have a tool tell that somebody has opened the post, where it is out."""
        targets = self.call("GET", f"/v1/posts/{post['id']}", 200)["targets"]
        for target in targets:
            if target["state"] == "published":
                tower = next(one for one in self.towers if one.id == target["account_id"])
                event = _opening(target["platform_post_id"], datetime.now(UTC))
                for _ in range(1 + again):
                    self._tell(tower, f"msg_{target['id']}", event)
                self.opened[post["id"]] += 1

    def _tell(self, tower: Tower, id: str, body: str) -> None:
        """Tell of an event, maybe again: under the same id, with the same words, signed anew.

        https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
        """
        now = datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(tower.secret).sign(id, now, body),
        }
        self.call("POST", tower.callback_url, 200, content=body, headers=headers)


def _opening(remote_post: str, at: datetime) -> str:
    """That somebody has opened a post, in a tool's words."""
    return json.dumps(
        {"type": "engagement", "timestamp": at.isoformat(), "data": {"kind": "open", "post_id": remote_post}}
    )


def _ahead(story: str) -> tuple[float, float]:
    """How many seconds ahead a story's posts are due."""
    return {"now": (0.0, 0.0), "alarm": ALARMED, "cancel": (12.0, 30.0), "move": (15.0, 30.0)}.get(story, (6.0, 20.0))


def _fault(dice: random.Random) -> str | None:
    return dice.choice(FAULTS) if dice.random() < FAULTY else None


def _due(target: Json) -> datetime:
    return datetime.fromisoformat(target["scheduled_at"])


def _milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
