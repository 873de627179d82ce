"""The whole way to a real WordPress: our HTTP API in, and everything read back from the site."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from chalicelib.core.account import Account
from chalicelib.core.conversation import Job
from chalicelib.core.errors import ReconnectNeeded
from chalicelib.core.rendition import Rendition
from chalicelib.platforms.wordpress import platform
from tests.e2e.tenant import Json, Tenant, made, soon
from tests.platforms.cases import read_rendition
from tests.real.bad_line import Loss
from tests.real.conftest import Reached
from tests.real.debian_packages import INSTALL_SECONDS
from tests.real.pictures import PICTURE
from tests.real.talk import account_of, talked
from tests.real.wordpress_site import User, WordPressSite

# The first run fetches the packages.
pytestmark = [pytest.mark.real, pytest.mark.timeout(INSTALL_SECONDS + 300)]

LINK = "https://example.org/bells?hour=9&year=2026"
TEXT = f"九点钟了 🔔 Nine o'clock: {LINK} <and> all is well."


@pytest.fixture(scope="module")
def site(wordpress: Reached[WordPressSite]) -> WordPressSite:
    return wordpress.server


@pytest.fixture(scope="module")
def editor(site: WordPressSite) -> User:
    return site.create_user("editor", "editor")


@pytest.fixture(scope="module")
def account_id(owner: Tenant, site: WordPressSite, editor: User) -> str:
    return connected(owner, editor, site.url)


def connected(owner: Tenant, user: User, host: str) -> str:
    """The id of the account, connected through our API with an application password."""
    credentials = {"user": user.name, "password": user.password}
    account = owner.connect(platform="wordpress", name="Bell tower", host=host, credentials=credentials)
    assert (account["handle"], account["remote_id"], account["status"]) == (user.name, str(user.id), "connected")
    return str(account["id"])


def published(owner: Tenant, post: Json) -> Json:
    """The post's one target once it is out."""
    ended = owner.ended(post)
    assert ended["status"] == "published", ended["targets"]
    return dict(ended["targets"][0])


@pytest.fixture(scope="module")
def target(owner: Tenant, account_id: str, pictures: str) -> Json:
    """A post with a title, a link, words in several scripts, tags and two pictures, as it was published."""
    media = [
        {"url": f"{pictures}/{name}.png", "alt_text": alt, "width": 24, "height": 16}
        for name, alt in (("bell", '一座钟 "A bell"'), ("rope", "绳子 A rope"))
    ]
    post = owner.post(
        [account_id], title="钟 Bells & ropes", text=TEXT, hashtags=["钟声", "bronze"], media=media, publish="now"
    )
    return published(owner, post)


@pytest.fixture(scope="module")
def there(target: Json, site: WordPressSite, editor: User) -> Json:
    """The post as the site has it."""
    return dict(site.read(f"posts/{target['platform_post_id']}", editor))


def test_its_words_and_title_arrive_as_they_were_written(there: Json) -> None:
    assert there["status"] == "publish"
    assert there["title"]["raw"] == "钟 Bells & ropes"
    assert "九点钟了 🔔 Nine o'clock: " in there["content"]["raw"]
    assert "&lt;and&gt; all is well." in there["content"]["raw"]
    assert f'<a href="{LINK.replace("&", "&amp;")}"' in there["content"]["raw"]


def test_the_answer_says_where_readers_find_it(target: Json, there: Json, site: WordPressSite) -> None:
    assert target["url"] == there["link"]
    seen = httpx.get(f"{site.url}/wp-json/wp/v2/posts/{there['id']}", timeout=60, trust_env=False).json()
    assert "<p>九点钟了 🔔 Nine" in seen["content"]["rendered"]


def test_its_tags_are_made(there: Json, site: WordPressSite, editor: User) -> None:
    names = {site.read(f"tags/{identity}", editor)["name"] for identity in there["tags"]}
    assert names == {"钟声", "bronze"}


def test_the_first_picture_is_featured_and_the_second_in_the_text_both_described(
    there: Json, site: WordPressSite, editor: User
) -> None:
    bell = site.read(f"media/{there['featured_media']}", editor)
    assert bell["alt_text"] == '一座钟 "A bell"'
    assert httpx.get(bell["source_url"], timeout=60, trust_env=False).content == PICTURE
    assert bell["source_url"] not in there["content"]["raw"]
    assert 'alt="绳子 A rope"' in there["content"]["raw"]


@pytest.mark.parametrize("lost", ["answer", "request"])
def test_a_post_that_lost_its_answer_or_itself_on_the_way_is_there_exactly_once(
    owner: Tenant, wordpress: Reached[WordPressSite], lost: Loss
) -> None:
    author = wordpress.server.create_user(f"lost-{lost}", "author")
    account = connected(owner, author, wordpress.line.url)
    wordpress.line.lose(lost, of_put=1)
    target = published(owner, owner.post([account], title="Ten", text="十点钟了。", publish="now"))
    [there] = wordpress.server.posts(author)
    assert (str(there["id"]), there["status"]) == (target["platform_post_id"], "publish")
    assert wordpress.line.puts == [(str(there["id"]), lost), (str(there["id"]), None)]


