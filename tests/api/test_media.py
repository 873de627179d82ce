"""/v1/media: promise, upload or fetch, look, and use in posts."""

from typing import Any

import pytest

from chalicelib.core.conversation import Reply
from chalicelib.core.errors import NotSent, Unavailable
from chalicelib.core.medium import KEPT_FOR, MOST_BYTES
from chalicelib.core.probe import EXTENSIONS
from chalicelib.ports import Probe
from chalicelib.service import media, probe
from tests.api.client import Api, issues, problem
from tests.media import samples

Json = dict[str, Any]
ANYWHERE = "https://example.org/bells"


def uploaded(client: Api, data: bytes, content_type: str = "image/jpeg") -> Json:
    """A medium as it is after its upload was looked at."""
    answer = client.post("/v1/media", {"content_type": content_type, "bytes": len(data)})
    assert answer.status_code == 201
    client.world.files.put(answer.json_body["upload"]["url"], data)
    probe.look(client.world, (message := Probe(client.workspace_id, answer.json_body["id"])))
    return dict(client.get(f"/v1/media/{message.medium_id}").json_body)


def fetched(client: Api, answer: Any) -> Json:
    """A medium as it is after it was fetched and looked at."""
    client.world.web.expect(f"GET {ANYWHERE}", answer)
    made = client.post("/v1/media", {"url": ANYWHERE})
    assert (made.status_code, made.json_body["state"], made.json_body["upload"]) == (202, "probing", None)
    for message in client.world.probes.receive():
        probe.look(client.world, message)
    return dict(client.get(f"/v1/media/{made.json_body['id']}").json_body)


def test_a_medium_is_promised_uploaded_looked_at_and_ready(client: Api) -> None:
    data = samples.jpeg()
    answer = client.post("/v1/media", {"content_type": "image/jpeg", "bytes": len(data)})
    made = answer.json_body

    assert answer.headers["Location"] == f"https://carillon.test/api/v1/media/{made['id']}"
    assert (made["state"], made["kind"], made["width"]) == ("awaiting_upload", None, None)
    assert made["upload"]["method"] == "PUT"
    assert made["upload"]["headers"] == {"Content-Type": "image/jpeg", "Content-Length": str(len(data))}
    key = client.world.files.put(made["upload"]["url"], data)
    assert key == f"uploads/{client.workspace_id}/{made['id']}"
    probe.look(client.world, Probe(client.workspace_id, made["id"]))

    found = client.get(f"/v1/media/{made['id']}").json_body
    assert (found["state"], found["kind"], found["mime_type"]) == ("ready", "image", "image/jpeg")
    assert (found["width"], found["height"], found["bytes"]) == (640, 480, len(data))
    assert found["problems"] == []


def test_a_medium_is_fetched_looked_at_and_ready(client: Api) -> None:
    found = fetched(client, Reply(200, body=samples.film()))
    assert (found["state"], found["kind"], found["mime_type"]) == ("ready", "video", "video/mp4")
    assert (found["width"], found["height"], found["duration_seconds"]) == (1920, 1080, 12.5)
    assert found["source_url"] == ANYWHERE


def test_the_copy_that_is_sent_holds_no_place_and_lies_where_its_uploader_cannot_write(client: Api) -> None:
    uploaded(client, samples.jpeg())
    [(key, kept)] = [each for each in client.world.files.stored.items() if each[0].startswith("media/")]
    assert not [place for place in samples.PLACES if place in kept]
    assert key.endswith(".jpg")
    assert len(key.rpartition("/")[2]) >= 40, "nobody guesses it"


@pytest.mark.parametrize("data", [b"", b"<html>", samples.jpeg()[:-5]])
def test_what_is_no_medium_is_refused_with_its_problem(client: Api, data: bytes) -> None:
    for found in (
        (uploaded(client, data), fetched(client, Reply(200, body=data))) if data else (fetched(client, Reply(200)),)
    ):
        assert found["state"] == "refused"
        assert [flaw["code"] in ("empty", "unsupported_type", "cut_off") for flaw in found["problems"]] == [True]
    assert not [key for key in client.world.files.stored if key.startswith("media/")]


