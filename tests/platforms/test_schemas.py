"""What goes out is valid by the networks' own schemas, and the check of that can fail."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.conversation import Effect, Request
from chalicelib.service.sandbox import SandboxPost
from tests.platforms.cases import Case, load, run
from tests.platforms.schema import call_faults, faults, record_faults

STATUS = json.loads((Path(__file__).parent / "mastodon-status.schema.json").read_text())
PIN = json.loads((Path(__file__).parent / "pinterest-pin.schema.json").read_text())
POST_ON_X = json.loads((Path(__file__).parent / "x-post.schema.json").read_text())


def created(case: Case) -> list[Any]:
    steps, _ = run(case.start(), case.replies)
    return [step.json for step in steps if isinstance(step, Request) and step.effect is Effect.CREATE]


def cases(platform: str) -> list[Case]:
    return [case for case in load("publish") if case.platform == platform]


@pytest.mark.parametrize("case", cases("bluesky"), ids=str)
def test_every_record_is_valid_by_its_lexicon(case: Case) -> None:
    assert [record_faults(body["record"]) for body in created(case)] == [[] for _ in created(case)]


@pytest.mark.parametrize("case", cases("bluesky"), ids=str)
def test_every_facet_covers_what_it_means(case: Case) -> None:
    for body in created(case):
        text = body["record"]["text"].encode()
        for facet in body["record"].get("facets", []):
            covered = text[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
            kind = facet["features"][0]["$type"].rpartition("#")[2]
            assert covered.startswith({"mention": ("@",), "tag": ("#", "$"), "link": ("https://",)}[kind])


@pytest.mark.parametrize("case", cases("mastodon"), ids=str)
def test_every_status_is_valid_by_the_api_description(case: Case) -> None:
    assert [list(faults(STATUS, body)) for body in created(case)] == [[] for _ in created(case)]


@pytest.mark.parametrize("case", cases("pinterest"), ids=str)
def test_every_pin_is_valid_by_the_api_description(case: Case) -> None:
    assert [list(faults(PIN, body)) for body in created(case)] == [[] for _ in created(case)]


@pytest.mark.parametrize("case", cases("x"), ids=str)
def test_every_post_on_x_is_valid_by_the_api_description(case: Case) -> None:
    assert [list(faults(POST_ON_X, body)) for body in created(case)] == [[] for _ in created(case)]


@pytest.mark.parametrize("case", cases("sandbox"), ids=str)
def test_the_sandbox_takes_every_message(case: Case) -> None:
    for body in created(case):
        assert SandboxPost.model_validate(body).reference == body["reference"]


@pytest.mark.parametrize("case", cases("mastodon"), ids=str)
def test_a_status_has_something_to_show(case: Case) -> None:
    for body in created(case):
        assert body["status"] or body["media_ids"] or body["poll"]
        assert not ("poll" in body and "media_ids" in body)


GOOD: dict[str, Any] = {
    "$type": "app.bsky.feed.post",
    "text": "早安 #鐘",
    "createdAt": "2026-11-23T09:00:00.000Z",
    "facets": [
        {
            "index": {"byteStart": 7, "byteEnd": 11},
            "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "鐘"}],
        }
    ],
    "embed": {
        "$type": "app.bsky.embed.images",
        "images": [
            {"image": {"$type": "blob", "ref": {"$link": "bafk"}, "mimeType": "image/png", "size": 9}, "alt": ""}
        ],
    },
}
BAD = [
    (("text",), "a" * 301),
    (("text",), "鐘" * 1001),
    (("text",), 7),
    (("createdAt",), "2026-11-23T09:00:00"),
    (("mood",), "good"),
    (("langs",), ["en", "de", "fr", "zh"]),
    (("langs",), "en"),
    (("facets", 0, "index", "byteStart"), -1),
    (("facets", 0, "index"), {"byteStart": 7}),
    (("facets", 0, "features", 0), {"$type": "app.bsky.richtext.facet#bell", "tag": "鐘"}),
    (("facets", 0, "features", 0), {"$type": "app.bsky.richtext.facet#mention", "did": "alice.test"}),
    (("embed", "images", 0, "alt"), None),
    (("embed", "images", 0, "image", "size"), 2_000_001),
    (("embed", "images", 0, "image", "mimeType"), "video/mp4"),
    (("embed", "images", 0, "image"), {"$link": "bafk"}),
    (("embed", "$type"), "app.bsky.embed.gifs"),
    (("reply",), {"root": {"uri": "at://did:plc:a/app.bsky.feed.post/3k", "cid": "bafyreiaaaaaaaaa"}}),
]


def test_the_check_accepts_a_good_record() -> None:
    assert record_faults(GOOD) == []


@pytest.mark.parametrize(("place", "value"), BAD)
def test_the_check_refuses_a_bad_record(place: tuple[Any, ...], value: Any) -> None:
    record = copy.deepcopy(GOOD)
    spot: Any = record
    for step in place[:-1]:
        spot = spot[step]
    spot[place[-1]] = value
    assert record_faults(record)


@pytest.mark.parametrize(
    "body", [{"status": 7}, {"status": "a", "visibility": "secret"}, {"poll": {"options": []}}, {"sensitive": "yes"}]
)
def test_the_check_refuses_a_bad_status(body: dict[str, Any]) -> None:
    assert list(faults(STATUS, body))


def telegram_calls(case: Case) -> list[tuple[str, dict[str, Any]]]:
    """The method and the parameters of every request; what is no word in a form is JSON there."""
    steps, _ = run(case.start(), case.replies)
    calls = []
    for step in steps:
        assert isinstance(step, Request)
        form = {name: value if name in WORDS else json.loads(value) for name, value in (step.form or {}).items()}
        files = {name: media for name, media in step.files.items() if f"attach://{name}" not in str(step.form)}
        calls += [(step.url.rpartition("/")[2], {**(step.json or form), **files})]
    return calls


WORDS = frozenset({"chat_id", "caption", "url", "secret_token"})


@pytest.mark.parametrize("case", [case for case in load() if case.platform == "telegram"], ids=str)
def test_every_call_is_valid_by_telegrams_list_of_methods(case: Case) -> None:
    calls = telegram_calls(case)
    assert [call_faults(*call) for call in calls] == [[] for _ in calls]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sendBell", {}),
        ("sendMessage", {"chat_id": "@a"}),
        ("sendMessage", {"chat_id": "@a", "text": 7}),
        ("sendMessage", {"chat_id": "@a", "text": "a", "loud": True}),
        ("sendMessage", {"chat_id": "@a", "text": "a", "reply_parameters": {"message_id": "7"}}),
        ("sendPhoto", {"chat_id": "@a", "photo": 7}),
        ("sendMediaGroup", {"chat_id": "@a", "media": [{"type": "photo"}]}),
        ("sendPoll", {"chat_id": "@a", "question": "a", "options": ["b"]}),
    ],
)
def test_the_check_refuses_a_bad_call(method: str, params: dict[str, Any]) -> None:
    assert call_faults(method, params)
