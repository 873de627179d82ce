"""Five networks, one of each idempotency class, that exist in the simulation only.

Their conversations are like real ones; their spans are short, so that every one of them ends within a simulation.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

from chalicelib import platforms
from chalicelib.core.account import Account, App
from chalicelib.core.conversation import (
    Connected,
    Conversation,
    Effect,
    Idempotency,
    Job,
    Published,
    Reply,
    Request,
    Safety,
    Wait,
)
from chalicelib.core.errors import Limited, PlatformAnswer, ReconnectNeeded, RefreshNeeded, Rejected, Transient
from chalicelib.core.lead import Intake
from chalicelib.core.post import Media
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Medium, Rules, Source, Text, Thread
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import as_reply, bearer, retry_at, said
from chalicelib.service import connect, journal, records

Json = dict[str, Any]
Talk = Generator[Request, Reply, Json]
KEPT = ("id", "created_at")
FORGETS = timedelta(seconds=120)
"""How long a network keeps an upload or a container that nobody used: a film's lead is at most half of that."""


class Simulated(Platform):
    """Threads of 40 characters a part; a film; tokens that expire; and one way to be safe, or none."""

    habits: ClassVar[Idempotency]
    intake = Intake(sent=frozenset({"video"}), worked_on=frozenset({"video"}))
    auth = Auth("none")

    def __init_subclass__(cls) -> None:
        cls.rules = Rules(
            platform=cls.name,
            source=Source("tests/simulation", "2026-11-22"),
            text=Text(unit="graphemes", limit=40),
            thread=Thread(mode="reply"),
            video=Medium(count=1),
        )

    def idempotency(self, account: Account) -> Idempotency:
        """As declared."""
        return self.habits

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """A new account."""
        reply = yield Request("POST", f"https://{self.name}/accounts", json=dict(credentials), effect=Effect.PREPARE)
        made = _checked(reply)
        return Connected(made["id"], made["id"], f"https://{self.name}", made["secrets"])

    def expires_at(self, account: Account) -> datetime | None:
        """Where the network says so."""
        ends = account.secrets.get("ends")
        return datetime.fromisoformat(ends) if ends else None

    def refresh(self, account: Account, app: App) -> Conversation[dict[str, str]]:
        """New tokens for the refresh token."""
        asked = {"account": account.remote_id, "refresh": account.secrets["refresh"]}
        reply = yield Request("POST", f"{account.host}/tokens", json=asked)
        try:
            return dict(_checked(reply)["secrets"])
        except (RefreshNeeded, Rejected) as no:
            raise ReconnectNeeded(no.code, no.message) from no

    def publish(self, job: Job) -> Conversation[Published]:
        """The films, and then one part after the other, each a reply to the one before."""
        parts, done = job.rendition.parts, list[Json]()
        films: list[str | None] = []
        for number, part in enumerate(parts):
            films += [(yield from self._uploaded(job, number, part.media[0])) if part.media else None]
        for number, part in enumerate(parts):
            done += [(yield from self._created(job, number, part, films[number], done[-1]["id"] if done else None))]
        made = datetime.fromisoformat(done[0]["created_at"])
        return Published(done[0]["id"], f"{job.account.host}/{done[0]['id']}", tuple(one["id"] for one in done), made)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """By the reference that every part carries."""
        params = {"account": job.account.remote_id, "reference": job.key(part)}
        reply = yield Request("GET", f"{job.account.host}/posts", headers=_auth(job), params=params)
        found = _checked(reply)["data"]
        return as_reply(201, {name: found[0][name] for name in KEPT}) if found else None

    def _uploaded(self, job: Job, number: int, film: Media) -> Generator[Any, Any, str]:
        """The id of an upload, which is begun without a word about which film it is for, as on many networks."""
        url, about = f"{job.account.host}/uploads", {"account": job.account.remote_id}
        begin = Request("POST", url, headers=_auth(job), json=about, effect=Effect.PREPARE, part=number, keep=("id",))
        made = str(_checked((yield begin))["id"])
        _checked(
            (
                yield Request(
                    "PUT",
                    f"{url}/{made}",
                    headers=_auth(job),
                    params=about,
                    media=film,
                    effect=Effect.PREPARE,
                    part=number,
                    timeout=30.0,
                )
            )
        )
        return made

    def _created(
        self, job: Job, number: int, part: Part, film: str | None, parent: str | None
    ) -> Generator[Any, Any, Json]:
        message = {
            "account": job.account.remote_id,
            "target": job.target_id,
            "reference": job.key(number),
            "part": number,
            "text": part.text,
            "parent": parent,
            "film": film,
        }
        more = yield from self._prepared(job, number)
        reply = yield Request(
            "POST",
            f"{job.account.host}/posts",
            headers=_auth(job),
            json={**message, **more},
            effect=Effect.CREATE,
            part=number,
            key=job.key(number),
            keep=KEPT,
        )
        return _checked(reply)

    def _prepared(self, job: Job, number: int) -> Generator[Any, Any, Json]:
        """What has to be got ready before a part can be made."""
        return {}
        yield


