"""What was lost on the way to a server without idempotency keys. Last by its name: it has to rest before."""

import pytest

from tests.e2e.tenant import Json, Tenant, made
from tests.real.bad_line import Loss
from tests.real.conftest import Reached
from tests.real.debian_packages import INSTALL_SECONDS
from tests.real.mastodon_server import Account, MastodonServer

# The first run fetches the packages.
pytestmark = [pytest.mark.real, pytest.mark.timeout(INSTALL_SECONDS + 300)]


@pytest.mark.parametrize(("what", "sources"), [("answer", ["read_back"]), ("request", ["read_back", "reply"])])
def test_a_post_that_lost_its_answer_or_itself_on_the_way_is_there_exactly_once(
    owner: Tenant,
    mastodon: Reached[MastodonServer],
    lost_on_mastodon: dict[Loss, tuple[Account, Json]],
    what: Loss,
    sources: list[str],
) -> None:
    author, post = lost_on_mastodon[what]
    target = owner.ended(post)["targets"][0]
    assert target["state"] == "published", target
    assert [one["id"] for one in mastodon.server.statuses(author)] == [target["platform_post_id"]]
    attempts = made(owner.api.get(f"/v1/posts/{post['id']}/targets/{target['id']}/attempts"))["data"]
    assert [one["source"] for one in attempts] == sources
