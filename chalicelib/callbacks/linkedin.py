"""LinkedIn, pages only. Signatures: https://learn.microsoft.com/linkedin/shared/api-guide/webhook-validation; events:
https://learn.microsoft.com/linkedin/marketing/community-management/organizations/organization-social-action-notifications
(both read 2026-11-23).
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from chalicelib.callbacks.base import Callbacks, Incoming, Keys, Response, Told, json_answer
from chalicelib.callbacks.signatures import hmac_hex, needed, same
from chalicelib.core.engagement import Kind, Seen

PREFIX = "hmacsha256="
SHORT = re.compile(r"(?<=[(,])(?=(?:activity|share|ugcPost|person|organization):)")
"""Where names inside of names are cut short."""
PERSON = re.compile(r"urn:li:(?:person|member|organization):[\w-]+")
KINDS: dict[str, tuple[Kind, int]] = {
    "LIKE": ("like", 1),
    "COMMENT": ("comment", 1),
    "ADMIN_COMMENT": ("comment", 1),
    "COMMENT_DELETE": ("comment", -1),
    "SHARE": ("repost", 1),
    "SHARE_MENTION": ("mention", 1),
}
"""What we count; edits change no figure."""


class LinkedIn(Callbacks):
    """What people do with a page's posts, ten notifications at a time."""

    name = "linkedin"
    title = "LinkedIn"
    secrets = ("client_secret",)
    setup = "linkedin.com/developers: the app's Webhooks, then an event subscription of the page"

    def challenge(self, call: Incoming, keys: Keys) -> Response:
        """The code and its HMAC, which LinkedIn asks for every two hours."""
        code = call.param("challengeCode")
        said = hmac_hex(needed(keys, "client_secret"), code.encode(errors="surrogatepass"))
        return json_answer({"challengeCode": code, "challengeResponse": said})

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """The HMAC in hex digits of `hmacsha256=` and the body, as the document has it; or of the body alone, as many
        understand it. Some say that the same word stands before the signature, too."""
        secret = needed(keys, "client_secret")
        given = call.header("x-li-signature").removeprefix(PREFIX)
        same(given, hmac_hex(secret, PREFIX.encode() + call.body), hmac_hex(secret, call.body))
        return call.body

    def events(self, told: Told) -> Iterable[Any]:
        """Every notification; other types of events have none."""
        said = json.loads(told.body)
        return list(said["notifications"]) if said["type"] == "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS" else []

    def read(self, event: Any, told: Told) -> Iterator[Seen]:
        """One notification."""
        if event["action"] not in KINDS:
            return
        kind, value = KINDS[event["action"]]
        made = _made(event)
        about, owner = made.get("object") or event.get("sourcePost"), event["organizationalEntity"]
        thing = made.get("entity") or _whole(event.get("generatedActivity") or "") or None
        says = kind in ("comment", "mention")
        yield Seen(
            kind,
            str(event["notificationId"]),
            datetime.fromtimestamp(event["lastModifiedAt"] / 1000, UTC),
            _post(event) if kind != "mention" else None,
            owner if event["action"] == "ADMIN_COMMENT" else _who(event, made),
            value,
            thing=thing if says else None,
            parent=made.get("parentComment"),
            text=_text(made) if says and value > 0 else None,
            ref={"object": about} if says and about else {},
            owner=owner,
        )


def _made(event: dict[str, Any]) -> dict[str, Any]:
    """What people made, where LinkedIn shows it."""
    shown = event.get("decoratedGeneratedActivity") or {}
    return dict(shown.get("comment") or shown.get("share") or {})


def _text(made: dict[str, Any]) -> str | None:
    """Comments have it as the comments API has it, too."""
    return made.get("text") or (made.get("message") or {}).get("text")


def _post(event: dict[str, Any]) -> str:
    """The post by the name that publishing it gave; `sourcePost` may be that of its activity."""
    return str((event.get("decoratedSourcePost") or {}).get("entity") or event["sourcePost"])


def _who(event: dict[str, Any], made: dict[str, Any]) -> str | None:
    """The owner of what was made; a like names its own."""
    found = PERSON.search(_whole(event.get("generatedActivity") or ""))
    return made.get("owner") or (found[0] if found else None)


def _whole(urn: str) -> str:
    return SHORT.sub("urn:li:", urn)


callbacks = LinkedIn()
