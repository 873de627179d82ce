"""Every network that calls: its handshake and one of its events, over HTTP, until it shows in the post's figures.

The accounts are connected by hand, because there is no network here to ask about their credentials; all the rest is
the deployed service: gateway, receiver, queue, reader, API.
"""

import dataclasses
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from unittest.mock import patch

import httpx
import pytest

from chalicelib import wiring
from chalicelib.callbacks.base import Incoming
from chalicelib.core.conversation import Connected
from chalicelib.core.engagement import FIGURES
from chalicelib.core.post import Content, Post, TargetRef
from chalicelib.core.target import State, Target
from chalicelib.ports import World
from chalicelib.service import connect, records
from chalicelib.service.receive import REFUSED
from infra.local import Service
from tests.callbacks.cases import Case, load, networks_that_call
from tests.e2e.tenant import Json, Tenant, eventually, made

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def here(service: Service) -> Iterator[World]:
    """The world as the service's own functions have it."""
    with patch.dict(os.environ, service.environment):
        yield wiring.world.__wrapped__()


def now(case: Case) -> Case:
    """The same call, made and signed at this instant."""
    return dataclasses.replace(case, about={**case.about, "at": datetime.now(UTC).isoformat()})


def told(network: str) -> Case | None:
    """A call of the network's that tells of something about a post."""
    cases = [case for case in load(network) if any("post" in seen for seen in case.about.get("seen", []))]
    return next((case for case in cases if counted(case)), None)


def counted(case: Case) -> list[tuple[str, str]]:
    """The posts and figures that a call adds to."""
    return [
        (seen["post"], FIGURES[seen["kind"]])
        for seen in case.about.get("seen", [])
        if "post" in seen and seen["kind"] in FIGURES and seen.get("value", 1) > 0
        if seen.get("actor") != case.file["remote_id"]
        and seen.get("owner", case.file["remote_id"]) == case.file["remote_id"]
    ]


def account_of(here: World, owner: Tenant, case: Case) -> str:
    """An account of the case's network, and its callback set up over the API."""
    platform = "sandbox" if case.network == "standard" else case.network
    found = Connected("@brand", case.file["remote_id"], secrets={"access_token": "nothing"})
    account = connect.keep(here, owner.workspace_id, platform, "Brand", found)
    made(owner.api.post(f"/v1/accounts/{account.id}/callbacks/{case.network}", json={"secrets": case.secrets}))
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
        call.method, url, params=query, headers=headers, content=call.body, timeout=60, trust_env=False
    )


@pytest.mark.parametrize("network", networks_that_call())
def test_a_networks_handshakes_are_answered(here: World, service: Service, owner: Tenant, network: str) -> None:
    greetings = [case for case in load(network) if "seen" not in case.about and "unreadable" not in case.about]
    greetings = [now(case) for case in greetings if case.answer != REFUSED and not case.about.get("as_is")]
    for case in greetings:
        account_id = account_of(here, owner, case)
        answer = send(service, case.call(), network, account_id)
        assert (answer.status_code, answer.text) == (case.answer.status, case.answer.body), case
        assert send(service, case.call(), network, "acc_unknown").status_code == 401


@pytest.mark.parametrize("network", networks_that_call())
def test_what_a_network_tells_shows_in_the_posts_figures(
    here: World, service: Service, owner: Tenant, network: str
) -> None:
    found = told(network)
    if found is None:
        assert network in TELLS_OF_NO_POST
        return
    case = now(found)
    account_id = account_of(here, owner, case)
    remote_id, figure = counted(case)[0]
    times = counted(case).count((remote_id, figure))
    post_id = publish(here, owner, account_id, "sandbox" if network == "standard" else network, remote_id)

    for _ in range(2):
        assert send(service, case.call(), network, account_id).status_code == case.answer.status

    def figures() -> Json:
        (target,) = made(owner.api.get(f"/v1/posts/{post_id}/metrics"))["targets"]
        return dict(target["figures"])

    shown = eventually(figures, lambda now: now[figure] is not None, within=30)[figure]
    assert shown == {"value": times, "source": "callback", "as_of": shown["as_of"]}


TELLS_OF_NO_POST = {"wechat", "wecom", "slack"}
"""Networks that tell of messages and followers only."""
