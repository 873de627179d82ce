"""One id tells a post's whole life: from the API call through alarm, queue and publish to webhooks and callbacks."""

import json
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zlib import compress

import pytest

from chalicelib.core.errors import MaybeSent
from chalicelib.core.timing import stamp
from chalicelib.core.trace import is_trace_id, trace_id_in
from chalicelib.ports import Heard, Put
from chalicelib.service.ingest import ingest
from chalicelib.service.recur import recur
from tests.api.client import Api
from tests.fakes import world
from tests.service.conftest import Stage
from tests.service.test_webhooks import DESK, Scene, Town

TRACE, OTHER = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"
Json = dict[str, Any]


def header(trace_id: str) -> str:
    return f"00-{trace_id}-00f067aa0ba902b7-01"


@dataclass(kw_only=True)
class Journal(Scene):
    """A scene that is used over HTTP, and what its lines say."""

    client: Api
    capsys: pytest.CaptureFixture[str]
    lines: list[Json] = field(default_factory=list)

    def read_lines(self) -> list[Json]:
        self.lines += [json.loads(line) for line in self.capsys.readouterr().out.splitlines()]
        return self.lines

    def of(self, post_id: str) -> list[Json]:
        """What lines say of a post, but for those that only measure."""
        return [one for one in self.read_lines() if one.get("post") == post_id and "_aws" not in one]

    def events(self, post_id: str) -> list[str]:
        return [one["event"] for one in self.of(post_id)]

    def post(self, trace_id: str = TRACE, **fields: Any) -> Json:
        fields = {"text": "Nine o'clock", "targets": [{"account_id": self.accounts[0]}], **fields}
        answer = self.client.post("/v1/posts", fields, traceparent=header(trace_id))
        assert answer.status_code == 202, answer.body
        return dict(answer.json_body)

    def hear(self, post: Json, *kinds: str) -> None:
        """A tool tells what people did with the post."""
        (target,) = self.client.get(f"/v1/posts/{post['id']}").json_body["targets"]
        for number, kind in enumerate(kinds):
            about = {"kind": kind, "actor": "ringer", "post_id": target["platform_post_id"]}
            event = {"type": "engagement", "timestamp": stamp(self.now), "data": about}
            body = b64encode(compress(json.dumps(event).encode())).decode()
            kept = json.dumps({"webhook-id": f"evt_{number}"})
            heard = Heard(self.workspace_id, target["account_id"], "standard", stamp(self.now), kept, body)
            assert ingest(self.world, {"1": heard}) == []


@pytest.fixture
def journal(capsys: pytest.CaptureFixture[str]) -> Journal:
    town = Town()
    fakes = world(web=town)
    town.world = fakes
    client = Api(fakes)
    return Journal(fakes, town, client.workspace_id, [client.account()], client=client, capsys=capsys)


def test_one_id_is_in_every_line_from_the_api_call_to_the_webhook_and_the_callback(journal: Journal) -> None:
    journal.hook()
    post = journal.post(scheduled_at=stamp(journal.now + timedelta(hours=1)))
    journal.hand_over()
    journal.let_pass(3700)
    journal.hand_over()
    journal.hear(post, "like", "comment", "like")
    said = journal.of(post["id"])
    assert {one["trace_id"] for one in said} == {TRACE}
    assert {one["workspace"] for one in said} == {journal.workspace_id}
    assert {one["target"] for one in said if one["event"] != "accepted"} == {post["targets"][0]["id"]}
    assert [one["event"] for one in said] == [
        *("accepted", "scheduled", "told", "delivered"),
        *("dispatched", "claimed", "leaving", "answered", "published", "told", "delivered"),
        *("counted", "counted", "counted"),
    ]
    assert [one["attempt"] for one in said if one["event"] in ("claimed", "answered", "published")] == [1, 1, 1]
    (request,) = [one for one in journal.lines if one.get("path") == "/v1/posts"]
    assert (request["trace_id"], request["status"]) == (TRACE, 202)
    (measured,) = [one for one in journal.lines if "PublishLatenessMs" in one]
    assert (measured["trace_id"], measured["post"]) == (TRACE, post["id"])
    assert {trace_id_in(request.headers["traceparent"]) for request in journal.town.got} == {TRACE}
    assert post["trace_id"] == TRACE


