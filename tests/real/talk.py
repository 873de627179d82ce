"""A platform's conversation with a real server, without the engine: for what the service does not ask yet."""

import time
from typing import TypeVar

from chalicelib.core.account import Account
from chalicelib.core.conversation import Connected, Conversation, Wait
from chalicelib.web import HttpWeb

T = TypeVar("T")


def talked(conversation: Conversation[T], *places: str) -> T:
    """How the conversation ends, with servers at these `host:port`."""
    web, reply = HttpWeb(frozenset(places)), None
    while True:
        try:
            step = conversation.send(reply)
        except StopIteration as end:
            result: T = end.value
            return result
        if isinstance(step, Wait):
            time.sleep(step.delay.total_seconds())
            reply = None
        else:
            reply = web.send(step)


def account_of(platform: str, connected: Connected) -> Account:
    """The account that connecting found."""
    return Account(
        "acc_1",
        "ws_1",
        platform,
        "Bell tower",
        connected.handle,
        connected.remote_id,
        connected.host,
        limits=connected.limits,
        settings=connected.settings,
        secrets=connected.secrets,
    )
