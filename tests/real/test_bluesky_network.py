"""The harness itself: Bluesky's own servers run, and behave as the other real tests rely on."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.real import bluesky_network
from tests.real.bluesky_network import Account, BlueskyNetwork, NetworkUnavailable, running_network

# The first run installs the servers, which takes minutes.
pytestmark = [pytest.mark.real, pytest.mark.timeout(bluesky_network.INSTALL_SECONDS)]

POST = {
    "$type": "app.bsky.feed.post",
    "text": "Nine o'clock, and all is well.",
    "createdAt": "2025-01-01T09:00:00.000Z",
}
# A PDS measures what looks like an image, and answers 500 to one that is cut short: this one is whole.
ONE_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ABANDON_THE_NETWORK = """
import json, os, signal, sys
from dataclasses import asdict
from pathlib import Path
from tests.real.bluesky_network import running_network
with running_network(log=Path(sys.argv[1])) as network:
    print(json.dumps(asdict(network)), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def network() -> Iterator[BlueskyNetwork]:
    with running_network() as network:
        yield network


@pytest.fixture(scope="module")
def account(network: BlueskyNetwork) -> Account:
    return network.create_account("bellringer.test")


def call(network: BlueskyNetwork, account: Account, method: str, **sent: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {account.access_jwt}"} | sent.pop("headers", {})
    return httpx.post(f"{network.pds}/xrpc/{method}", headers=headers, **sent)


def put(network: BlueskyNetwork, account: Account, rkey: str, **more: Any) -> httpx.Response:
    body = {"repo": account.did, "collection": "app.bsky.feed.post", "rkey": rkey, "record": POST, **more}
    return call(network, account, "com.atproto.repo.putRecord", json=body)


def is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/xrpc/_health").is_success
    except httpx.TransportError:
        return False


def test_an_account_is_created_and_known_to_the_directory(network: BlueskyNetwork, account: Account) -> None:
    document = httpx.get(f"{network.plc}/{account.did}").json()
    assert account.did.startswith("did:plc:")
    assert document["alsoKnownAs"] == ["at://bellringer.test"]


def test_its_handle_resolves(network: BlueskyNetwork, account: Account) -> None:
    query = {"handle": account.handle}
    reply = httpx.get(f"{network.pds}/xrpc/com.atproto.identity.resolveHandle", params=query)
    assert reply.json() == {"did": account.did}


def test_an_app_password_opens_a_session(network: BlueskyNetwork, account: Account) -> None:
    login = {"identifier": account.handle, "password": network.app_password(account)}
    session = httpx.post(f"{network.pds}/xrpc/com.atproto.server.createSession", json=login).json()
    assert session["did"] == account.did


def test_a_post_put_under_our_own_key_reads_back(network: BlueskyNetwork, account: Account) -> None:
    published = put(network, account, "3lemqfadl5c2x").json()
    assert published["uri"] == f"at://{account.did}/app.bsky.feed.post/3lemqfadl5c2x"
    assert network.record(published["uri"]) == {"uri": published["uri"], "cid": published["cid"], "value": POST}


def test_putting_the_same_post_again_changes_nothing(network: BlueskyNetwork, account: Account) -> None:
    first = put(network, account, "3lemqfadl5c2y", swapRecord=None).json()
    again = put(network, account, "3lemqfadl5c2y", swapRecord=None).json()
    uris = [record["uri"] for record in network.records(account.did)]
    assert (again["uri"], again["cid"]) == (first["uri"], first["cid"])
    assert "commit" in first
    assert "commit" not in again
    assert uris.count(first["uri"]) == 1


def test_another_post_under_the_same_key_is_refused(network: BlueskyNetwork, account: Account) -> None:
    kept = put(network, account, "3lemqfadl5c2z", swapRecord=None).json()
    refused = put(network, account, "3lemqfadl5c2z", swapRecord=None, record=POST | {"text": "Half past nine."})
    assert (refused.status_code, refused.json()["error"]) == (400, "InvalidSwap")
    assert network.record(kept["uri"])["value"] == POST


def test_every_page_of_records_is_read(network: BlueskyNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bluesky_network, "PAGE_SIZE", 2)
    prolific = network.create_account("prolific.test")
    put_uris = [put(network, prolific, f"3lemqfadl5c2{key}").json()["uri"] for key in "abcde"]
    assert [record["uri"] for record in network.records(prolific.did)] == put_uris[::-1]


def test_a_blob_is_served_once_a_post_shows_it(network: BlueskyNetwork, account: Account) -> None:
    headers = {"Content-Type": "image/png"}
    blob = call(network, account, "com.atproto.repo.uploadBlob", content=ONE_PIXEL, headers=headers).json()["blob"]
    embed = {"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": "A bell"}]}
    put(network, account, "3lemqfadl5c32", record=POST | {"embed": embed}).raise_for_status()
    assert network.blob(account.did, blob["ref"]["$link"]) == ONE_PIXEL


def test_a_refusal_says_why(network: BlueskyNetwork) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="Could not locate record"):
        network.record("at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3lemqfadl5c2x")


def test_the_log_is_kept_where_the_caller_wants_it(tmp_path: Path) -> None:
    with running_network(log=tmp_path / "network.log") as network:
        network.create_account("logged.test")
    assert "com.atproto.server.createAccount" in (tmp_path / "network.log").read_text()
    assert not is_up(network.pds)


def test_the_servers_stop_when_the_test_run_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ABANDON_THE_NETWORK, str(tmp_path / "network.log")]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    address = json.loads(killed.stdout)["pds"]
    patience = time.monotonic() + 10
    while is_up(address) and time.monotonic() < patience:
        time.sleep(0.1)
    assert not is_up(address)


def test_without_node_it_says_what_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(NetworkUnavailable, match="need Node 20 or later with npm: no node on the PATH"),
        running_network(),
    ):
        pass


def test_servers_that_do_not_start_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_OPTIONS", "--import=data:text/javascript,throw(Error('out_of_order'))")
    monkeypatch.setattr(bluesky_network, "_install", lambda: None)
    monkeypatch.setattr(bluesky_network, "_node_version", lambda: "v20.0.0")
    with pytest.raises(NetworkUnavailable, match="out_of_order"), running_network():
        pass
