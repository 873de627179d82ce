"""Secrets that a network quotes back at us are seen by nobody: searched for in everything that we keep and say."""

import json
import logging
from datetime import timedelta

import pytest

from chalicelib.core.conversation import Reply, Request
from chalicelib.core.errors import Invalid, MaybeSent
from chalicelib.service import connect, credentials, evidence, webhooks
from chalicelib.service.publish import publish
from chalicelib.service.records import TargetKey
from tests.service.test_credentials import HOOK, Brand, Network, brand  # noqa: F401

ACCESS, REFRESH = "canary-access-3141592653", "canary-refresh-2718281828"


class Tattler(Network):
    """A network that answers everything with the token that it was shown, in every way there is to say no."""

    status = 403

    def send(self, request: Request) -> Reply:
        """Everything that it heard, back."""
        heard = " ".join([*request.headers.values(), *(request.form or {}).values(), request.url])
        if self.status == 0:
            raise MaybeSent("api.x.com: no answer")
        body = {
            "title": heard,
            "detail": heard,
            "error": "invalid_grant",
            "error_description": heard,
            "type": "about:blank",
        }
        return Reply(self.status, {"date": "Sun, 22 Nov 2026 09:00:00 GMT"}, json.dumps(body).encode())


@pytest.mark.parametrize("status", [400, 401, 403, 429, 503, 200, 0])
def test_no_secret_is_kept_or_said(brand: Brand, caplog: pytest.LogCaptureFixture, status: int) -> None:  # noqa: F811
    caplog.set_level(logging.DEBUG)
    webhooks.register(brand.world, brand.workspace_id, webhooks.NewWebhook.model_validate(HOOK))
    brand.connect(timedelta(days=2), refresh_token=REFRESH, access_token=ACCESS)
    post = brand.plan(timedelta(seconds=2))
    tattler = Tattler()
    tattler.status = status
    object.__setattr__(brand.world, "web", tattler)
    for wake in brand.world.queue.receive():
        publish(brand.world, wake)
    credentials.renew(brand.world)

    at = TargetKey(brand.workspace_id, post.post.id, post.targets[0].id)
    seen = [str(brand.told()), str(brand.world.table.everything), str(brand.world.queue.waiting), caplog.text]
    seen += [str(evidence.attempts(brand.world, at)), str(evidence.timeline(brand.world, at))]
    seen += [str(credentials.standing(brand.world, brand.workspace_id, brand.account_id))]
    seen += [str(record.__dict__) for record in caplog.records]
    assert not [one for one in seen if ACCESS in one or REFRESH in one]


def test_what_a_network_says_while_connecting_shows_no_credential(brand: Brand) -> None:  # noqa: F811
    object.__setattr__(brand.world, "web", Tattler())
    new = connect.NewAccount(platform="x", name="Brand", credentials={"access_token": ACCESS})
    with pytest.raises(Invalid) as refused:
        connect.connect(brand.world, brand.workspace_id, new)
    assert ACCESS not in str(refused.value.issues)
