"""What a platform is: its rules as data, what connecting asks for, and its conversations."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple
from urllib.parse import urlencode

from chalicelib.core.account import Account, App
from chalicelib.core.brakes import Quota
from chalicelib.core.conversation import (
    Connected,
    Conversation,
    Effect,
    Idempotency,
    Job,
    Metrics,
    Published,
    Reply,
    Request,
    Safety,
    Secret,
)
from chalicelib.core.errors import Issue, PlatformAnswer, ReconnectNeeded, Rejected
from chalicelib.core.lead import Intake
from chalicelib.core.options import Kind, faults
from chalicelib.platforms.words import Meaning, basic, by_status, listed, quota_in, tokens_in

if TYPE_CHECKING:  # the rules bring all of text with them, which not every function reads
    from chalicelib.core.engagement import Kind as Said
    from chalicelib.core.rendition import ReplyTo
    from chalicelib.core.rules import Rules


class Auth(NamedTuple):
    """What connecting an account asks a person for."""

    kind: Literal["oauth2", "app_password", "access_token", "bot_token", "webhook_url", "api_key", "none"]
    credentials: tuple[str, ...] = ()
    """The names of the credentials to give; those with a `?` behind them may be left out."""
    host: bool = False
    """Whether the account's server has to be named."""


class OAuth(NamedTuple):
    """Where people agree and where codes are traded for tokens: https://www.rfc-editor.org/rfc/rfc6749 and rfc7636."""

    authorize: str
    token: str
    scopes: tuple[str, ...]
    pkce: bool = True
    separator: str = " "
    """Between scopes."""
    id_name: str = "client_id"
    secret_name: str = "client_secret"  # noqa: S105, a name and no secret
    basic: bool = False
    """Whether the app names itself in the Authorization header, and not in the body."""
    extra: tuple[tuple[str, str], ...] = ()
    """More parameters of the address where people agree."""
    redirect_name: str = "redirect_uri"

    def url(self, app: App, state: str, challenge: str, redirect: str) -> str:
        """Where to send a person; `challenge` is the S256 of the verifier."""
        asked = {"response_type": "code", self.id_name: app.id, self.redirect_name: redirect, "state": state}
        if self.scopes:
            asked["scope"] = self.separator.join(self.scopes)
        proof = {"code_challenge": challenge, "code_challenge_method": "S256"} if self.pkce else {}
        return f"{self.authorize}?{urlencode({**asked, **proof, **dict(self.extra)})}"


