"""What a platform is: its rules as data, and its conversations; and the few words that every conversation uses."""

import hashlib
import json
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple
from urllib.parse import urlencode

from chalicelib.core.account import Account, App
from chalicelib.core.brakes import Quota
from chalicelib.core.conversation import (
    Bundle,
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
from chalicelib.core.errors import (
    AlreadyThere,
    Invalid,
    Issue,
    Limited,
    PlatformAnswer,
    ReconnectNeeded,
    RefreshNeeded,
    Rejected,
    Transient,
)
from chalicelib.core.rendition import Part, Rendition

if TYPE_CHECKING:  # the rules bring all of text with them, which not every function reads
    from chalicelib.core.post import Media
    from chalicelib.core.rules import Rules


Check = tuple[Callable[[object], bool], str]
"""Whether an option's value will do, and what it has to be."""
Meaning = Literal["retry", "limited", "refresh", "reconnect", "already_there", "rejected"]
"""What an error code of a network means for the target."""
MEANINGS: Mapping[Meaning, type[PlatformAnswer]] = {
    "retry": Transient,
    "limited": Limited,
    "refresh": RefreshNeeded,
    "reconnect": ReconnectNeeded,
    "already_there": AlreadyThere,
    "rejected": Rejected,
}


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
    publishing: ClassVar[Literal["api", "assisted", "unavailable"]] = "api"
    auth: ClassVar[Auth]
    oauth: ClassVar[OAuth | None] = None
    """How people sign in where `auth.kind` is `oauth2`."""
    tested: ClassVar[str] = ""
    """What the conversations were tried against: a real server, a specification, recorded answers."""
    errors: ClassVar[Mapping[str, Meaning]] = {}
    """What the network's own error codes mean, by code; `refusal` reads it."""
    options: ClassVar[Mapping[str, Check]] = {}
    """The platform options that a target may have."""
    removable: ClassVar[bool] = False
    """Whether `remove` works."""
    measurable: ClassVar[bool] = False
    """Whether `measure` works."""

    def account_rules(self, account: Account) -> "Rules":
        """The rules as this account's server or tier changes them."""
        return self.rules.with_limits(account.limits)

    def check_options(self, options: dict[str, object]) -> list[Issue]:
        """What is wrong with a target's platform options; paths are relative to `options`."""
        known = {name: self.options[name] for name in options if name in self.options}
        unknown = [name for name in options if name not in known]
        return [
            *(Issue("unknown_option", "error", name, f"{self.title} has no option {name!r}") for name in unknown),
            *(
                Issue("invalid_option", "error", name, f"{name} has to be {wanted}")
                for name, (good, wanted) in known.items()
                if not good(options[name])
            ),
        ]

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

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Take a published post back; only where `removable`."""
        raise NotImplementedError(f"{self.name} cannot take posts back")

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """What people did with a post, or None where it is gone; only where `measurable`."""
        raise NotImplementedError(f"{self.name} has no figures")

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """What a reply means that is no success; None where it is one."""
        return None if reply.ok else by_status(reply)

    def good(self, reply: Reply) -> dict[str, Any]:
        """What a good reply says; raises what any other means."""
        no = self.refusal(reply)
        if no:
            raise no
        return dict(reply.json)

    @abstractmethod
    def publish(self, job: Job) -> Conversation[Published]:
        """Publish every part of the rendition, in order."""

    @abstractmethod
    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Read back: the reply that creating this part would have had, or None where it is not there."""


class RulesOnly(Platform):
    """A network whose rules are written and whose conversations are not: posts can be previewed and not be sent."""

    publishing = "unavailable"
    auth = Auth("none")

    def idempotency(self, account: Account) -> Idempotency:
        """Nothing is sent, so nothing is safe to repeat."""
        return Idempotency(Safety.NONE, readable=False)

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Refused: there could be no posts on the account."""
        raise self._unavailable
        yield

    def publish(self, job: Job) -> Conversation[Published]:
        """Refused."""
        raise self._unavailable
        yield

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Refused."""
        raise self._unavailable
        yield

    @property
    def _unavailable(self) -> Rejected:
        return Rejected("publishing_unavailable", f"Carillon cannot publish on {self.title} yet; it can preview posts")


class Assisted(Platform):
    """A network without an API for posts: a person publishes what we get ready."""

    publishing = "assisted"
    auth = Auth("none", ("handle",))
    tested = "nothing is sent"
    where: ClassVar[str] = ""
    """Where its authors write, by habit."""

    def bundle(self, job: Job) -> Bundle:
        """The post, as the person needs it."""
        rendition = job.rendition
        marked = [one.value for part in rendition.parts for one in part.markup if one.type == "hashtag"]
        tags = dict.fromkeys(tag.strip("#") for tag in (*rendition.tags, *marked))
        return Bundle(
            "\n\n".join(part.wire or part.text for part in rendition.parts),
            rendition.title,
            tuple(media.url for part in rendition.parts for media in part.media),
            tuple(tags),
            rendition.card.url if rendition.card else None,
            rendition.first_comment,
            self.where,
        )

    def idempotency(self, account: Account) -> Idempotency:
        """Nothing is sent, so nothing is safe to repeat."""
        return Idempotency(Safety.NONE, readable=False)

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """There is nothing to check: an account is what a person calls it."""
        (handle,) = needed(credentials, "handle")
        return Connected(handle, handle)
        yield

    def publish(self, job: Job) -> Conversation[Published]:
        """Refused: that is for a person."""
        raise Rejected("assisted", f"{self.title} takes posts from people only: publish by hand what is got ready")
        yield

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Not possible."""
        raise NotImplementedError(f"{self.name} cannot be read")
        yield


class OneWay(Platform):
    """A group's bot: its address takes messages, and gives no ids, nothing to read, and nothing to take back."""

    envelope: ClassVar[str] = "errcode"
    """Where an answer says how it went; 0 is well."""
    message: ClassVar[str] = "errmsg"
    pause: ClassVar[timedelta] = timedelta(minutes=1)
    """How long a bot that was too fast is not heard."""

    def idempotency(self, account: Account) -> Idempotency:
        """Nobody can find out whether a message arrived but the people in the group."""
        return Idempotency(Safety.NONE, readable=False)

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the envelope's code."""
        about = said(reply)
        code, message = str(about.get(self.envelope, "")), str(about.get(self.message, ""))
        if reply.ok and code in ("", "0"):
            return None
        no = by_code(self.errors, code, message, reply)
        if isinstance(no, Limited) and no.until is None and "date" in reply.headers:
            return Limited(no.code, no.message, parsedate_to_datetime(reply.headers["date"]) + self.pause)
        return no

    def publish(self, job: Job) -> Conversation[Published]:
        """One message after the other, once all are ready. The ids are ours: the network gives none."""
        ready = yield from self.requests(job)
        for request in ready:
            self.good((yield request))[self.envelope]
        ids = tuple(job.key(number) for number in range(len(ready)))
        return Published(ids[0], None, ids)

    @abstractmethod
    def requests(self, job: Job) -> Conversation[list[Request]]:
        """Every message as the request that sends it."""

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Not possible."""
        raise NotImplementedError(f"{self.name} cannot be read")
        yield

    def probed(self, request: Request) -> Conversation[PlatformAnswer]:
        """What the address says to a message of no kind, which nobody will see: that it is wrong, if all is well."""
        with speaking(self.title):
            reply = yield request
            no = self.refusal(reply)
            if isinstance(no, Limited | Transient):
                raise no
            if isinstance(no, ReconnectNeeded):
                raise Rejected(no.code, no.message)
            reply.json[self.envelope]
            return no or Rejected("0")


def basic(user: str, password: str) -> dict[str, str]:
    """The header that carries a name and a password."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token: str) -> dict[str, str]:
    """The header that carries an access token."""
    return {"Authorization": f"Bearer {token}"}


def needed(credentials: dict[str, str], *names: str) -> list[str]:
    """These credentials in order; Invalid names all that are missing."""
    missing = [name for name in names if not credentials.get(name, "").strip()]
    if missing:
        raise Invalid([Issue("required", "error", f"credentials.{name}", f"{name} is required") for name in missing])
    return [credentials[name].strip() for name in names]


def of_length(limit: int) -> Callable[[object], bool]:
    """Whether a value is a text of so many characters at most, and not empty."""
    return lambda value: isinstance(value, str) and 0 < len(value) <= limit


def one_of(*choices: object) -> Callable[[object], bool]:
    """Whether a value is one of these; True is not taken for 1."""
    return lambda value: any(value == choice and type(value) is type(choice) for choice in choices)


def texts(value: object) -> bool:
    """Whether a value is a list of texts."""
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def fingerprint(secret: str) -> str:
    """Recognises a secret without telling it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]


def home(host: str) -> str:
    """A server's base URL from what a person typed: `mastodon.social` is `https://mastodon.social`."""
    host = host.strip().rstrip("/")
    return host if "://" in host else f"https://{host}"


def messages(rendition: Rendition) -> tuple[Part, ...]:
    """What goes out, in order, on a network where the author's first comment is one more reply."""
    comment = rendition.first_comment
    if not comment:
        return rendition.parts
    unit = rendition.parts[0].unit
    return (*rendition.parts, Part(comment, len(comment), None, unit, len(comment.encode())))


def said(reply: Reply) -> dict[str, Any]:
    """The reply's JSON object; empty where it is none, as error pages of proxies are not."""
    try:
        body = reply.json
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def as_reply(status: int, body: dict[str, Any]) -> Reply:
    """What creating would have answered, from what was read back."""
    return Reply(status, body=json.dumps(body, ensure_ascii=False).encode())


def meant(meaning: Meaning, code: str, message: str = "", until: datetime | None = None) -> PlatformAnswer:
    """The answer of this meaning."""
    return Limited(code, message, until) if meaning == "limited" else MEANINGS[meaning](code, message)


def by_status(reply: Reply, code: str = "", message: str = "") -> PlatformAnswer:
    """What a refusal means by its status alone, where the network has no word of its own for it."""
    code = code or f"http_{reply.status}"
    if reply.status == 429:
        return Limited(code, message, retry_at(reply))
    if reply.status >= 500 or reply.status == 408:
        return Transient(code, message)
    return RefreshNeeded(code, message) if reply.status == 401 else Rejected(code, message)


def by_code(errors: Mapping[str, Meaning], code: str, message: str, reply: Reply) -> PlatformAnswer:
    """What a code in a reply's envelope means; one that the table does not know is final where the status is good."""
    meaning = errors.get(code)
    if reply.status == 429 or (meaning is None and not reply.ok):
        return by_status(reply, code, message)
    return meant(meaning or "rejected", code, message, retry_at(reply))


def clock_of(url: str) -> Conversation[datetime]:
    """What time a server has: a signature wants to know, and a conversation has no clock."""
    reply = yield Request("HEAD", url)
    if reply.status == 429 or reply.status >= 500:
        raise by_status(reply)
    return parsedate_to_datetime(reply.headers["date"])


def tokens_in(reply: Reply) -> dict[str, str]:
    """The secrets in a token endpoint's answer; `expires_at` is ISO, `expires_in` after the reply's own date."""
    about = said(reply)
    if not reply.ok or "access_token" not in about:
        if reply.status >= 500 or reply.status == 429:
            raise by_status(reply)
        code = about.get("error")
        raise ReconnectNeeded(str(code or "token_refused"), str(about.get("error_description", "")))
    kept = {name: str(about[name]) for name in ("access_token", "refresh_token", "scope") if about.get(name)}
    if about.get("expires_in"):
        seconds = timedelta(seconds=int(about["expires_in"]))
        kept["expires_at"] = (parsedate_to_datetime(reply.headers["date"]) + seconds).isoformat()
    return kept


def size_of(media: "Media") -> Conversation[int]:
    """A medium's bytes, asked of its server where nobody said."""
    if media.bytes:
        return media.bytes
    reply = yield Request("HEAD", media.url, headers={"accept-encoding": "identity"})
    if reply.status == 429 or reply.status >= 500:
        raise by_status(reply)
    length = reply.headers.get("content-length", "")
    if reply.status in (408, 429) or reply.status >= 500:
        raise by_status(reply, "media_unreachable")
    if not reply.ok or not length.isdigit():
        raise Rejected("media_size_unknown", "the server of the medium does not say how large it is; give its `bytes`")
    return int(length)


def retry_at(reply: Reply) -> datetime | None:
    """When `retry-after` allows to come back: an HTTP date, or seconds after the reply's own `date`."""
    after = reply.headers.get("retry-after", "")
    try:
        if after.isdigit():
            return parsedate_to_datetime(reply.headers.get("date", "")) + timedelta(seconds=int(after))
        return parsedate_to_datetime(after)
    except ValueError:
        return None


REMAINING = ("x-rate-limit-remaining", "x-ratelimit-remaining", "ratelimit-remaining")
RESET = ("x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset")


def quota_in(reply: Reply) -> Quota | None:
    """The calls left and when they are counted anew: an epoch, an ISO time, or seconds from the reply's date."""
    remaining = next((reply.headers[name] for name in REMAINING if name in reply.headers), "")
    reset = next((reply.headers[name] for name in RESET if name in reply.headers), "")
    try:
        left = int(float(remaining))
        if not reset.replace(".", "", 1).isdigit():
            return Quota(left, datetime.fromisoformat(reset).astimezone(UTC))
        if float(reset) > 1e9:
            return Quota(left, datetime.fromtimestamp(float(reset), UTC))
        return Quota(left, parsedate_to_datetime(reply.headers.get("date", "")) + timedelta(seconds=float(reset)))
    except ValueError:
        return None


@contextmanager
def speaking(title: str) -> Iterator[None]:
    """While connecting, nonsense where an answer was expected means that another kind of server lives there.

    A token that would have to be refreshed or given again was never good here.
    """
    try:
        yield
    except (ReconnectNeeded, RefreshNeeded) as no:
        raise Rejected(no.code, no.message) from no
    except (KeyError, TypeError, ValueError) as nonsense:
        raise Rejected("wrong_server", f"the server does not answer as {title} does") from nonsense
