"""Every network that calls: its handshake and one of its events, over HTTP, until it shows in the post's figures.

The accounts are connected by hand, because there is no network here to ask about their credentials; all the rest is
the deployed service: gateway, receiver, queue, reader, API.
"""

import dataclasses
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import httpx
import pytest

from chalicelib import wiring
from chalicelib.callbacks.base import Incoming
from chalicelib.core.conversation import Connected
from chalicelib.core.engagement import FIGURES, WANTS_ANSWER
from chalicelib.core.post import Content, Post, TargetRef
from chalicelib.core.target import State, Target
from chalicelib.platforms import platform as find
from chalicelib.ports import World
from chalicelib.service import connect, records
from chalicelib.service.receive import REFUSED
from infra.local import Service
from tests.callbacks import sealing
from tests.callbacks.cases import Case, load, networks_that_call
from tests.callbacks.signing import seconds, with_query
from tests.e2e.tenant import PATIENCE, Tenant, eventually, made

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def here(service: Service) -> Iterator[World]:
    """The world as the service's own functions have it."""
    with patch.dict(os.environ, service.environment):
        yield wiring.world.__wrapped__()


def now(case: Case) -> Case:
    """The same call, made and signed at this instant."""
    return dataclasses.replace(case, about={**case.about, "at": datetime.now(UTC).isoformat()})


Json = dict[str, Any]


def others(case: Case) -> list[Json]:
    """What a call says that other people did on this account."""
    us = case.file["remote_id"]
    said = case.about.get("seen", [])
    return [one for one in said if one.get("value", 1) > 0 and one.get("actor") != us == one.get("owner", us)]


def told(network: str) -> tuple[Case, Json]:
    """A call of the network's that can be made today, and the most telling thing that it says."""
    said = [(case, seen) for case in load(network) if not case.about.get("as_is") for seen in others(case)]
    return max(said, key=lambda each: (_weight(each[1]), -said.index(each)))


def _weight(seen: Json) -> int:
    """About a post at best, then that a post is gone, then what the inbox shows."""
    if "post" in seen:
        return 3 if seen["kind"] in FIGURES else 2 if seen["kind"] == "removed" else 0
    return 1 if seen["kind"] in WANTS_ANSWER else 0


def greeting(case: Case) -> Incoming:
    """The handshake; where it is dated, as of now and with what proves it now."""
    call, keys = case.call(), case.secrets
    if "timestamp" not in call.query or call.method != "GET":
        return call
    at = f"{seconds(call)}000" if case.network == "weibo" else seconds(call)
    if case.network == "wecom":
        word = sealing.tencent(case.answer.body.encode(), keys["encoding_aes_key"], keys["corp_id"])
        signature = sealing.sorted_sha1(keys["token"], at, "n1", word)
        return with_query(call, timestamp=at, nonce="n1", echostr=word, msg_signature=signature)
    signature = sealing.sorted_sha1(keys["app_secret" if case.network == "weibo" else "token"], at, "n1")
    return with_query(call, timestamp=at, nonce="n1", signature=signature)


def account_of(here: World, owner: Tenant, case: Case) -> str:
    """An account of the case's network, and its callback set up over the API."""
    platform = "sandbox" if case.network == "standard" else case.network
    found = Connected("@brand", case.file["remote_id"], secrets={"access_token": "nothing", "bot_token": "1:nothing"})
    account = connect.keep(here, owner.workspace_id, platform, "Brand", found)
    answer = owner.api.post(f"/v1/accounts/{account.id}/callbacks/{case.network}", json={"secrets": case.secrets})
    if case.network != "standard" and find(platform).subscribes:
        assert answer.status_code == 503, "there is no such network here to be asked to call; the secrets are good"
    else:
        made(answer)
    return account.id


def publish(here: World, owner: Tenant, account_id: str, platform: str, remote_id: str) -> str:
    """The id of a post of ours that is out there under the network's id."""
    post_id, target_id = f"post_{here.chance.token().lower()}", f"tgt_{here.chance.token().lower()}"
    at = here.clock.now()
    post = Post(
        id=post_id,
        workspace_id=owner.workspace_id,
        created_at=at,
        updated_at=at,
        scheduled_at=at,
        content=Content(text="叮咚 ding dong"),
        targets=(TargetRef(id=target_id, account_id=account_id, platform=platform),),
    )
    target = Target(target_id, post_id, owner.workspace_id, account_id, platform, State.PUBLISHED, at)
    out = dataclasses.replace(target, published_at=at, platform_post_id=remote_id, part_ids=(remote_id,))
    here.table.write(*records.put_post(post), records.put_target(out))
    return post_id


def send(service: Service, call: Incoming, network: str, account_id: str) -> httpx.Response:
    """The call over HTTP."""
    headers = [(name, value) for name, values in call.headers.items() for value in values]
    query = httpx.QueryParams({name: list(values) for name, values in call.query.items()})
    url = f"{service.url}/v1/callbacks/{network}/{account_id}"
    return httpx.request(
        call.method, url, params=query, headers=headers, content=call.body, timeout=PATIENCE, trust_env=False
    )


@pytest.mark.parametrize("network", networks_that_call())
def test_a_networks_handshakes_are_answered(here: World, service: Service, owner: Tenant, network: str) -> None:
    greetings = [case for case in load(network) if "seen" not in case.about and "unreadable" not in case.about]
    for case in [now(case) for case in greetings if case.answer != REFUSED and not case.about.get("as_is")]:
        account_id = account_of(here, owner, case)
        answer = send(service, greeting(case), network, account_id)
        assert (answer.status_code, answer.text) == (case.answer.status, case.answer.body), case
        assert send(service, greeting(case), network, "acc_unknown").status_code == 401


@pytest.mark.parametrize("network", networks_that_call())
def test_what_a_network_tells_shows_within_seconds(here: World, service: Service, owner: Tenant, network: str) -> None:
    found, seen = told(network)
    case = now(found)
    account_id = account_of(here, owner, case)
    platform = "sandbox" if network == "standard" else network
    post_id = publish(here, owner, account_id, platform, seen["post"]) if "post" in seen else None

    for _ in range(2):
        assert send(service, case.call(), network, account_id).status_code == case.answer.status

    def shown() -> Any:
        if post_id is None:
            waiting = made(owner.api.get(f"/v1/inbox?state=waiting&account_id={account_id}"))["data"]
            return len(waiting) or None
        (target,) = made(owner.api.get(f"/v1/posts/{post_id}/metrics"))["targets"]
        if seen["kind"] == "removed":
            return target["removed_at"]
        figure = target["figures"][FIGURES[seen["kind"]]]
        return figure and (figure["value"], figure["source"])

    same = [each for each in others(case) if (each["kind"], each.get("post")) == (seen["kind"], seen.get("post"))]
    last = eventually(shown, lambda it: it is not None)
    if post_id and seen["kind"] in FIGURES:
        assert last == (sum(each.get("value", 1) for each in same), "callback")
