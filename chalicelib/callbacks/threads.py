"""Threads: https://developers.facebook.com/documentation/threads/webhooks, read 2026-11-23 (of 2026-06-30).

People have no ids here, only names; the account itself is told of only under `publish`, and by name too. So the
address belongs to one account, which is meant where nothing names another.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from chalicelib.callbacks.base import Told
from chalicelib.callbacks.meta import Change, Json, Meta
from chalicelib.core.engagement import Seen


class Threads(Meta):
    """Replies, mentions, own posts and deletions."""

    name = "threads"
    title = "Threads"

    def events(self, told: Told) -> Iterable[Any]:
        """One value or several, with the field and whom it is about; not the entries of Meta's other networks."""
        said = json.loads(told.body)
        values = said["values"]
        return [
            Change(str(said.get("target_id") or ""), one["field"], one["value"])
            for one in (values if isinstance(values, list) else [values])
        ]

    def read(self, event: Change, told: Told) -> Iterator[Seen]:
        """One change. What the event calls its target is a person for mentions only, else a post."""
        value = event.value
        if event.field == "replies":
            yield _reply(value)
        elif event.field == "mentions":
            yield _said(value, "mention", event.owner)
        elif event.field == "publish":
            id = str(value["id"])
            yield Seen("published", id, _at(value, "timestamp"), id, url=value.get("permalink"))
        elif event.field == "delete":
            id, owner = str(value["id"]), value.get("owner") or {}
            yield Seen(
                "removed", id, _at(value, "deleted_at"), id, owner=owner.get("owner_id") or owner.get("id") or None
            )


def _reply(value: Json) -> Seen:
    """Under the post that the thread began with; what it answers is the parent, unless that is the post."""
    root, parent = value["root_post"], (value.get("replied_to") or {}).get("id")
    owner = root.get("owner_id")
    ours = owner and value["username"] == root.get("username")
    return _said(
        value,
        "reply",
        owner,
        post=str(root["id"]),
        parent=str(parent) if parent and parent != root["id"] else None,
        actor=owner if ours else value["username"],
    )


def _said(value: Json, kind: Any, owner: str | None, **more: Any) -> Seen:
    id = str(value["id"])
    about = {"actor": value["username"], "text": value.get("text"), "url": value.get("permalink"), **more}
    return Seen(kind, id, _at(value, "timestamp"), thing=id, owner=owner or None, **about)


def _at(value: Json, name: str) -> datetime:
    return datetime.fromisoformat(value[name])


callbacks = Threads()