class Platform(ABC):
    """One network. No I/O: conversations are generators that yield requests and are sent replies."""

    name: ClassVar[str]
    title: ClassVar[str]
    rules: "ClassVar[Rules]"
    publishing: ClassVar[Literal["api", "assisted"]] = "api"
    auth: ClassVar[Auth]
    oauth: ClassVar[OAuth | None] = None
    """How people sign in where `auth.kind` is `oauth2`."""
    tested: ClassVar[str] = ""
    """What the conversations were tried against: a real server, a specification, recorded answers."""
    errors: ClassVar[Mapping[str, Meaning]] = {}
    """What the network's own error codes mean, by code; `refusal` reads it."""
    options: ClassVar[Mapping[str, Kind]] = {}
    """The platform options that a target may have."""
    intake: ClassVar[Intake] = Intake()
    """What it takes of media before the request that makes the post: why a target begins early."""
    removable: ClassVar[bool] = False
    """Whether `remove` works."""
    measurable: ClassVar[bool] = False
    """Whether `measure` works."""
    audited: ClassVar[bool] = False
    """Whether `copies` works: the network lists enough of an account's posts to find one that is there twice."""
    subscribes: ClassVar[bool] = False
    """Whether `subscribe` works; elsewhere a person enters our address in the network's console."""
    answerable: "ClassVar[tuple[Said, ...]]" = ()
    """What people say that `answer` can answer, by kind."""
    answers_within: ClassVar[timedelta | None] = None
    """How long after somebody spoke the network takes an answer; None where it does not matter."""

    def account_rules(self, account: Account) -> "Rules":
        """The rules as this account's server or tier changes them."""
        return self.rules.with_limits(account.limits)

    def check_options(self, options: dict[str, object]) -> list[Issue]:
        """What is wrong with a target's platform options; paths are relative to `options`."""
        return faults(self.title, options, self.options)

    @abstractmethod
    def idempotency(self, account: Account) -> Idempotency:
        """How this account's server behaves when an answer is lost."""

    @abstractmethod
    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Check credentials and find out who they belong to."""

    def granted(self, app: App, code: str, verifier: str, redirect: str) -> Conversation[dict[str, str]]:
        """Trade the code that a person brought back for the secrets to keep: `access_token`, `expires_at` …"""
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
        proof = {"code_verifier": Secret(verifier)} if self.oauth and self.oauth.pkce else {}
        return (yield from self._tokens(app, {**asked, **proof}))

    def accounts(self, host: str, secrets: dict[str, str]) -> Conversation[tuple[Connected, ...]]:
        """The accounts that fresh secrets reach; several where a person runs pages or organisations."""
        found = yield from self.connect(host, secrets)
        return (found,)

    def expires_at(self, account: Account) -> datetime | None:
        """When the access token ends, to refresh it before it is needed; None where it does not or nobody knows."""
        ends = account.secrets.get("expires_at", "")
        return datetime.fromisoformat(ends) if ends else None

    def renewable(self, account: Account) -> bool:
        """Whether the account's token can be renewed without a person."""
        own_way = type(self).refresh is not Platform.refresh
        return own_way or bool(self.oauth and account.secrets.get("refresh_token"))

    def quota(self, reply: Reply) -> Quota | None:
        """What a reply says is left of the account's calls, by the headers that most networks use."""
        return quota_in(reply)

    def refresh(self, account: Account, app: App) -> Conversation[dict[str, str]]:
        """Trade the account's secrets for fresh ones; returns all secrets to keep. `app` is empty without OAuth."""
        token = account.secrets.get("refresh_token", "")
        if self.oauth is None or not token:
            raise ReconnectNeeded("not_refreshable", f"{self.title} gave nothing to refresh the token with")
        fresh = yield from self._tokens(app, {"grant_type": "refresh_token", "refresh_token": Secret(token)})
        return {**account.secrets, **fresh}

    def _tokens(self, app: App, asked: dict[str, str]) -> Conversation[dict[str, str]]:
        """One call of the token endpoint: https://www.rfc-editor.org/rfc/rfc6749#section-5 (2012-10)."""
        if self.oauth is None:
            raise Rejected("no_oauth", f"{self.title} has no OAuth")
        about, named = self.oauth, {self.oauth.id_name: app.id}
        if about.basic:
            headers = basic(app.id, app.secret)
        else:
            headers, named = {}, {**named, about.secret_name: Secret(app.secret)}
        reply = yield Request("POST", about.token, headers=headers, form={**asked, **named}, effect=Effect.PREPARE)
        return tokens_in(reply)

    def can_answer(self, account: Account, kind: "Said") -> bool:
        """Whether this account can answer what people say in this way."""
        return kind in self.answerable

    def answer_rules(self, account: Account) -> "Rules":
        """The rules of an answer on this account."""
        return self.account_rules(account).for_answers

    def addressed(self, reply_to: "ReplyTo", text: str) -> str:
        """The text as whoever is answered has to find it: where a network reaches nobody who is not named in it."""
        return text

    def answer(self, job: Job) -> Conversation[Published]:
        """Answer what the rendition replies to; only where `answerable`. The id is that of the answer."""
        raise NotImplementedError(f"{self.name} takes no answers")

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """Read back: the reply that answering would have had, or None where the answer is not there.

        Where a network has no such thing, an answer that nobody confirmed is for a person.
        """
        raise NotImplementedError(f"{self.name} cannot look its answers up")

    def behaviour(self, account: Account, answering: bool) -> Idempotency:
        """How the account's server behaves when an answer to a post, or to what `answering` sends, is lost."""
        found = self.idempotency(account)
        if answering and type(self).find_answer is Platform.find_answer:
            return replace(found, safety=Safety.NONE, readable=False)
        return found

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Take a published post back; only where `removable`."""
        raise NotImplementedError(f"{self.name} cannot take posts back")

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """What people did with a post, or None where it is gone; only where `measurable`."""
        raise NotImplementedError(f"{self.name} has no figures")

    def copies(self, job: Job) -> Conversation[list[str]]:
        """The ids of all on the account since it was due that is what the first part is; only where `audited`."""
        raise NotImplementedError(f"{self.name} cannot be audited")

    def subscribe(self, account: Account, url: str, keys: Mapping[str, str]) -> Conversation[timedelta | None]:
        """Ask the network to call us at an address; how long it will, None where that does not end."""
        raise NotImplementedError(f"{self.name} cannot be asked to call")

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """What a reply means that is no success; None where it is one."""
        return None if reply.ok else by_status(reply)

    def gone(self, reply: Reply, *codes: str) -> bool:
        """Whether a reply says, by one of these codes, that there is no such thing; raises what any other no means."""
        no = self.refusal(reply)
        if no and no.code not in codes:
            raise no
        return no is not None

    def accepted(self, reply: Reply) -> Reply:
        """A good reply; raises what any other means."""
        if no := self.refusal(reply):
            raise no
        return reply

    def good(self, reply: Reply) -> dict[str, Any]:
        """What a good reply says; raises what any other means."""
        return dict(self.accepted(reply).json)

    def rows(self, reply: Reply) -> list[Any]:
        """What a good reply lists; raises what any other means."""
        return listed(self.accepted(reply))

    @abstractmethod
    def publish(self, job: Job) -> Conversation[Published]:
        """Publish every part of the rendition, in order."""

    @abstractmethod
    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Read back: the reply that creating this part would have had, or None where it is not there."""