def test_an_authors_tags_are_made_too(owner: Tenant, site: WordPressSite, editor: User) -> None:
    author = site.create_user("author", "author")
    post = owner.post([connected(owner, author, site.url)], title="Tin", hashtags=["tin"], publish="now")
    there = site.read(f"posts/{published(owner, post)['platform_post_id']}", author)
    assert [site.read(f"tags/{one}", editor)["name"] for one in there["tags"]] == ["tin"]


def test_a_wrong_password_is_refused_and_no_account_is_made(owner: Tenant, site: WordPressSite, editor: User) -> None:
    before = made(owner.api.get("/v1/accounts", params={"limit": 100}))
    credentials = {"user": editor.name, "password": "abcd EFGH 1234 ijkl MNOP 6789"}
    body = {"platform": "wordpress", "name": "Bell tower", "host": site.url, "credentials": credentials}
    refused = owner.api.post("/v1/accounts", json=body)
    [issue] = refused.json()["issues"]
    assert (refused.status_code, issue["code"], issue["path"]) == (422, "credentials_refused", "credentials")
    assert made(owner.api.get("/v1/accounts", params={"limit": 100})) == before


def test_who_may_not_publish_is_told_so(owner: Tenant, site: WordPressSite) -> None:
    user = site.create_user("contributor", "contributor")
    credentials = {"user": user.name, "password": user.password}
    body = {"platform": "wordpress", "name": "Bell tower", "host": site.url, "credentials": credentials}
    [issue] = owner.api.post("/v1/accounts", json=body).json()["issues"]
    assert "may not publish" in issue["message"]


@pytest.mark.parametrize("media", [0, 1])
def test_when_the_password_was_revoked_the_post_fails_and_the_account_asks_to_be_reconnected(
    owner: Tenant, site: WordPressSite, pictures: str, media: int
) -> None:
    leaver = site.create_user(f"leaver-{media}", "editor")
    account = connected(owner, leaver, site.url)
    pictured = [{"url": f"{pictures}/bell.png"}] * media
    post = owner.post([account], title="Two", media=pictured, scheduled_at=soon(8).isoformat())
    site.revoke(leaver)
    target = owner.ended(post)["targets"][0]
    assert target["state"] == "failed"
    assert made(owner.api.get(f"/v1/accounts/{account}"))["status"] == "reconnect_required"


def account(site: WordPressSite, user: User) -> Account:
    """The user's account, connected without the service."""
    credentials = {"user": user.name, "password": user.password}
    return account_of("wordpress", talked(platform.connect(site.url, credentials), site.place))


def job(account: Account, **about: object) -> Job:
    """A publish that is due now."""
    rendition: Rendition = read_rendition("wordpress", {"parts": [{"text": TEXT}], "title": "十一 Eleven", **about})
    return Job("tgt_1", datetime.now(UTC), rendition, account)


@pytest.mark.parametrize("role", ["editor", "author"])
@pytest.mark.parametrize("visibility", ["publish", "private"])
def test_a_post_is_found_only_where_it_is(site: WordPressSite, role: str, visibility: str) -> None:
    author = account(site, site.create_user(f"finder-{role}-{visibility}", role))
    wanted = job(author, visibility=visibility)
    assert talked(platform.find(wanted, 0), site.place) is None
    out = talked(platform.publish(wanted), site.place)
    found = talked(platform.find(wanted, 0), site.place)
    assert found is not None
    assert (str(found.json["id"]), found.json["link"]) == (out.id, out.url)
    later = replace(wanted, due=wanted.due + timedelta(hours=1))
    assert talked(platform.find(later, 0), site.place) is None


def test_comments_are_counted_and_what_was_taken_back_is_gone(site: WordPressSite) -> None:
    user = site.create_user("counter", "editor")
    counter = account(site, user)
    out = talked(platform.publish(job(counter)), site.place)
    site.make("comments", user, {"post": out.id, "content": "说得好 Well said"})
    metrics = talked(platform.measure(counter, out.id), site.place)
    assert metrics is not None
    assert metrics.replies == 1
    for _ in range(2):
        talked(platform.remove(counter, out.id), site.place)
    assert talked(platform.measure(counter, out.id), site.place) is None
    assert talked(platform.find(job(counter), 0), site.place) is None


def test_with_a_revoked_password_everything_wants_connecting_again(site: WordPressSite) -> None:
    user = site.create_user("revoked", "editor")
    revoked = account(site, user)
    out = talked(platform.publish(job(revoked)), site.place)
    site.revoke(user)
    for conversation in (
        platform.publish(job(revoked)),
        platform.find(job(revoked), 0),
        platform.measure(revoked, out.id),
        platform.remove(revoked, out.id),
    ):
        with pytest.raises(ReconnectNeeded):
            talked(conversation, site.place)
