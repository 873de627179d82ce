"""The few words that every conversation uses: credentials and their headers, what goes out, what a reply means."""

import hashlib
import json
import unicodedata
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.core.brakes import Quota
from chalicelib.core.conversation import Conversation, Reply, Request
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

if TYPE_CHECKING:
    from chalicelib.core.post import Media

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


def given(credentials: Mapping[str, str], *names: str) -> dict[str, str]:
    """Those of the credentials that were given."""
    return {name: credentials[name] for name in names if credentials.get(name)}


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


def comparable(text: str | None) -> str:
    """Text without what servers change: white space and composed characters."""
    return " ".join(unicodedata.normalize("NFC", text or "").split())


def filled(body: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to say: a field that is left out and one that is null are not the same to every network."""
    return {name: value for name, value in body.items() if value is not None}


def said(reply: Reply) -> dict[str, Any]:
    """The reply's JSON object; empty where it is none, as error pages of proxies are not."""
    try:
        body = reply.json
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def listed(reply: Reply) -> list[Any]:
    """The reply's JSON list; ValueError where it is none: an empty object does not say that there is nothing."""
    body = reply.json
    if not isinstance(body, list):
        raise ValueError("no list where one was due")
    return body


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


def in_envelope(errors: Mapping[str, Meaning], reply: Reply, code: str, message: str) -> PlatformAnswer | None:
    """What an answer means that says itself how it went, in the fields of these names; 0 or nothing is well."""
    about = said(reply)
    found = str(about.get(code, ""))
    if reply.ok and found in ("", "0"):
        return None
    return by_code(errors, found, str(about.get(message, "")), reply)


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
        if not about:  # some proxy's page: only the network itself can say that a token is no longer good
            raise Transient("no_tokens", "the answer holds neither tokens nor a word about them")
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
    if reply.status in (408, 429) or reply.status >= 500:
        raise by_status(reply, "media_unreachable")
    length = reply.headers.get("content-length", "")
    if not reply.ok or not length.isdigit():
        raise Rejected("media_size_unknown", "the server of the medium does not say how large it is; give its `bytes`")
    return int(length)


def pieces(size: int, each: int) -> list[tuple[int, int]]:
    """The spans, first byte and end, of something of so many bytes that goes up in pieces of `each`."""
    return [(first, min(first + each, size)) for first in range(0, size, each)]


def answered_at(reply: Reply) -> datetime | None:
    """When the server answered, by its own clock; None where it does not say."""
    date = reply.headers.get("date")
    return parsedate_to_datetime(date) if date else None


def retry_at(reply: Reply) -> datetime | None:
    """When `retry-after` allows to come back: an HTTP date, or seconds after the reply's own `date`."""
    after = reply.headers.get("retry-after", "")
    try:
        if after.isdigit():
            return parsedate_to_datetime(reply.headers.get("date", "")) + timedelta(seconds=int(after))
        return parsedate_to_datetime(after)
    except ValueError:
        return None


TOKENS = ("access_token", "refresh_token", "expires_at", "scope")
"""What is kept of an OAuth sign-in: https://www.rfc-editor.org/rfc/rfc6749#section-5.1."""
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
