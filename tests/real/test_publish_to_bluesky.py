"""The whole way to a real network: our HTTP API in, Bluesky's own server out, and everything read back from there."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

import httpx
import pytest

from infra.emulator import HOST
from infra.local import Service, running_service
from tests.e2e.tenant import ROOT, Json, Tenant, instant, made, soon, tenant
from tests.real import bluesky_network
from tests.real.bad_line import BadLine, Loss, bad_line
from tests.real.bluesky_network import Account, BlueskyNetwork, running_network
from tests.real.pictures import PICTURE

# The first run installs the servers, which takes minutes.
pytestmark = [pytest.mark.real, pytest.mark.timeout(bluesky_network.INSTALL_SECONDS + 300)]

LINK = "https://example.org/bells?hour=9"


@dataclass(frozen=True)
class Town:
    """Everybody in these tests: the network, the service, who posts, and who is mentioned."""

    network: BlueskyNetwork
    service: Service
    tenant: Tenant
    ringer: Account
    listener: Account
    account_id: str
    pictures: str
    line: BadLine
    """Another way to the network's server, on which something may get lost."""


@pytest.fixture(scope="module")
def network() -> Iterator[BlueskyNetwork]:
    with running_network() as network:
        yield network


def key_of_record(path: str, _: Message, body: bytes) -> str | None:
    """The key under which a request puts a record."""
    return str(json.loads(body)["rkey"]) if path == "/xrpc/com.atproto.repo.putRecord" else None


@pytest.fixture(scope="module")
def line(network: BlueskyNetwork) -> Iterator[BadLine]:
    with bad_line(network.pds.removeprefix("http://"), HOST, key_of_record) as line:
        yield line


