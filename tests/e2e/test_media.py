"""Media of one's own, from the upload to the network, and nothing of the place they were taken at."""

import httpx
import pytest

from infra.local import Service
from tests.e2e.tenant import Json, Tenant, eventually, made
from tests.media import samples

pytestmark = pytest.mark.e2e


def looked_at(owner: Tenant, medium: Json) -> Json:
    """The medium once it has been looked at."""
    ended = eventually(
        lambda: made(owner.api.get(f"/v1/media/{medium['id']}")), lambda seen: seen["state"] in ("ready", "refused")
    )
    assert ended["state"] == "ready", ended
    return ended


def seen_by_readers(owner: Tenant, account: str, medium: Json) -> bytes:
    """The bytes that the network can fetch once a post with the medium is out."""
    owner.ended(owner.post([account], media=[{"id": medium["id"], "alt_text": "The tower"}], publish="now"))
    [shown] = owner.timeline(account)[0]["media"]
    assert shown["alt_text"] == "The tower"
    return httpx.get(shown["url"], trust_env=False).content


def test_an_uploaded_picture_goes_out_without_its_place(owner: Tenant, account: str) -> None:
    data = samples.jpeg()
    medium = made(owner.api.post("/v1/media", json={"content_type": "image/jpeg", "bytes": len(data)}))
    upload = medium["upload"]
    httpx.request(
        upload["method"], upload["url"], headers=upload["headers"], content=data, trust_env=False
    ).raise_for_status()
    found = looked_at(owner, medium)
    assert (found["mime_type"], found["width"], found["height"]) == ("image/jpeg", 640, 480)
    sent = seen_by_readers(owner, account, medium)
    assert sent.startswith(b"\xff\xd8\xff")
    assert not [place for place in samples.PLACES if place in sent]


def test_a_fetched_film_goes_out(service: Service, owner: Tenant, account: str) -> None:
    s3 = service.client("s3")
    s3.create_bucket(Bucket="elsewhere")
    s3.put_object(Bucket="elsewhere", Key="bells.mp4", Body=samples.film())
    url = f"{service.emulator.endpoint}/elsewhere/bells.mp4"
    found = looked_at(owner, made(owner.api.post("/v1/media", json={"url": url})))
    assert (found["kind"], found["duration_seconds"]) == ("video", 12.5)
    assert len(seen_by_readers(owner, account, found)) == len(samples.film())


@pytest.mark.parametrize("url", ["https://169.254.169.254/latest/meta-data/", "https://127.0.0.1:9001/"])
def test_nothing_private_is_fetched(owner: Tenant, url: str) -> None:
    answer = owner.api.post("/v1/media", json={"url": url})
    assert (answer.status_code, answer.json()["issues"][0]["code"]) == (422, "unreachable_url")


def test_what_is_stored_cannot_be_read_without_being_lent(service: Service) -> None:
    """The emulator lets anybody read; what keeps them out in AWS is in the template."""
    block = service.client("s3").get_public_access_block(Bucket=service.outputs["MediaBucket"])
    assert set(block["PublicAccessBlockConfiguration"].values()) == {True}


def test_a_network_that_takes_only_jpeg_gets_one(owner: Tenant) -> None:
    data = samples.png()
    medium = made(owner.api.post("/v1/media", json={"content_type": "image/png", "bytes": len(data)}))
    upload = medium["upload"]
    httpx.put(upload["url"], headers=upload["headers"], content=data, trust_env=False).raise_for_status()
    looked_at(owner, medium)
    body = {"media": [{"id": medium["id"]}], "targets": [{"platform": "instagram"}]}
    [rendition] = made(owner.api.post("/v1/renditions", json=body))["renditions"]
    [shown] = rendition["parts"][0]["media"]
    sent = httpx.get(shown["url"], trust_env=False).content  # the emulator lets anybody read
    assert (shown["mime_type"], len(sent)) == ("image/jpeg", shown["bytes"])
    assert sent.startswith(b"\xff\xd8\xff")
