"""The whole way to a real server of Mastodon's family: our HTTP API in, and everything read back from the server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx
import pytest

from chalicelib.core.account import Account as Connection
from chalicelib.core.conversation import Conversation, Job
from chalicelib.core.errors import Transient
from chalicelib.platforms.mastodon import platform
from tests.e2e.tenant import Json, Tenant, made, soon
from tests.platforms.cases import read_rendition
from tests.real.conftest import Reached
from tests.real.debian_packages import INSTALL_SECONDS
from tests.real.mastodon_server import Account, MastodonServer
from tests.real.pictures import PICTURE
from tests.real.talk import account_of, talked

# The first run fetches the packages.
pytestmark = [pytest.mark.real, pytest.mark.timeout(INSTALL_SECONDS + 300), pytest.mark.usefixtures("lost_on_mastodon")]

T = TypeVar("T")

LINK = "https://example.org/bells?hour=9&year=2026"
TEXT = f"九点钟了 🔔 Nine o'clock: {LINK} #carillon\n\nAll is well <here> 👩‍👩‍👧"


@pytest.fixture(scope="module")
def server(mastodon: Reached[MastodonServer]) -> MastodonServer:
    return mastodon.server


@pytest.fixture(scope="module")
def url(mastodon: Reached[MastodonServer]) -> str:
    """The server by the line: by itself, it now and then ends a connection that has just been used again."""
    return mastodon.line.url


@pytest.fixture(scope="module")
def ringer(server: MastodonServer) -> Account:
    return server.create_account("ringer")


@pytest.fixture(scope="module")
def account_id(owner: Tenant, url: str, ringer: Account) -> str:
    return connected(owner, ringer, url)


def connected(owner: Tenant, account: Account, host: str) -> str:
    """The id of the account, connected through our API with its token."""
    credentials = {"access_token": account.token}
    found = owner.connect(platform="mastodon", name="Bell tower", host=host, credentials=credentials)
    assert (found["handle"], found["remote_id"], found["status"]) == (account.handle, account.id, "connected")
    return str(found["id"])


def published(owner: Tenant, post: Json) -> Json:
    """The post's one target once it is out."""
    ended = owner.ended(post)
    assert ended["status"] == "published", ended["targets"]
    return dict(ended["targets"][0])


@pytest.fixture(scope="module")
def target(owner: Tenant, account_id: str, pictures: str) -> Json:
    """A post with a link, a hashtag, words in several scripts, a picture and a first comment, as it was published."""
    media = [{"url": f"{pictures}/bell.png", "alt_text": '一座钟 "A bell"', "width": 24, "height": 16}]
    post = owner.post([account_id], text=TEXT, media=media, first_comment="说得好 Well said", publish="now")
    return published(owner, post)


@pytest.fixture(scope="module")
def statuses(target: Json, server: MastodonServer, ringer: Account) -> list[Json]:
    """The post's parts as the server has them."""
    return [server.status(ringer, identity) for identity in target["part_ids"]]


def test_its_words_and_its_link_arrive(target: Json, statuses: list[Json]) -> None:
    assert "九点钟了 🔔 Nine o'clock: " in statuses[0]["content"]
    assert f'<a href="{LINK}"' in statuses[0]["content"]
    assert "👩‍👩‍👧" in statuses[0]["content"]
    assert (target["platform_post_id"], target["url"]) == (statuses[0]["id"], statuses[0]["url"])


def test_the_picture_arrives_byte_for_byte_with_its_description(statuses: list[Json]) -> None:
    [picture] = statuses[0]["media_attachments"]
    assert picture["description"] == '一座钟 "A bell"'
    assert httpx.get(picture["url"], timeout=30, trust_env=False).content == PICTURE


def test_the_first_comment_answers_the_post(statuses: list[Json]) -> None:
    post, comment = statuses
    assert "说得好 Well said" in comment["content"]
    assert (post["in_reply_to_id"], comment["in_reply_to_id"]) == (None, post["id"])


def test_a_wrong_token_is_refused_and_no_account_is_made(owner: Tenant, url: str) -> None:
    before = made(owner.api.get("/v1/accounts", params={"limit": 100}))
    body = {"platform": "mastodon", "name": "Bell tower", "host": url, "credentials": {"access_token": "nonsense"}}
    refused = owner.api.post("/v1/accounts", json=body)
    [issue] = refused.json()["issues"]
    assert (refused.status_code, issue["code"], issue["path"]) == (422, "credentials_refused", "credentials")
    assert made(owner.api.get("/v1/accounts", params={"limit": 100})) == before


def test_when_the_token_was_revoked_the_post_fails_and_the_account_asks_to_be_reconnected(
    owner: Tenant, server: MastodonServer, url: str
) -> None:
    leaver = server.create_account("leaver")
    account = connected(owner, leaver, url)
    post = owner.post([account], text="Two o'clock.", scheduled_at=soon(8).isoformat())
    server.revoke(leaver)
    target = owner.ended(post)["targets"][0]
    assert (target["state"], target["error"]["code"]) == ("failed", "http_401")
    assert made(owner.api.get(f"/v1/accounts/{account}"))["status"] == "reconnect_required"
    assert server.statuses(leaver) == []


@pytest.fixture(scope="module")
def finder(server: MastodonServer, mastodon: Reached[MastodonServer]) -> Connection:
    """An account that is connected without the service."""
    token = server.create_account("finder").token
    return account_of("mastodon", talk(mastodon, platform.connect(mastodon.line.url, {"access_token": token})))


def talk(mastodon: Reached[MastodonServer], conversation: Conversation[T]) -> T:
    """How a conversation with the server ends."""
    return talked(conversation, mastodon.line.url.removeprefix("http://"))


def job(account: Connection, *texts: str, **about: object) -> Job:
    """A publish that is due now, of these parts."""
    rendition = read_rendition("mastodon", {"parts": [{"text": text} for text in texts], **about})
    return Job("tgt_1", datetime.now(UTC), rendition, account)


@pytest.mark.parametrize(
    "texts",
    [(TEXT,), ("一", "二", "三"), ("a *bold* _word_, `code`, ~~gone~~, 2*3*4 snake_case",)],
    ids=["words", "thread", "marks"],
)
def test_every_part_is_found_only_where_it_is(
    mastodon: Reached[MastodonServer], finder: Connection, texts: tuple[str, ...]
) -> None:
    wanted = job(finder, *texts)
    assert [talk(mastodon, platform.find(wanted, part)) for part in range(len(texts))] == [None] * len(texts)
    out = talk(mastodon, platform.publish(wanted))
    found = [talk(mastodon, platform.find(wanted, part)) for part in range(len(texts))]
    assert [reply.json["id"] for reply in found if reply] == list(out.parts)
    later = replace(wanted, due=wanted.due + timedelta(hours=1))
    assert talk(mastodon, platform.find(later, 0)) is None


@pytest.mark.parametrize(
    ("text", "about"),
    [("Bells :-) <3 and more bells, every hour of the day", {}), ("For followers", {"visibility": "private"})],
    ids=["rewritten", "private"],
)
def test_what_the_server_rewrites_or_does_not_list_is_never_said_not_to_be_there(
    mastodon: Reached[MastodonServer], finder: Connection, text: str, about: Json
) -> None:
    wanted = job(finder, text, **about)
    talk(mastodon, platform.publish(wanted))
    with pytest.raises(Transient, match="cannot_tell"):
        talk(mastodon, platform.find(wanted, 0))
