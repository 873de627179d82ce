"""Networks that take posts from people only: what we get ready for those, and that nothing is sent."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.core.account import Account
from chalicelib.core.conversation import Bundle, Job
from chalicelib.core.errors import Rejected
from chalicelib.platforms import names, platform
from chalicelib.platforms.douyin import share_link
from chalicelib.platforms.kinds import Assisted
from tests.platforms.cases import DUE, read_rendition, run

BY_HAND = [name for name in names() if platform(name).publishing == "assisted"]
FILM = {"url": "https://cdn.example/ring.mp4", "kind": "video"}
PICTURES = [{"url": f"https://cdn.example/{number}.jpg", "alt_text": f"Bell {number}."} for number in (1, 2)]
TOPIC = {"type": "hashtag", "start": 4, "end": 6, "value": "#钟"}


def job(name: str, **about: Any) -> Job:
    post = {"title": "十口钟", "parts": [{"text": "响起来 #钟", "markup": [TOPIC], "media": PICTURES}], **about}
    account = Account("acc_1", "ws_1", name, "Brand", handle="钟楼")
    return Job("tgt_1", datetime.fromisoformat(DUE), read_rendition(name, post), account)


def bundle(name: str, **about: Any) -> Bundle:
    network = platform(name)
    assert isinstance(network, Assisted)
    return network.bundle(job(name, **about))


def test_these_networks_are_for_people() -> None:
    assert BY_HAND == ["douyin", "toutiao", "xiaohongshu", "zhihu"]


@pytest.mark.parametrize("name", BY_HAND)
def test_connecting_asks_for_a_name_and_nobody_else(name: str) -> None:
    _, connected = run(platform(name).connect("", {"handle": " 钟楼 "}), [])
    assert (connected.handle, connected.remote_id, connected.secrets) == ("钟楼", "钟楼", {})


@pytest.mark.parametrize("name", BY_HAND)
def test_nothing_is_sent_and_nothing_is_looked_up(name: str) -> None:
    steps, end = run(platform(name).publish(job(name)), [])
    assert (steps, type(end), end.code) == ([], Rejected, "assisted")
    assert not platform(name).idempotency(job(name).account).readable
    with pytest.raises(NotImplementedError):
        next(platform(name).find(job(name), 0))


@pytest.mark.parametrize("name", BY_HAND)
def test_a_bundle_has_all_that_a_person_needs(name: str) -> None:
    ready = bundle(name, card={"url": "https://carillon.example/1"}, first_comment="全文", tags=["声音", "钟"])
    assert ready.text.startswith("响起来 #钟")
    assert (ready.title, ready.link, ready.comment) == ("十口钟", "https://carillon.example/1", "全文")
    assert ready.media == ("https://cdn.example/1.jpg", "https://cdn.example/2.jpg")
    assert ready.tags == ("声音", "钟")
    assert ready.where.startswith("https://")


def test_a_document_for_zhihu_names_its_pictures() -> None:
    assert bundle("zhihu").text.endswith(
        "![Bell 1.](https://cdn.example/1.jpg)\n\n![Bell 2.](https://cdn.example/2.jpg)"
    )


def test_douyins_app_takes_over_pictures() -> None:
    share = bundle("douyin", visibility="1").share
    assert json.loads(share.pop("image_list_path")) == ["https://cdn.example/1.jpg", "https://cdn.example/2.jpg"]
    assert share == {"share_type": "h5", "title": "响起来 #钟", "short_title": "十口钟", "private_status": "1"}


def test_douyins_app_takes_over_a_film_without_a_title_that_is_too_long_for_it() -> None:
    share = bundle("douyin", title="十口钟和它们在塔楼上的声音", parts=[{"text": "响", "media": [FILM]}]).share
    film = {"video_path": "https://cdn.example/ring.mp4", "share_to_publish": "1"}
    assert share == {"share_type": "h5", "title": "响", **film}


def test_a_link_into_douyins_app_is_signed_as_its_documentation_shows() -> None:
    ticket = "@ml6sqYBGgTKmQNajnKNkaj8yksCAY++adIhlGIqfTiKyvBqOIkzdJ6WRgP+nO+wtVItqKbX4iZ+mFIYkyPJjpQ=="
    now = datetime.fromtimestamp(1650941858, UTC)
    link = urlsplit(share_link({"title": "一 二"}, "tt10", ticket, "Wm3WZYTPz0wzccnW", now, "s1"))
    assert (link.scheme, link.netloc, link.path) == ("snssdk1128", "openplatform", "/share")
    said = {name: values[0] for name, values in parse_qs(link.query).items()}
    assert said["signature"] == "3f7b739a91a52cb7d85c4f89c5f611fe"
    assert (said["title"], said["state"], said["client_key"]) == ("一 二", "s1", "tt10")
    assert "+" not in link.query