def test_a_medium_is_what_its_bytes_say_whatever_was_declared(client: Api) -> None:
    found = uploaded(client, samples.gif(), content_type="image/png")
    assert (found["state"], found["kind"], found["mime_type"]) == ("ready", "gif", "image/gif")


def test_a_medium_that_cannot_be_fetched_is_refused_with_its_problem(client: Api) -> None:
    found = fetched(client, NotSent("medium at example.org: answered 404"))
    assert found["problems"] == [{"code": "not_fetched", "message": "medium at example.org: answered 404"}]


def test_an_upload_larger_than_anything_we_take_is_refused(client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "MOST_BYTES", 100)
    assert uploaded(client, samples.jpeg())["problems"][0]["code"] == "too_large"


def test_being_looked_at_twice_or_too_early_changes_nothing(client: Api) -> None:
    made = client.post("/v1/media", {"content_type": "image/png", "bytes": 5}).json_body
    message = Probe(client.workspace_id, made["id"])
    probe.look(client.world, message)
    assert client.get(f"/v1/media/{made['id']}").json_body["state"] == "awaiting_upload"
    client.world.files.put(made["upload"]["url"], samples.png())
    probe.look(client.world, message)
    once = client.get(f"/v1/media/{made['id']}").json_body
    client.world.files.put(made["upload"]["url"], samples.gif())
    probe.look(client.world, message)
    assert client.get(f"/v1/media/{made['id']}").json_body == once


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, [("content_type", "required"), ("bytes", "required")]),
        ({"bytes": 5}, [("content_type", "required")]),
        ({"url": ANYWHERE, "bytes": 5}, [("bytes", "contradiction")]),
        ({"content_type": "image/svg+xml", "bytes": 5}, [("content_type", "literal_error")]),
        ({"content_type": "image/png", "bytes": 0}, [("bytes", "greater_than")]),
        ({"content_type": "image/png", "bytes": MOST_BYTES + 1}, [("bytes", "less_than_equal")]),
        ({"url": "ftp://example.org/x"}, [("url", "string_pattern_mismatch")]),
        ({"url": ANYWHERE, "name": "x"}, [("name", "unknown_field")]),
    ],
)
def test_what_is_wrong_with_a_promise_is_named(client: Api, body: Json, wrong: list[tuple[str, str]]) -> None:
    assert issues(client.post("/v1/media", body)) == wrong


def test_an_address_that_may_not_be_called_is_refused_at_once(client: Api) -> None:
    client.world.web.objections[ANYWHERE] = "is not a public address"
    answer = client.post("/v1/media", {"url": ANYWHERE})
    problem(answer, 422, "validation_failed")
    assert issues(answer) == [("url", "unreachable_url")]
    assert client.world.probes.waiting == []


def test_the_types_that_may_be_promised_are_those_that_are_known() -> None:
    assert set(media.TYPES) == set(EXTENSIONS)


def test_the_same_promise_twice_is_one_medium(client: Api) -> None:
    body = {"content_type": "image/png", "bytes": 5}
    first = client.post("/v1/media", body, idempotency_key="once")
    again = client.post("/v1/media", body, idempotency_key="once")
    assert again.json_body == first.json_body
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_post_takes_a_medium_by_its_id_with_all_that_is_known_of_it(client: Api) -> None:
    found = uploaded(client, samples.png(), "image/png")
    post = client.created(media=[{"id": found["id"], "alt_text": "The tower"}])

    [shown] = post["media"]
    assert (shown["id"], shown["alt_text"]) == (found["id"], "The tower")
    assert (shown["width"], shown["height"], shown["mime_type"]) == (320, 200, "image/png")
    assert shown["url"] == client.world.files.address(next(iter(client.world.files.kept)))
    assert client.get(f"/v1/posts/{post['id']}").json_body["media"] == [shown]
    edited = client.patch(f"/v1/posts/{post['id']}", {"text": "Dong ding"}).json_body
    assert edited["media"] == [shown]


def test_a_target_may_have_its_own_medium(client: Api) -> None:
    found = uploaded(client, samples.png(), "image/png")
    targets = [{"account_id": client.account(), "overrides": {"media": [{"id": found["id"]}]}}]
    overrides = client.created(targets=targets)["targets"][0]["overrides"]
    assert overrides["media"][0]["width"] == 320
    assert overrides.keys() == {"media"}