class Key(Simulated):
    """The server notes a key once the request is done, and honours it for five minutes."""

    name = "sim_key"
    title = "Key"
    habits = Idempotency(
        Safety.KEY,
        key_lifetime=timedelta(seconds=300),
        late_acceptance=timedelta(seconds=40),
        readback_lag=timedelta(seconds=5),
        prepared_lifetime=FORGETS,
    )


class ContentKey(Simulated):
    """The client chooses the id: the same again is the same post."""

    name = "sim_content_key"
    title = "Content key"
    habits = Idempotency(
        Safety.CONTENT_KEY,
        late_acceptance=timedelta(seconds=40),
        readback_lag=timedelta(seconds=1),
        prepared_lifetime=FORGETS,
    )


class Container(Simulated):
    """A container is prepared, processed for a while, and can be published once; unused it is kept for two minutes."""

    name = "sim_container"
    title = "Container"
    habits = Idempotency(
        Safety.CONTAINER,
        late_acceptance=timedelta(seconds=40),
        readback_lag=timedelta(seconds=5),
        prepared_lifetime=FORGETS,
    )

    def _prepared(self, job: Job, number: int) -> Generator[Any, Any, Json]:
        where = f"{job.account.host}/containers"
        asked = {"account": job.account.remote_id, "reference": job.key(number)}
        reply = yield Request(
            "POST", where, headers=_auth(job), json=asked, effect=Effect.PREPARE, part=number, keep=("id",)
        )
        made = _checked(reply)["id"]
        while True:
            reply = yield Request("GET", where, headers=_auth(job), params={"id": made})
            if _checked(reply)["ready"]:
                return {"container": made}
            yield Wait(timedelta(seconds=3))


class Readback(Simulated):
    """Nothing makes a repeat safe; what is there can be read."""

    name = "sim_readback"
    title = "Read-back"
    habits = Idempotency(
        Safety.READBACK,
        late_acceptance=timedelta(seconds=40),
        readback_lag=timedelta(seconds=5),
        prepared_lifetime=FORGETS,
    )


class Nothing(Simulated):
    """Neither key nor read-back: after a lost answer a person has to look."""

    name = "sim_none"
    title = "Nothing"
    habits = Idempotency(Safety.NONE, late_acceptance=timedelta(seconds=40), readable=False, prepared_lifetime=FORGETS)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Nobody may ask."""
        raise NotImplementedError("this network cannot be read")


NETWORKS: tuple[type[Simulated], ...] = (Key, ContentKey, Container, Readback, Nothing)
CLASSES = {one.name: one for one in NETWORKS}


@contextmanager
def registered() -> Iterator[None]:
    """While the product knows these networks beside its own; and has two shards, which do what its sixteen do.

    It looks at its folder of networks once, not in every run.
    """
    folder = str(Path(__file__).parent / "registered")
    platforms.__path__.append(folder)
    two: Json = {
        "SHARDS": 2,
        "SHARD_NAMES": records.SHARD_NAMES[:2],
        "BEHIND_SHARD_NAMES": records.BEHIND_SHARD_NAMES[:2],
        "DELIVERY_SHARD_NAMES": records.DELIVERY_SHARD_NAMES[:2],
    }
    try:
        # A line for each end would be all that one could see of the runs.
        quiet = patch.multiple(journal, measured=lambda *_: None, line=lambda *_, **__: None)
        with patch.multiple(records, **two), patch.object(connect, "names", cache(platforms.names)), quiet:
            yield
    finally:
        platforms.__path__.remove(folder)
        platforms.platform.cache_clear()


def _auth(job: Job) -> dict[str, str]:
    return bearer(job.account.secrets["access"])


def _checked(reply: Reply) -> Json:
    if not reply.ok:
        raise _refusal(reply)
    return dict(reply.json)


def _refusal(reply: Reply) -> PlatformAnswer:
    code = str(said(reply).get("code", f"http_{reply.status}"))
    if reply.status >= 500:
        return Transient(code)
    if reply.status == 429:
        return Limited(code, "", retry_at(reply))
    return RefreshNeeded(code) if reply.status == 401 else Rejected(code)
