"""What comes encrypted, and what comes as XML: opened only for whom it is, and never more than it says."""

import base64
import json
from typing import Any

import pytest

from chalicelib.callbacks import feishu, xml
from chalicelib.callbacks.base import Forged
from chalicelib.callbacks.tencent import opened
from tests.callbacks import sealing

AES_KEY = "A" * 43
APP = "wxba5fad812f8e6fb9"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def test_our_sealing_is_what_wechat_publishes() -> None:
    """https://developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.md, the reply."""
    sealed = sealing.tencent(b'{"demo_resp":"good luck"}', AES_KEY, APP, b"707722b803182950")

    assert sealed == "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    signature = sealing.sorted_sha1("AAAAA", "1713424427", "415670741", sealed)
    assert signature == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    assert opened(sealed, AES_KEY, APP) == b'{"demo_resp":"good luck"}'


def test_feishus_published_text_is_opened() -> None:
    """The example of the page on decryption: the key `test key`."""
    body = b'{"encrypt": "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}'
    assert feishu._opened(body, "test key") == b"hello world"


@pytest.mark.parametrize("receiver", ["", APP[:-1], f"{APP}x", APP.upper(), f"{APP}\0"])
def test_nothing_is_opened_for_anybody_else(receiver: str) -> None:
    sealed = sealing.tencent(b"hello", AES_KEY, receiver)
    with pytest.raises(Forged):
        opened(sealed, AES_KEY, APP)


@pytest.mark.parametrize("length", [0, 4, 6, 1000, 2**32 - 1])
def test_a_wrong_length_moves_nothing_from_the_text_to_the_receiver(length: int) -> None:
    key = base64.b64decode(f"{AES_KEY}=")
    said = b"0" * 16 + length.to_bytes(4, "big") + b"hello" + APP.encode()
    sealed = base64.b64encode(sealing.cbc(key, key[:16], said, 32)).decode()
    with pytest.raises(Forged):
        opened(sealed, AES_KEY, APP)


@pytest.mark.parametrize("sealed", ["", "AAAA", "=", "A" * 43 + "=", "not base 64", "ELGduP2YcVatjqIS+eZbpw=="])
def test_what_is_nothing_sealed_is_forged(sealed: str) -> None:
    with pytest.raises(Forged):
        opened(sealed, AES_KEY, APP)
    with pytest.raises(Forged):
        feishu._opened(json.dumps({"encrypt": sealed}).encode(), "test key")


@pytest.mark.parametrize("aes_key", ["", "A", "A" * 42, "A" * 44, "!" * 43])
def test_a_key_that_is_none_opens_nothing(aes_key: str) -> None:
    with pytest.raises(Forged):
        opened(sealing.tencent(b"hello", AES_KEY, APP), aes_key, APP)


def test_xml_is_read_as_json_would_be() -> None:
    body = "<xml><a>1</a><b><![CDATA[<x> & ]]>y</b><c>\n<d>1</d> <e/></c><f>1</f><f><g>2</g></f></xml>"
    assert xml.document(body.encode()) == {"a": "1", "b": "<x> & y", "c": {"d": "1", "e": ""}, "f": ["1", {"g": "2"}]}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "<xml>",
        "<xml/>",
        "<xml>text</xml>",
        "<a><b>1</b></a><a/>",
        "<xml><a>&amp;&nope;</a></xml>",
        "<!DOCTYPE xml><xml><a>1</a></xml>",
        '<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><a>1</a></xml>',
        '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><a>&a;</a></xml>',
        f'<!DOCTYPE xml [<!ENTITY l0 "ha">{LAUGHS}]><xml><a>&l11;</a></xml>',
        f"<xml><a>1</a>{'<b>' * 50_000}",
    ],
    ids=["nothing", "words", "cut", "empty", "text", "two", "entity", "dtd", "file", "file entity", "laughs", "deep"],
)
def test_xml_with_a_document_type_or_without_sense_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=r"no XML|document type|nothing is in"):
        xml.document(body.encode())


def test_a_document_type_in_what_somebody_writes_is_only_words() -> None:
    assert xml.document(b"<xml><a><![CDATA[<!DOCTYPE a [<!ENTITY b 'c'>]>&b;]]></a></xml>") == {
        "a": "<!DOCTYPE a [<!ENTITY b 'c'>]>&b;"
    }


def test_xml_may_be_as_deep_as_a_call_is_long() -> None:
    deep = 10_000
    found: Any = xml.document(f"<xml>{'<a>' * deep}1{'</a>' * deep}</xml>".encode())
    for _ in range(deep):
        found = found["a"]
    assert found == "1"
