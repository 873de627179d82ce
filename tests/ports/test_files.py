"""Media of our own on S3 and in memory: the same promises of both."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.aws.clients import make
from chalicelib.aws.s3 import S3Files
from chalicelib.core.conversation import Request
from chalicelib.core.post import Media
from chalicelib.ports import Files
from chalicelib.web import lent
from tests.fakes import FakeClock, FakeFiles

KEY = "media/ws_1/0123456789abcdef0123456789abcdef01234567.png"


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.aws)])
def files(request: pytest.FixtureRequest) -> Files:
    if request.param == "memory":
        return FakeFiles(FakeClock())
    request.getfixturevalue("moto")
    s3 = make("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="carillon-media")
    return S3Files("carillon-media", FakeClock(), lambda: s3)


def read(files: Files, key: str, most: int = 100) -> bytes | None:
    into = io.BytesIO()
    return into.getvalue() if files.fetch(key, into, most) else None


def test_what_is_stored_is_there_and_nothing_else_is(files: Files) -> None:
    files.store(KEY, "image/png", io.BytesIO(b"cat"))
    files.keep(KEY)
    assert read(files, KEY) == b"cat"
    assert read(files, KEY + "x") is None


def test_no_more_is_read_than_was_asked_for_and_one_byte(files: Files) -> None:
    files.store(KEY, "image/png", io.BytesIO(b"0123456789"))
    assert [read(files, KEY, most) for most in (4, 9, 10)] == [b"01234", b"0123456789", b"0123456789"]


def test_the_address_of_a_file_is_lent_and_no_other(files: Files) -> None:
    files.store(KEY, "image/png", io.BytesIO(b"cat"))
    address = files.address(KEY)
    get, head = files.lend(address), files.lend(address, "HEAD")
    assert get.startswith(f"{address}?")
    assert head.startswith(f"{address}?")
    assert get != head
    assert files.lend(address, "POST") == address
    others = [
        f"{address}?x=1",
        f"{address}#x",
        "https://example.org/media/ws_1/x.png",
        "hello",
        "",
        get,
        "https://[::1",
    ]
    assert [files.lend(each) for each in others] == others


def test_what_is_uploaded_may_not_be_lent(files: Files) -> None:
    address = files.address("uploads/ws_1/med_1")
    assert files.lend(address) == address


def s3_of(region: str) -> S3Files:
    client = make("s3", region_name=region, aws_access_key_id="a", aws_secret_access_key="b")
    return S3Files("carillon-media", FakeClock(), lambda: client)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_an_upload_is_signed_with_its_type_and_its_exact_size(region: str) -> None:
    upload = s3_of(region).upload("uploads/ws_1/med_1", "image/png", 482_133)
    parts = urlsplit(upload.url)
    said = parse_qs(parts.query)
    assert parts.hostname == f"carillon-media.s3.{region}.amazonaws.com"
    assert parts.path == "/uploads/ws_1/med_1"
    assert said["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert said["X-Amz-SignedHeaders"] == ["content-length;content-type;host"]
    assert said["X-Amz-Expires"] == ["3600"]
    assert upload.headers == {"Content-Type": "image/png", "Content-Length": "482133"}


@pytest.mark.aws
def test_what_nobody_keeps_carries_the_tag_that_the_lifecycle_rule_looks_for(moto: None) -> None:
    s3 = make("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="carillon-media")
    files = S3Files("carillon-media", FakeClock(), lambda: s3)

    def tags() -> list[dict[str, str]]:
        found: list[dict[str, str]] = s3.get_object_tagging(Bucket="carillon-media", Key=KEY)["TagSet"]
        return found

    files.store(KEY, "image/png", io.BytesIO(b"cat"))
    assert tags() == [{"Key": "use", "Value": "none"}]
    files.keep(KEY)
    assert tags() == [{"Key": "use", "Value": "post"}]
    assert s3.head_object(Bucket="carillon-media", Key=KEY)["ContentType"] == "image/png"


def test_without_a_bucket_nothing_is_lent_and_no_client_is_made() -> None:
    def nobody() -> Any:
        raise AssertionError("there is nothing to make a client for")

    for files in (S3Files("", FakeClock(), nobody), S3Files("carillon-media", FakeClock(), nobody)):
        assert files.lend("https://example.org/media/x.png") == "https://example.org/media/x.png"


@pytest.mark.parametrize(
    "field",
    [
        lambda url: {"json": {"children": [{"image_url": url}], "n": 1}},
        lambda url: {"form": {"image_url": url}},
        lambda url: {"params": {"image_url": url}},
        lambda url: {"media": Media(url=url)},
        lambda url: {"files": {"file": Media(url=url)}},
    ],
    ids=["json", "form", "params", "media", "files"],
)
def test_a_request_lends_what_it_names_and_stays_what_it_was(field: Callable[[str], dict[str, Any]]) -> None:
    files = FakeFiles(FakeClock())
    files.store(KEY, "image/png", io.BytesIO(b"cat"))
    request = Request("POST", "https://network.test/", **field(files.address(KEY)))
    digest = request.digest
    sent = lent(request, files.lend)
    assert sent == Request("POST", "https://network.test/", **field(f"{files.address(KEY)}?signed=GET"))
    assert request.digest == digest, "what the ledger keeps does not change with every signature"


def test_asking_for_the_size_of_a_medium_of_ours_is_lent_as_that(files: Files) -> None:
    files.store(KEY, "image/png", io.BytesIO(b"cat"))
    address = files.address(KEY)
    sent = lent(Request("HEAD", address), files.lend)
    assert (sent.url, sent.method) == (files.lend(address, "HEAD"), "HEAD")
