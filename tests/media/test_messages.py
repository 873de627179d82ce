"""What wakes the prober, and what it asks of the function that makes variants."""

import io
import json
from typing import Any

import pytest

from chalicelib.aws.events import each_probe
from chalicelib.aws.lambdas import LambdaPictures, as_json
from chalicelib.aws.sqs import body_of, probe_of
from chalicelib.core.errors import Unavailable
from chalicelib.core.variant import Variant
from chalicelib.ports import Probe
from infra.redrive import described
from tests.fakes import ScriptedClient

PROBE = Probe("ws_1", "med_1")
UPLOADED = json.dumps(
    {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": "b"}, "object": {"key": "uploads/ws_1/med_1", "size": 5}},
            }
        ]
    }
)
TRIAL = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})


@pytest.mark.parametrize("body", [body_of(PROBE), UPLOADED])
def test_a_probe_comes_from_us_or_from_s3(body: str) -> None:
    assert probe_of(body) == PROBE
    assert described("media", body) == "medium med_1 in ws_1"


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"Records": []}', UPLOADED.replace("uploads/ws_1/", ""), '{"workspace_id": 1}', "null"]
)
def test_what_is_no_probe_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=r"message|Expecting"):
        probe_of(body)
    assert described("media", body) is None


def test_what_s3_sends_to_try_the_queue_out_asks_for_nothing() -> None:
    seen: list[Probe] = []
    records = [{"messageId": str(n), "body": body} for n, body in enumerate([TRIAL, UPLOADED, "junk"])]
    assert each_probe({"Records": records}, seen.append) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert each_probe({"Records": records[:1]}, seen.append) == {"batchItemFailures": []}
    assert seen == [PROBE]


def answer(body: Any, **more: str) -> dict[str, Any]:
    return {"Payload": io.BytesIO(json.dumps(body).encode()), **more}


def test_variants_come_back_as_they_were_made() -> None:
    made = [Variant("media/ws_1/x.large.jpg", 4, 3, 100)]
    client = ScriptedClient(answer(as_json(made)))
    assert LambdaPictures("arn", lambda: client).variants("media/ws_1/x.png", ["large"]) == made
    assert json.loads(client.calls[0]["Payload"]) == {"key": "media/ws_1/x.png", "names": ["large"]}


def test_a_function_that_fails_made_none() -> None:
    client = ScriptedClient(answer({"errorMessage": "out of memory"}, FunctionError="Unhandled"))
    with pytest.raises(Unavailable):
        LambdaPictures("arn", lambda: client).variants("media/ws_1/x.png", ["large"])