@pytest.fixture(scope="module")
def town(
    network: BlueskyNetwork, pictures: str, line: BadLine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    port = network.pds.rpartition(":")[2]
    # The PDS answers at one name, and is `localhost` in the documents of the accounts on it.
    places = [f"{HOST}:{port}", f"localhost:{port}", *(url.removeprefix("http://") for url in (pictures, line.url))]
    with (
        running_service(tmp_path_factory.mktemp("service"), {"AllowedPrivateHosts": ",".join(places)}) as service,
        tenant(service.url, service.workspace_id, service.key) as owner,
    ):
        ringer, listener = network.create_account("ringer.test"), network.create_account("listener.test")
        account_id = connected(network, owner, ringer)
        yield Town(network, service, owner, ringer, listener, account_id, pictures, line)


def connected(network: BlueskyNetwork, owner: Tenant, account: Account, host: str | None = None) -> str:
    """The id of the account, connected through our API with an app password."""
    credentials = {"identifier": account.handle, "password": network.app_password(account)}
    host = host or network.pds
    connected = owner.connect(platform="bluesky", name="Bell tower", host=host, credentials=credentials)
    assert (connected["handle"], connected["remote_id"]) == (account.handle, account.did)
    assert connected["status"] == "connected"
    return str(connected["id"])


@pytest.fixture(scope="module")
def said(town: Town) -> Json:
    """A post with a link, a mention, a hashtag, words in several scripts and a picture, as it was published."""
    post = town.tenant.post(
        [town.account_id],
        text=f"九点钟了 🔔 @keeper rings: {LINK} #carillon 👩‍👩‍👧",
        mentions=[{"key": "keeper", "bluesky": town.listener.handle}],
        media=[{"url": f"{town.pictures}/bell.png", "alt_text": "一座钟 A bell", "width": 24, "height": 16}],
        language="zh",
        scheduled_at=soon(6).isoformat(),
    )
    return published(town, post)


def published(town: Town, post: Json) -> Json:
    """The post once it is out on its one account."""
    ended = town.tenant.ended(post)
    assert ended["status"] == "published", ended["targets"]
    return ended


def records_of(town: Town, post: Json) -> list[Json]:
    """The post's records on the network, in order."""
    return [town.network.record(uri) for uri in post["targets"][0]["part_ids"]]


def facets(record: Json) -> list[tuple[str, Json]]:
    """What each facet covers, cut out of the text by its bytes, and its one feature."""
    text = record["text"].encode()
    cuts = [(one["index"]["byteStart"], one["index"]["byteEnd"], one["features"]) for one in record["facets"]]
    return [(text[start:end].decode(), *features) for start, end, features in cuts]


def test_its_words_arrive_as_they_were_written_with_the_mention_by_its_handle(town: Town, said: Json) -> None:
    [record] = records_of(town, said)
    assert record["value"]["text"] == f"九点钟了 🔔 @{town.listener.handle} rings: {LINK} #carillon 👩‍👩‍👧"
    assert record["value"]["langs"] == ["zh"]
    assert instant(record["value"]["createdAt"]) == instant(said["scheduled_at"])


def test_link_mention_and_hashtag_cover_their_own_bytes_and_name_the_right_things(town: Town, said: Json) -> None:
    [record] = records_of(town, said)
    kind = "app.bsky.richtext.facet"
    assert facets(record["value"]) == [
        (f"@{town.listener.handle}", {"$type": f"{kind}#mention", "did": town.listener.did}),
        (LINK, {"$type": f"{kind}#link", "uri": LINK}),
        ("#carillon", {"$type": f"{kind}#tag", "tag": "carillon"}),
    ]


def test_the_picture_arrives_byte_for_byte_with_its_description(town: Town, said: Json) -> None:
    [record] = records_of(town, said)
    assert record["value"]["embed"]["$type"] == "app.bsky.embed.images"
    [picture] = record["value"]["embed"]["images"]
    assert picture["alt"] == "一座钟 A bell"
    assert picture["aspectRatio"] == {"width": 24, "height": 16}
    assert town.network.blob(town.ringer.did, picture["image"]["ref"]["$link"]) == PICTURE


def test_the_answer_says_where_it_is_and_how_late_it_was(town: Town, said: Json) -> None:
    target = said["targets"][0]
    [record] = records_of(town, said)
    rkey = record["uri"].rpartition("/")[2]
    assert target["platform_post_id"] == record["uri"] == f"at://{town.ringer.did}/app.bsky.feed.post/{rkey}"
    assert target["url"] == f"https://bsky.app/profile/{town.ringer.handle}/post/{rkey}"
    assert target["lateness_ms"] >= 0
    assert instant(target["published_at"]) >= instant(said["scheduled_at"])


def test_a_link_with_a_title_arrives_as_a_card_with_its_picture(town: Town) -> None:
    link = {"url": LINK, "title": "钟 Bells", "description": "Seven of them", "image_url": f"{town.pictures}/card.png"}
    post = published(town, town.tenant.post([town.account_id], text="Ten o'clock.", link=link, publish="now"))
    [record] = records_of(town, post)
    assert record["value"]["text"] == "Ten o'clock."
    external = record["value"]["embed"]["external"]
    thumb = external.pop("thumb")
    assert external == {"uri": LINK, "title": "钟 Bells", "description": "Seven of them"}
    assert town.network.blob(town.ringer.did, thumb["ref"]["$link"]) == PICTURE


THREAD = " ".join(f"Sentence number {number} of a long announcement." for number in range(17))


def test_a_long_text_arrives_as_a_thread_of_three_each_a_reply_to_the_one_before(town: Town) -> None:
    before = len(town.network.records(town.ringer.did))
    post = published(town, town.tenant.post([town.account_id], text=THREAD, publish="now"))
    assert_is_the_thread(records_of(town, post))
    assert len(town.network.records(town.ringer.did)) == before + 3


@pytest.mark.parametrize("lost", ["answer", "request"])
def test_a_thread_whose_second_part_lost_its_answer_or_itself_on_the_way_ends_as_exactly_three(
    town: Town, lost: Loss
) -> None:
    author = town.network.create_account(f"lost-{lost}.test")
    account_id = connected(town.network, town.tenant, author, town.line.url)
    town.line.lose(lost, of_put=2)
    post = published(town, town.tenant.post([account_id], text=THREAD, publish="now"))
    records = records_of(town, post)
    assert_is_the_thread(records)
    assert town.network.records(author.did) == records[::-1]
    first, second, third = [record["uri"].rpartition("/")[2] for record in records]
    assert town.line.puts == [(first, None), (second, lost), (second, None), (third, None)]
    assert [(one["part"], one["outcome"], one["source"]) for one in evidence(town, post, "attempts")] == [
        (0, "applied", "reply"),
        (1, "unknown", None),
        (1, "applied", "reply"),
        (2, "applied", "reply"),
    ]
    assert ("unconfirmed", "no_answer") in [(one["type"], one["detail"]) for one in evidence(town, post, "events")]


def evidence(town: Town, post: Json, kind: str) -> list[Json]:
    """What is on record about the post's one target."""
    target = post["targets"][0]["id"]
    return list(made(town.tenant.api.get(f"/v1/posts/{post['id']}/targets/{target}/{kind}"))["data"])


def assert_is_the_thread(records: list[Json]) -> None:
    """Three parts, in order, each a reply to the one before."""
    assert len(records) == 3
    assert " ".join(record["value"]["text"] for record in records) == THREAD
    first, second, third = [{"uri": record["uri"], "cid": record["cid"]} for record in records]
    assert [record["value"].get("reply") for record in records] == [
        None,
        {"root": first, "parent": first},
        {"root": first, "parent": second},
    ]
    assert third["uri"] > second["uri"] > first["uri"]


def test_the_same_request_again_adds_nothing(town: Town) -> None:
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"text": "Eleven o'clock.", "targets": [{"account_id": town.account_id}], "publish": "now"}
    post = published(town, made(town.tenant.api.post("/v1/posts", json=body, headers=headers)))
    before = town.network.records(town.ringer.did)
    again = town.tenant.api.post("/v1/posts", json=body, headers=headers)
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (post["id"], "true")
    published(town, town.tenant.post([town.account_id], text="Twelve o'clock.", publish="now"))
    texts = [record["value"]["text"] for record in town.network.records(town.ringer.did)]
    assert len(texts) == len(before) + 1
    assert texts.count("Eleven o'clock.") == 1


