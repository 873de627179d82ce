"""The other side: one model of a social network that is right about what is there, and unreliable about saying so."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import IO, Any
from urllib.parse import urlsplit

from chalicelib.core.conversation import Effect, Idempotency, Reply, Request, Safety
from chalicelib.core.errors import MaybeSent, NotSent
from tests.simulation.fate import CREATE, READ, REFRESH
from tests.simulation.networks import CLASSES, FORGETS
from tests.simulation.unreliable import Line

Json = dict[str, Any]
PROCESSING = timedelta(seconds=2)
"""How long a container is worked on."""
SPARE = timedelta(seconds=90)
"""How much longer than declared a network keeps an upload or a container."""


@dataclass
class Live:
    """A post that people can see."""

    id: str
    account: str
    target: str
    part: int
    text: str
    parent: str | None
    reference: str
    at: datetime
    film: str | None = None
    """The address of the film that people see."""


@dataclass
class Owner:
    """An account on the network: whose it is, and the tokens that are good."""

    workspace: str
    access: str
    refresh: str
    old_refresh: str = ""
    ends: datetime | None = None
    made: int = 0


@dataclass
class Asked:
    """A creating request as it arrived."""

    request: Request
    at: datetime
    network: str

    @property
    def body(self) -> Json:
        return dict(self.request.json)


@dataclass
class Network:
    """All five networks, behind the `Web` port."""

    line: Line
    limits_in_html: bool = False
    token_life: timedelta | None = None
    says_expiry: bool = False
    owners: dict[str, Owner] = field(default_factory=dict)
    posts: list[Live] = field(default_factory=list)
    keys: dict[str, tuple[datetime, Live]] = field(default_factory=dict)
    containers: dict[str, tuple[datetime, str | None]] = field(default_factory=dict)
    uploads: dict[str, tuple[datetime, str | None]] = field(default_factory=dict)
    """When each was begun, and the address of the film that it holds."""
    sending: float = 6.0
    """Seconds that a film is on its way."""
    pending: int = 0
    refused: set[str] = field(default_factory=set)
    """Targets that were told a final no."""
    disowned: set[str] = field(default_factory=set)
    """Accounts that were refused a new token."""
    on_arrival: list[Callable[[Asked], None]] = field(default_factory=list)
    on_live: list[Callable[[Live], None]] = field(default_factory=list)
    on_refresh: list[Callable[[Request], None]] = field(default_factory=list)
    outcomes: "Counter[str]" = field(default_factory=Counter)

    @property
    def now(self) -> datetime:
        """The networks' clock is ours."""
        return self.line.kernel.now

    def warm(self) -> None:
        """The `Web` port: getting ready takes time, too."""
        self.line.travel("web.warm", "after")

    def objection(self, url: str) -> str | None:
        """The `Web` port: every address will do."""

    def download(self, url: str, into: IO[bytes], seconds: float) -> None:
        """The `Web` port: nobody publishes media here."""
        raise NotImplementedError

    def send(self, request: Request) -> Reply:
        """The `Web` port."""
        kind = self._kind(request)
        options = {"create": CREATE, "refresh": REFRESH}.get(kind, READ)
        # Between the last look at its clock and the first byte a worker dawdles for milliseconds; see the model.
        self.line.travel(f"web.{kind}", "before", freezes=kind != "create")
        outcome = self.line.fate.pick(f"web.{kind}", options)
        path = urlsplit(request.url)
        self.line.kernel.note(f"{request.method} {path.hostname}{path.path} {self._about(request)} → {outcome}")
        self.outcomes[f"{kind}.{outcome}"] += 1
        if outcome == "not_sent":
            raise NotSent("connection refused")
        if request.media:
            self.line.kernel.pause(self.sending)
        reply = self._outcome(request, path.hostname or "", kind, outcome)
        self.line.travel(f"web.{kind}", "after")
        if reply is None:
            raise MaybeSent("no answer")
        return reply

    def _about(self, request: Request) -> str:
        said = request.json if isinstance(request.json, dict) else request.params
        return f"{said.get('target', '')[-4:]}#{said['part']}" if "part" in said else ""

    def _kind(self, request: Request) -> str:
        if request.effect is not Effect.READ:
            return request.effect.value
        return "refresh" if request.url.endswith("/tokens") else "read"

    def _outcome(self, request: Request, network: str, kind: str, outcome: str) -> Reply | None:
        """The reply, or None after a time-out; what is applied is applied on the way."""
        if kind == "create":
            arrived = Asked(request, self.now, network)
            for watch in self.on_arrival:
                watch(arrived)
        refusal = self._refusal(outcome, request)
        if refusal:
            return refusal
        word, _, fate = outcome.partition("_")
        if word in ("ok", "expired"):
            return self._applied(request, network, kind)
        if fate == "applied":
            self._applied(request, network, kind)
        bound = self._habits(network).late_acceptance
        if word == "timeout":
            self.line.kernel.pause(request.timeout)
        if fate == "late":
            self._later(request, network, self.line.fate.between(0.5, bound.total_seconds()))
        if word == "error":
            return Reply(int(self.line.fate.pick("deliver.status", ("503", "500", "502", "504"))), {}, b"<html>oops")
        return Reply(200, {}, b"<html>welcome") if word == "nonsense" else None

    def _refusal(self, outcome: str, request: Request) -> Reply | None:
        if outcome == "limited":
            seconds = round(self.line.fate.between(1, 15))
            headers = {"retry-after": str(seconds), "date": format_datetime(self.now, usegmt=True)}
            body = b"<html>slow down" if self.limits_in_html else b'{"code": "rate_limited"}'
            return Reply(429, headers, body)
        if outcome == "expired":
            owner = self._owner(request)
            if owner:
                owner.access = f"gone {owner.access}"
        if outcome == "refused":
            self.refused.add(request.json["target"])
            return _reply(422, {"code": "refused"})
        return None

    def _owner(self, request: Request) -> Owner | None:
        said = request.json if isinstance(request.json, dict) else request.params
        return self.owners.get(str(said.get("account")))

    def _habits(self, network: str) -> Idempotency:
        return CLASSES[network].habits

    def _later(self, request: Request, network: str, seconds: float) -> None:
        """Applied after we stopped waiting. A key is looked up when the request arrives, not when it is done."""
        if self._habits(network).safety is Safety.KEY and self._known(request, network):
            return
        self.pending += 1

        def apply() -> None:
            self.pending -= 1
            self._create(request, network, late=True)

        self.line.kernel.at(self.now + timedelta(seconds=seconds), apply)

    def _applied(self, request: Request, network: str, kind: str) -> Reply:
        path = urlsplit(request.url).path
        if path == "/accounts":
            return self._opened(request)
        if path == "/tokens":
            return self._refreshed(request)
        if not self._is_good(request):
            return _reply(401, {"code": "expired"})
        if path == "/containers":
            return self._container(request)
        if path.startswith("/uploads"):
            return self._upload(request, path.removeprefix("/uploads").removeprefix("/"))
        return self._create(request, network) if kind == "create" else self._read(request, network)

    def _is_good(self, request: Request) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        said = request.json if isinstance(request.json, dict) else request.params
        if "account" not in said:
            return True
        owner = self.owners[said["account"]]
        return token == owner.access and not (owner.ends and self.now >= owner.ends)

    def _opened(self, request: Request) -> Reply:
        account = f"acct{len(self.owners)}"
        self.owners[account] = Owner(request.json["workspace"], "", "")
        return _reply(201, {"id": account, "secrets": self._tokens(account)})

    def _tokens(self, account: str) -> Json:
        owner = self.owners[account]
        owner.made += 1
        owner.ends = self.now + self.token_life if self.token_life else None
        owner.access, owner.old_refresh = f"{owner.workspace}/{account}/a{owner.made}", owner.refresh
        owner.refresh = f"{owner.workspace}/{account}/r{owner.made}"
        ends = {"ends": owner.ends.isoformat()} if owner.ends and self.says_expiry else {}
        return {"access": owner.access, "refresh": owner.refresh, **ends}

    def _refreshed(self, request: Request) -> Reply:
        """New tokens. The refresh token before the last is still taken, as many networks do for a lost answer."""
        owner = self.owners[request.json["account"]]
        for watch in self.on_refresh:
            watch(request)
        if request.json["refresh"] not in (owner.refresh, owner.old_refresh):
            self.disowned.add(request.json["account"])
            return _reply(400, {"code": "refresh_token_used"})
        return _reply(200, {"secrets": self._tokens(request.json["account"])})

    def _container(self, request: Request) -> Reply:
        if request.effect is Effect.PREPARE:
            made = f"c{len(self.containers)}"
            self.containers[made] = (self.now, None)
            return _reply(201, {"id": made})
        made_at = self.containers[request.params["id"]][0]
        return _reply(200, {"ready": self.now >= made_at + PROCESSING})

    def _upload(self, request: Request, made: str) -> Reply:
        """Begin an upload, or fill it, with one film only."""
        if not made:
            made = f"u{len(self.uploads)}"
            self.uploads[made] = (self.now, None)
            return _reply(201, {"id": made})
        begun, held = self.uploads[made]
        film = request.media.url if request.media else None
        if held not in (None, film):
            return _reply(400, {"code": "holds_another_film"})
        self.uploads[made] = (begun, film)
        return _reply(200, {"id": made})

    def _read(self, request: Request, network: str) -> Reply:
        lag = self.line.fate.between(0, self._habits(network).readback_lag.total_seconds())
        seen = [one for one in self.posts if (self.now - one.at).total_seconds() >= lag]
        found = [one for one in seen if one.reference == request.params["reference"]]
        return _reply(200, {"data": [_shown(one) for one in found]})

    def _known(self, request: Request, network: str) -> Live | None:
        at, live = self.keys.get(f"{network} {request.key}", (self.now, None))
        return live if self.now < at + self._habits(network).key_lifetime else None

    def _create(self, request: Request, network: str, *, late: bool = False) -> Reply:
        """Make the post, as this network's class would: once only, again, or not at all."""
        safety = self._habits(network).safety
        if safety is Safety.KEY and not late and (known := self._known(request, network)):
            return _reply(200, _shown(known))
        if safety is Safety.CONTENT_KEY:
            for one in self.posts:
                if one.reference == request.key:
                    one.text = request.json["text"]
                    return _reply(200, _shown(one))
        if no := self._film_is_missing(request):
            return no
        if safety is Safety.CONTAINER and (no := self._used_up(request)):
            return no
        live = self._live(request)
        self.keys[f"{network} {request.key}"] = (self.now, live)
        return _reply(201, _shown(live))

    def _film_is_missing(self, request: Request) -> Reply | None:
        if request.json["film"] is None:
            return None
        begun, film = self.uploads[request.json["film"]]
        if film and self.now <= begun + FORGETS + SPARE:
            return None
        return _reply(400, {"code": "upload_gone" if film else "upload_empty"})

    def _used_up(self, request: Request) -> Reply | None:
        container = request.json["container"]
        made_at, used = self.containers[container]
        if used:
            return _reply(400, {"code": "already_published"})
        if self.now > made_at + FORGETS + SPARE:
            return _reply(400, {"code": "container_expired"})
        self.containers[container] = (made_at, "used")
        return None

    def _live(self, request: Request) -> Live:
        said = request.json
        live = Live(
            f"p{len(self.posts)}",
            said["account"],
            said["target"],
            said["part"],
            said["text"],
            said["parent"],
            said["reference"],
            self.now,
            self.uploads[said["film"]][1] if said["film"] else None,
        )
        self.posts.append(live)
        self.line.kernel.note(f"LIVE {live.id}: {live.target[-4:]}#{live.part}")
        for watch in self.on_live:
            watch(live)
        return live


def _shown(live: Live) -> Json:
    return {"id": live.id, "created_at": live.at.isoformat(), "text": live.text}


def _reply(status: int, body: Json) -> Reply:
    return Reply(status, {}, json.dumps(body).encode())
