"""A post's life out of the logs, as `make trace` prints it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.trace import life, question, told

TRACE, OTHER = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"


def line(second: int, event: str, **facts: Any) -> str:
    return json.dumps({"at": f"2026-11-23T09:00:{second:02d}.123Z", "event": event, **facts})


POST = {"workspace": "ws_1", "post": "post_1", "trace_id": TRACE}
SAID = {
    "/carillon/local/api": [
        "START RequestId: 1",
        line(1, "accepted", **POST, targets=1),
        line(1, "accepted", **{**POST, "post": "post_2"}, targets=1),
        line(2, "request", workspace="ws_1", trace_id=TRACE, status=200, path="/v1/posts/batch"),
        line(3, "held", **POST, target="tgt_1", by_trace_id=OTHER),
        line(4, "request", workspace="ws_1", trace_id=OTHER, status=202, path="/v1/posts/{post_id}/hold"),
        line(5, "request", workspace="ws_1", trace_id="f" * 32, status=202),
    ],
    "/carillon/local/ingest": [line(9, "counted", **POST, kinds={"like": 2})],
    "/carillon/local/publish": [
        line(8, "published", **POST, target="tgt_1", lateness_ms=12),
        json.dumps({"at": "2026-11-23T09:00:08.124Z", "_aws": {}, **POST}),
    ],
    "/carillon/prod/api": [line(1, "accepted", **POST)],
}


@dataclass
class Logs:
    """CloudWatch Logs, as far as this asks it; a page holds one thing."""

    asked: str = ""

    def get_paginator(self, asked: str) -> "Logs":
        return Logs(asked)

    def paginate(self, **wanted: str) -> Iterator[dict[str, Any]]:
        if self.asked == "describe_log_groups":
            for name in SAID:
                if name.startswith(wanted["logGroupNamePrefix"]):
                    yield {"logGroups": [{"logGroupName": name}]}
        else:
            for said in SAID[wanted["logGroupName"]]:
                if wanted["filterPattern"].strip('"') in said:
                    yield {"events": [{"message": said}]}


def test_a_life_is_what_names_the_post_and_what_its_traces_say_of_no_other() -> None:
    found = life(Logs(), "local", "post_1")
    assert [(one.function, one.said["event"]) for one in found] == [
        ("api", "accepted"),
        ("api", "request"),
        ("api", "held"),
        ("api", "request"),
        ("publish", "published"),
        ("ingest", "counted"),
    ]


def test_it_is_printed_for_people() -> None:
    assert told(life(Logs(), "local", "post_1"), "post_1").splitlines() == [
        "post_1 of ws_1",
        f"trace {TRACE}",
        "",
        "2026-11-23, UTC",
        "09:00:01.123  api        accepted       targets 1",
        "09:00:02.123  api        request        status 200, path /v1/posts/batch",
        f"09:00:03.123  api        held           target tgt_1, by_trace_id {OTHER}",
        f"09:00:04.123  api        request        status 202, path /v1/posts/{{post_id}}/hold, trace {OTHER}",
        "09:00:08.123  publish    published      target tgt_1, lateness_ms 12",
        '09:00:09.123  ingest     counted        kinds {"like": 2}',
    ]


def test_of_a_post_that_nobody_knows_it_says_so() -> None:
    assert "say nothing of post_9" in told(life(Logs(), "local", "post_9"), "post_9")


def test_for_a_stage_it_says_what_to_ask() -> None:
    asked = question("prod", "post_1")
    assert "/carillon/prod/*" in asked
    assert 'filter post = "post_1" or trace_id = ' in asked
