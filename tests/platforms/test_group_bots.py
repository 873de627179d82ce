"""Bots that messages are signed for: the signatures, worked out here once more, and by whose clock."""

import hashlib
import hmac
from base64 import b64encode

import pytest

from chalicelib.core.conversation import Request
from chalicelib.platforms import platform
from tests.platforms.cases import Case, load, run

SIGNED = {case.platform: case for case in load("publish") if "a signed message" in case.about["case"]}


def sent(case: Case) -> Request:
    steps, _ = run(case.start(), case.replies)
    assert isinstance(steps[-1], Request)
    return steps[-1]


def test_dingtalk_signs_milliseconds_with_the_secret() -> None:
    message = sent(SIGNED["dingtalk"])
    assert message.params["timestamp"] == "1795424401000"
    signature = hmac.new(b"SECdt", b"1795424401000\nSECdt", hashlib.sha256).digest()
    assert message.params["sign"] == b64encode(signature).decode()


def test_feishu_signs_nothing_with_seconds_and_the_secret() -> None:
    message = sent(SIGNED["feishu"])
    assert message.json["timestamp"] == "1795424401"
    signature = hmac.new(b"1795424401\nfs-secret", b"", hashlib.sha256).digest()
    assert message.json["sign"] == b64encode(signature).decode()


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_is_neither_shown_nor_what_a_message_is_recognised_by(name: str) -> None:
    message = sent(SIGNED[name])
    later = [read for read in SIGNED[name].replies if read]
    later[0].headers["date"] = "Mon, 23 Nov 2026 09:30:00 GMT"
    steps, _ = run(SIGNED[name].start(), [*later])
    assert isinstance(steps[-1], Request)
    assert (steps[-1].params, steps[-1].json) != (message.params, message.json)
    assert steps[-1].digest == message.digest
    assert "1795424401" not in repr(message)


@pytest.mark.parametrize("name", ["dingtalk", "feishu", "wecom"])
def test_what_a_bot_says_cannot_be_read_back(name: str) -> None:
    case = next(one for one in load("publish") if one.platform == name)
    with pytest.raises(NotImplementedError, match=name):
        next(platform(name).find(case.job(), 0))