def test_no_network_is_told_a_trace(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    send = journal.town.send

    def sending(request: Any) -> Any:
        asked.append(request)
        return send(request)

    monkeypatch.setattr(journal.town, "send", sending)
    journal.post(publish="now")
    journal.let_pass(10)
    assert asked
    assert not [one for one in asked if TRACE in str((one.headers, one.url, one.json, one.form, one.content))]


def test_without_a_sound_trace_a_post_begins_one_and_the_answer_says_which(journal: Journal) -> None:
    draft = {"text": "Nine", "targets": [{"account_id": journal.accounts[0]}]}
    found = list[str]()
    for sent in ("", "00-broken", header("0" * 32)):
        answer = journal.client.post("/v1/posts", draft, traceparent=sent)
        found.append(answer.json_body["trace_id"])
        assert is_trace_id(found[-1])
        assert trace_id_in(answer.headers["traceparent"]) == found[-1]
    assert len(set(found)) == 3


def test_every_answer_names_its_trace_refusals_too(journal: Journal) -> None:
    for method, path, key in (
        ("GET", "/v1/posts", journal.client.key),
        ("GET", "/v1/posts/none", journal.client.key),
        ("POST", "/v1/posts", ""),
        ("GET", "/v1/healthz", ""),
    ):
        bearer = f"Bearer {key}" if key else ""
        answer = journal.client.send(method, path, traceparent=header(TRACE), authorization=bearer)
        assert trace_id_in(answer.headers["traceparent"]) == TRACE
        assert answer.headers["traceparent"] != header(TRACE)
    refused = [(one["method"], one["status"]) for one in journal.read_lines() if one.get("event") == "request"]
    assert refused[-2:] == [("GET", 404), ("POST", 401)]


def test_who_moves_a_post_later_is_named_beside_the_trace_that_the_post_keeps(journal: Journal) -> None:
    post = journal.post(scheduled_at=stamp(journal.now + timedelta(hours=1)))
    for act in ("hold", "resume", "cancel"):
        journal.client.post(f"/v1/posts/{post['id']}/{act}", traceparent=header(OTHER))
    moved = journal.of(post["id"])[2:]
    assert [one["event"] for one in moved] == ["held", "resumed", "cancelled"]
    assert {(one["trace_id"], one["by_trace_id"]) for one in moved} == {(TRACE, OTHER)}


def test_an_edit_keeps_the_trace_and_gives_it_to_what_is_new(journal: Journal) -> None:
    post = journal.post(scheduled_at=stamp(journal.now + timedelta(hours=1)))
    more = [{"account_id": one} for one in (journal.accounts[0], journal.client.account())]
    path = f"/v1/posts/{post['id']}"
    assert journal.client.patch(path, {"targets": more}, traceparent=header(OTHER)).json_body["trace_id"] == TRACE
    edited = journal.of(post["id"])[2:]
    assert [(one["event"], one["trace_id"], one["by_trace_id"]) for one in edited] == [
        ("edited", TRACE, OTHER),
        ("scheduled", TRACE, OTHER),
    ]
    journal.client.delete(path, traceparent=header(OTHER))
    assert journal.events(post["id"])[-1] == "deleted"


def test_the_posts_of_a_batch_share_the_requests_trace(journal: Journal) -> None:
    posts = [
        {"key": f"k{number}", "text": f"Nine {number}", "targets": [{"account_id": journal.accounts[0]}]}
        for number in range(12)
    ]
    batch = journal.client.post("/v1/posts/batch", {"posts": posts}, traceparent=header(TRACE)).json_body
    made = [one["post_id"] for one in batch["data"]]
    sheet = "text,accounts\nTen," + journal.accounts[0]
    imported = journal.client.post("/v1/posts/import", {"csv": sheet}, traceparent=header(TRACE)).json_body
    made += [one["post_id"] for one in imported["data"]]
    assert None not in made, imported
    for post_id in made:
        assert journal.client.get(f"/v1/posts/{post_id}").json_body["trace_id"] == TRACE
        assert {one["trace_id"] for one in journal.of(post_id)} == {TRACE}


def test_each_post_that_a_schedule_makes_by_itself_has_a_trace_of_its_own(journal: Journal) -> None:
    journal.client.schedule()
    at_once = {one["id"] for one in journal.client.get("/v1/posts").json_body["data"]}
    journal.world.clock.advance(days=3)
    recur(journal.world)
    made = [one for one in journal.client.get("/v1/posts").json_body["data"] if one["id"] not in at_once]
    traces = {one["trace_id"] for one in made}
    assert len(made) == len(traces) > 2
    assert all(map(is_trace_id, traces))


def test_what_becomes_of_a_doubt_is_told_step_by_step(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    send = journal.town.send

    def lost(request: Any) -> Any:
        reply = send(request)
        if request.effect == "create" and "/hook" not in request.url:
            monkeypatch.setattr(journal.town, "send", send)
            raise MaybeSent("the line was cut")
        return reply

    monkeypatch.setattr(journal.town, "send", lost)
    post = journal.post(publish="now")
    journal.let_pass(600)
    assert journal.events(post["id"])[2:] == [
        "claimed",
        "leaving",
        "unanswered",
        "unconfirmed",
        "claimed",
        "read_back",
        "published",
    ]
    assert {one["trace_id"] for one in journal.of(post["id"])} == {TRACE}


def test_what_the_sweep_wakes_is_named(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    post = stage.create(due_in=700, targets=[{"account_id": stage.accounts[0]}])
    stage.let_pass(800, alarms=False)
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (woken,) = [one for one in said if one.get("event") == "swept_up"]
    assert (woken["target"], woken["trace_id"]) == (post.targets[0].id, post.post.trace_id)


def test_what_was_made_before_there_were_traces_goes_out_without_one(journal: Journal) -> None:
    post = journal.post(scheduled_at=stamp(journal.now + timedelta(hours=1)))
    for item in journal.world.table.everything:
        item.doc.pop("trace_id", None)
        place = item.open and item.open._replace(sk=item.open.sk.removesuffix(f"#{TRACE}"))
        journal.world.table.write(Put(replace(item, open=place), expect=None))
    assert TRACE not in str(journal.world.table.everything)
    journal.hook()
    journal.let_pass(3700)
    journal.hand_over()
    (target,) = journal.client.get(f"/v1/posts/{post['id']}").json_body["targets"]
    assert target["state"] == "published"
    assert "trace_id" not in next(one for one in journal.of(post["id"]) if one["event"] == "published")
    assert journal.town.types(DESK)[-1] == "target.published"
