"""What people do with posts and accounts: as a network tells it, and as we keep it."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

Kind = Literal[
    "like",
    "repost",
    "quote",
    "reply",
    "comment",
    "mention",
    "message",
    "click",
    "view",
    "follow",
    "unfollow",
    "save",
    "poll_vote",
    "conversion",
    "open",
    "published",
    "removed",
]
Source = Literal["callback", "poll"]

FIGURES: dict[Kind, str] = {
    "like": "likes",
    "repost": "reposts",
    "quote": "quotes",
    "reply": "replies",
    "comment": "replies",
    "mention": "mentions",
    "message": "messages",
    "click": "clicks",
    "view": "views",
    "follow": "follows",
    "unfollow": "unfollows",
    "save": "saves",
    "poll_vote": "poll_votes",
    "conversion": "conversions",
    "open": "opens",
}
"""The figure that each kind adds to. What networks call a comment and what they call a reply is one figure."""

WANTS_ANSWER: frozenset[Kind] = frozenset({"comment", "reply", "mention", "quote", "message"})
"""What a person said to the brand."""
VOICES: frozenset[str] = frozenset(FIGURES[kind] for kind in WANTS_ANSWER)
"""The figures that it adds to."""

IN_PUBLIC: tuple[Kind, ...] = ("comment", "reply", "mention", "quote")
"""What of that everybody can read, and the answer too."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that a network says somebody did. It lives in memory only: `actor` is never stored."""

    kind: Kind
    id: str
    """The network's id of the event; where it gives none, whatever makes the same event the same again."""
    at: datetime | None = None
    """When it happened, by the network's clock."""
    post: str | None = None
    """The post it is about, by the id under which our publisher knows it."""
    actor: str | None = field(default=None, repr=False)
    """The network's id of who did it."""
    value: int = 1
    """How much it adds: -1 where something was undone; the whole figure where `total`."""
    total: bool = False
    """Whether `value` is the whole figure as of `at`, and no increase."""
    thing: str | None = None
    """What was made and can be answered, or was `removed`: a comment, a mention; of a message its conversation."""
    parent: str | None = None
    """The thing that this answers."""
    text: str | None = field(default=None, repr=False)
    ref: dict[str, str] = field(default_factory=dict)
    """What the network needs, beside the thing's id, to take an answer to it."""
    owner: str | None = None
    """The account that it happened to, by the network's id, where a callback tells of several."""
    url: str | None = None
    """Where people see it."""
    ours: bool = False
    """Whether the account did it itself, where the network says so in another way than by its id."""


@dataclass(frozen=True, slots=True)
class Engagement:
    """One thing that somebody did, as it is kept: who did it is known only by an HMAC."""

    kind: Kind
    platform: str
    account_id: str
    post: str | None
    """The network's id of the post; None where it was the account's."""
    actor: str | None
    value: int
    at: datetime
    source: Source
    raw_id: str
    """Eight bytes of an HMAC of the network's id, in base 64: what recognises the same event again."""
    total: bool = False
    """Whether `value` is the whole figure, and no increase."""
    thing: str | None = None
    """Of what was said, the place of its item in the inbox, and of its text as long as that is kept."""


YEARS = range(1970, 9990)
"""What an instant may lie in."""
LONGEST_ID = 1000
LONGEST_TEXT = 10_000
"""Characters of what somebody wrote that are kept; more than any network lets people write in an answer."""


def sound(seen: Seen) -> Seen:
    """What was seen, such as can be counted: its instant in UTC, and no half characters. ValueError where it cannot be.

    Whatever a network wrote in an event stays in that event: it spoils no others that are counted with it.
    """
    for id in (seen.id, seen.post, seen.actor, seen.thing, seen.parent, seen.owner, seen.url):
        if id is not None and not (isinstance(id, str) and 0 < len(id) <= LONGEST_ID and id.isprintable()):
            raise ValueError("an id that is none")
    if type(seen.value) is not int or abs(seen.value) >= 1 << 53 or not isinstance(seen.text, str | None):
        raise ValueError("no value, or no text")
    if seen.at and (seen.at.tzinfo is None or seen.at.astimezone(UTC).year not in YEARS):
        raise ValueError("an instant without a zone, or one that is none")
    "".join(seen.ref.values()).encode()
    text = seen.text and seen.text[:LONGEST_TEXT].encode(errors="replace").decode()
    return replace(seen, at=seen.at and seen.at.astimezone(UTC), text=text)


def digest(key: bytes, account_id: str, seen: Seen) -> str:
    """What recognises an event, for nobody to find out whose it was: 64 bits of an HMAC, in 11 letters.

    64 bits are enough among the events of one minute.
    """
    return _stand_in(key, f"{account_id}\n{seen.kind}\n{seen.value}\n{seen.id}", 8).rstrip("=")


def actor_hash(key: bytes, platform: str, actor: str) -> str:
    """Who did something, for nobody to know: 96 bits of an HMAC-SHA256 under the workspace's key, in 16 letters.

    Platforms have ids of their own, so that two of them never make one person of two.
    """
    return _stand_in(key, f"{platform}\n{actor}", 12)


def _stand_in(key: bytes, said: str, size: int) -> str:
    mac = hmac.new(key, said.encode(errors="surrogatepass"), hashlib.sha256).digest()
    return urlsafe_b64encode(mac[:size]).decode()