def test_a_wrong_password_is_refused_with_the_networks_words_and_no_account_is_made(town: Town) -> None:
    before = town.tenant.api.get("/v1/accounts").json()
    credentials = {"identifier": town.ringer.handle, "password": "abcd-efgh-ijkl-mnop"}
    body = {"platform": "bluesky", "name": "Bell tower", "host": town.network.pds, "credentials": credentials}
    refused = town.tenant.api.post("/v1/accounts", json=body)
    assert refused.status_code == 422
    [issue] = refused.json()["issues"]
    assert (issue["code"], issue["path"]) == ("credentials_refused", "credentials")
    assert "Invalid identifier or password" in issue["message"]
    assert town.tenant.api.get("/v1/accounts").json() == before


OVER = "e30.eyJleHAiOiAxfQ.e30"
"""An access token that ended in 1970: `{}`, `{"exp": 1}` and `{}`."""
LET_IT_EXPIRE = """
import dataclasses, json, sys
from chalicelib.ports import Put
from chalicelib.service import connect, sealing
from chalicelib.wiring import world
workspace_id, account_id, over = sys.argv[1:]
item = world().table.get(connect.key(workspace_id, account_id))
place = connect.secrets_place(workspace_id, item.key)
secrets = json.loads(sealing.unseal(world(), place, item.doc["sealed"]))
sealed = sealing.seal(world(), place, json.dumps({**secrets, "access": over}))
expired = dataclasses.replace(item, doc={**item.doc, "sealed": sealed})
world().table.write(Put(expired, expect=item.rev))
"""


def let_the_session_expire(town: Town, account_id: str) -> None:
    """Do what two hours do: the access token that we hold is over."""
    command = [sys.executable, "-c", LET_IT_EXPIRE, town.tenant.workspace_id, account_id, OVER]
    environment = {**os.environ, **town.service.environment}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_session_that_expired_is_renewed_and_the_post_goes_out(town: Town) -> None:
    let_the_session_expire(town, town.account_id)
    post = published(town, town.tenant.post([town.account_id], text="One o'clock.", publish="now"))
    [record] = records_of(town, post)
    assert record["value"]["text"] == "One o'clock."
    assert status(town, town.account_id) == "connected"


def test_when_the_app_password_was_revoked_the_post_fails_and_the_account_asks_to_be_reconnected(town: Town) -> None:
    leaver = town.network.create_account("leaver.test")
    account_id = connected(town.network, town.tenant, leaver)
    post = town.tenant.post([account_id], text="Two o'clock.", scheduled_at=soon(8).isoformat())
    call(town, leaver, "com.atproto.server.revokeAppPassword", {"name": "carillon"})
    let_the_session_expire(town, account_id)
    target = town.tenant.ended(post)["targets"][0]
    assert (target["state"], target["error"]["code"]) == ("failed", "AuthenticationRequired")
    assert "Invalid identifier or password" in target["error"]["message"]
    assert status(town, account_id) == "reconnect_required"
    assert town.network.records(leaver.did) == []


def test_when_the_account_was_deactivated_the_post_fails_and_the_account_asks_to_be_reconnected(town: Town) -> None:
    sleeper = town.network.create_account("sleeper.test")
    account_id = connected(town.network, town.tenant, sleeper)
    post = town.tenant.post([account_id], text="Three o'clock.", scheduled_at=soon(8).isoformat())
    call(town, sleeper, "com.atproto.server.deactivateAccount", {})
    target = town.tenant.ended(post)["targets"][0]
    assert (target["state"], target["error"]["code"]) == ("failed", "AccountDeactivated")
    assert status(town, account_id) == "reconnect_required"


def call(town: Town, account: Account, method: str, body: Json) -> None:
    """Do something at the PDS as its owner would."""
    headers = {"Authorization": f"Bearer {account.access_jwt}"}
    reply = httpx.post(f"{town.network.pds}/xrpc/{method}", json=body, headers=headers, trust_env=False)
    assert reply.is_success, reply.text


def status(town: Town, account_id: str) -> str:
    """The account's status, as the list of accounts shows it."""
    page = made(town.tenant.api.get("/v1/accounts", params={"limit": 100}))
    return str({one["id"]: one["status"] for one in page["data"]}[account_id])
