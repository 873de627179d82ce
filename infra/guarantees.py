"""`python -m infra.guarantees`: write the table of networks in docs/guarantees.md anew, from what each one declares."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from chalicelib.core.account import Account
from chalicelib.core.conversation import Idempotency, Safety
from chalicelib.platforms import names, platform

PAGE = Path(__file__).resolve().parent.parent / "docs" / "guarantees.md"
BEGIN, END = "<!-- written by `python -m infra.guarantees` -->\n", "<!-- end -->\n"
KEYED = frozenset({Safety.KEY, Safety.CONTENT_KEY, Safety.CONTAINER})
HEAD = """\
| Network | Class | Key or container holds | May still take a request | Reads may lag | A read-back proves after |
|---|---|---|---|---|---|
"""
SERVERS: dict[str, dict[str, dict[str, Any]]] = {
    "linkedin": {"LinkedIn: pages": {"author": "urn:li:organization:1"}, "LinkedIn: members": {}},
    "discord": {"Discord, as a bot": {}, "Discord, by a webhook": {"webhook_id": "1"}},
    "wechat": {"WeChat 微信公众号": {}, "WeChat, drafts only": {"drafts_only": True}},
    "slack": {"Slack: channels the app may read": {"reads": True}, "Slack: other channels": {}},
    "mastodon": {"Mastodon": {"is_mastodon": True}, "Other servers with Mastodon's API": {}},
}
"""Where accounts of one platform differ: what they are called, and the settings that make them so."""


def table() -> str:
    """The networks that Carillon can publish on, and how each behaves when an answer is lost."""
    return HEAD + "".join(f"| {title} | {_cells(habits)} |\n" for title, habits in declared())


def declared() -> Iterator[tuple[str, Idempotency]]:
    """Each kind of account that can be published on, and what its platform declares of it."""
    for name in names():
        network = platform(name)
        if network.publishing == "api":
            for title, settings in SERVERS.get(name, {network.title: {}}).items():
                yield title, network.idempotency(Account("acc", "ws", name, title, settings=settings))


def with_table(page: str) -> str:
    """The page with its table as it should be."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def _cells(habits: Idempotency) -> str:
    contained = habits.safety is Safety.CONTAINER
    holds = habits.prepared_lifetime if contained else habits.key_lifetime
    lifetime = (_span(holds) if holds else "ever") if habits.safety in KEYED else "–"
    proves = _span(habits.quarantine) if habits.readable else "never"
    lag = _span(habits.readback_lag) if habits.readable else "–"
    return " | ".join([f"`{habits.safety}`", lifetime, _span(habits.late_acceptance), lag, proves])


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    return f"{seconds // 3600} h" if seconds >= 3600 and seconds % 3600 == 0 else f"{seconds} s"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