def test_a_preview_knows_the_medium_too(client: Api) -> None:
    found = uploaded(client, samples.png(), "image/png")
    answer = client.post("/v1/renditions", client.draft(media=[{"id": found["id"]}]))
    [shown] = answer.json_body["renditions"][0]["parts"][0]["media"]
    assert (shown["height"], shown["bytes"]) == (200, len(samples.png()))
    assert client.world.files.kept == set(), "a preview keeps nothing"


def test_a_medium_that_cannot_be_sent_is_an_issue_of_the_post(client: Api) -> None:
    waiting = client.post("/v1/media", {"content_type": "image/png", "bytes": 5}).json_body["id"]
    wrong = uploaded(client, b"<html>")["id"]
    theirs = uploaded(client.stranger(), samples.png())["id"]
    wanted = [{"id": each} for each in (waiting, wrong, theirs, "med_1")]
    for path in ("/v1/posts", "/v1/renditions"):
        answer = client.post(path, client.draft(media=wanted))
        found = [issue for issue in issues(answer) if issue[0].startswith("media[")]
        assert found == [
            ("media[0].id", "media_not_ready"),
            ("media[1].id", "media_refused"),
            ("media[2].id", "unknown_media"),
            ("media[3].id", "unknown_media"),
        ]
    answer = client.post("/v1/posts", client.draft(media=[{"alt_text": "of nothing"}]))
    assert issues(answer) == [("media[0]", "invalid_value")]


def test_an_unused_medium_is_gone_after_29_days_and_a_used_one_stays(client: Api) -> None:
    unused, used = uploaded(client, samples.png()), uploaded(client, samples.gif())
    client.created(media=[{"id": used["id"]}])
    client.world.clock.advance(KEPT_FOR.total_seconds())
    problem(client.get(f"/v1/media/{unused['id']}"), 404, "not_found")
    assert client.get(f"/v1/media/{used['id']}").json_body["expires_at"] is None
    assert len(client.world.files.kept) == 1


def test_a_network_that_takes_only_jpeg_gets_the_variant_that_was_made(client: Api) -> None:
    client.world.pictures.sizes = [(320, 200, 9_000), (160, 100, 4_000)]
    found = uploaded(client, samples.png(), "image/png")
    wanted = [{"id": found["id"], "alt_text": "The tower"}]
    answer = client.post("/v1/renditions", {"media": wanted, "targets": [{"platform": "instagram"}]})
    [rendition] = answer.json_body["renditions"]
    [shown] = rendition["parts"][0]["media"]
    assert shown["url"].endswith(".large.jpg")
    assert (shown["mime_type"], shown["width"], shown["alt_text"]) == ("image/jpeg", 320, "The tower")
    [change] = [each for each in rendition["changes"] if each["code"] == "media_converted"]
    assert (change["after"], change["rule"]["id"]) == (shown["url"], "instagram.image.types")


def test_a_network_that_takes_the_medium_itself_gets_that(client: Api) -> None:
    client.world.pictures.sizes = [(320, 200, 9_000), (160, 100, 4_000)]
    found = uploaded(client, samples.png(), "image/png")
    answer = client.post("/v1/renditions", {"media": [{"id": found["id"]}], "targets": [{"platform": "mastodon"}]})
    assert answer.json_body["renditions"][0]["parts"][0]["media"][0]["mime_type"] == "image/png"


def test_what_a_post_uses_is_kept_with_its_variants(client: Api) -> None:
    client.world.pictures.sizes = [(320, 200, 9_000), (160, 100, 4_000)]
    found = uploaded(client, samples.png(), "image/png")
    client.created(media=[{"id": found["id"]}])
    assert sorted(key.partition(".")[2] for key in client.world.files.kept) == ["large.jpg", "png", "small.jpg"]


def test_a_medium_is_ready_without_variants_where_they_cannot_be_made(client: Api) -> None:
    def fail(key: str, names: object) -> list[Any]:
        raise Unavailable("lambda: ReadTimeoutError")

    object.__setattr__(client.world.pictures, "variants", fail)
    assert uploaded(client, samples.png(), "image/png")["state"] == "ready"
