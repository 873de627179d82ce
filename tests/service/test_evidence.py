"""What is on record: attempts, timelines and receipts, as an agency's client can check them."""

import base64
import dataclasses
import json
from typing import Any

import jwt
import pytest

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.receipt import canonical
from chalicelib.service import evidence, records
from chalicelib.service.reading import Whole
from chalicelib.service.records import TargetKey
from tests.fakes import FakeChance, world
from tests.service.conftest import Stage

LONG = " ".join(f"Sentence number {number} of a long announcement." for number in range(40))


def published(stage: Stage, fault: str | None = None, **fields: Any) -> Whole:
    target = {"account_id": stage.accounts[0], "options": {"fault": fault} if fault else {}}
    post = stage.create(due_in=5, targets=[target], **fields)
    stage.let_pass(60)
    assert stage.read(post).status == "published"
    return post


def at(stage: Stage, post: Whole) -> TargetKey:
    return records.of(stage.target(post))


def checked(jws: str, keys: list[evidence.Jwk]) -> Any:
    """What a client of PyJWT reads out of a receipt; an exception where it is not ours."""
    kid = jwt.get_unverified_header(jws)["kid"]
    key = jwt.PyJWKSet.from_dict({"keys": keys})[kid]
    return jwt.decode(jws, key, algorithms=["EdDSA"])


def test_anybody_can_check_a_receipt_with_the_public_key(stage: Stage) -> None:
    post = published(stage)
    found = evidence.receipt(stage.world, at(stage, post))
    assert checked(found.jws, evidence.keys(stage.world)) == found.claims
    assert found.claims["platform_post_id"] == stage.target(post).platform_post_id
    assert found.claims["evidence"]["source"] == "reply"


def test_a_receipt_that_was_tampered_with_is_refused(stage: Stage) -> None:
    found = evidence.receipt(stage.world, at(stage, published(stage)))
    header, _, signature = found.jws.split(".")
    better = base64.urlsafe_b64encode(canonical({**found.claims, "lateness_ms": -1})).decode().rstrip("=")
    with pytest.raises(jwt.InvalidSignatureError):
        checked(f"{header}.{better}.{signature}", evidence.keys(stage.world))


def test_another_stages_key_does_not_open_a_receipt(stage: Stage) -> None:
    found = evidence.receipt(stage.world, at(stage, published(stage)))
    (theirs,) = evidence.keys(world(chance=FakeChance(seed=2)))
    (ours,) = evidence.keys(stage.world)
    assert theirs["kid"] != ours["kid"]
    with pytest.raises(jwt.InvalidSignatureError):
        checked(found.jws, [{**theirs, "kid": ours["kid"]}])


def test_the_receipt_of_an_unchanged_target_is_always_the_same(stage: Stage) -> None:
    post = published(stage)
    first = evidence.receipt(stage.world, at(stage, post))
    stage.let_pass(24 * 3600)
    restarted = dataclasses.replace(stage.world)
    assert evidence.receipt(restarted, at(stage, post)) == first


def test_the_key_is_nowhere_in_the_clear(stage: Stage) -> None:
    evidence.keys(stage.world)
    rows = {item.key: item.doc for item in stage.world.table.everything}
    assert rows[evidence.SIGNING_KEY].keys() == {"sealed"}
    assert base64.b64decode(rows[evidence.SIGNING_KEY]["sealed"]).startswith(b"sealed-")


def test_what_was_read_back_says_so_and_when(stage: Stage) -> None:
    post = published(stage, "timeout_after_accept")
    said = evidence.receipt(stage.world, at(stage, post)).claims
    assert said["evidence"]["source"] == "read_back"
    assert said["evidence"]["at"] == said["answered_at"]
    assert said["sent_at"]
    assert said["sent_at"] < said["evidence"]["at"]
    assert said["platform_at"]


def test_two_contents_have_two_hashes_and_two_accounts_of_one_post_have_one(stage: Stage) -> None:
    post = stage.create(due_in=5)
    other = published(stage, text="Something else")
    first, second = (evidence.receipt(stage.world, records.of(target)).claims for target in stage.read(post).targets)
    third = evidence.receipt(stage.world, at(stage, other)).claims
    assert first["content_hash"] == second["content_hash"] != third["content_hash"]
    assert first["rendition_hash"] == second["rendition_hash"] != third["rendition_hash"]


def test_what_is_not_published_has_no_receipt(stage: Stage) -> None:
    with pytest.raises(Conflict, match="scheduled"):
        evidence.receipt(stage.world, at(stage, stage.create(due_in=3600)))


def test_another_workspaces_target_has_no_record(stage: Stage) -> None:
    theirs = at(stage, published(stage))._replace(workspace_id="ws_two")
    for look in (evidence.attempts, evidence.timeline, evidence.receipt):
        with pytest.raises(NotFound):
            look(stage.world, theirs)


def test_every_part_of_a_thread_has_its_attempt(stage: Stage) -> None:
    found = evidence.attempts(stage.world, at(stage, published(stage, text=LONG)))
    assert [(one.number, one.part, one.outcome, one.status) for one in found] == [
        (number + 1, number, "applied", 201) for number in range(4)
    ]


def test_what_the_network_refused_was_not_applied_by_its_reply(stage: Stage) -> None:
    target = {"account_id": stage.accounts[0], "options": {"fault": "reject"}}
    post = stage.create(due_in=5, targets=[target])
    stage.let_pass(10)
    (found,) = evidence.attempts(stage.world, at(stage, post))
    assert (found.outcome, found.source, found.reason) == ("not_applied", "reply", "rejected")


def test_attempts_hold_no_token_and_no_text(stage: Stage) -> None:
    post = published(stage, text="A quiet word")
    token = stage.web.sent[0].headers["Authorization"].removeprefix("Bearer ")
    shown = json.dumps(
        [dataclasses.asdict(one) for one in evidence.attempts(stage.world, at(stage, post))], default=str
    )
    assert token not in shown
    assert "quiet" not in shown


def test_a_timeline_tells_everything_in_order(stage: Stage) -> None:
    told = evidence.timeline(stage.world, at(stage, published(stage, "timeout_after_accept")))
    assert [line.type for line in told][-1] == "published"
    assert {"scheduled", "claimed", "unconfirmed"} <= {line.type for line in told}
    assert [line.at for line in told] == sorted(line.at for line in told)
