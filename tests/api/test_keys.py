"""/v1/keys: made, seen, rotated and revoked, and never more powerful than who made them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.errors import Unauthorized
from chalicelib.core.timing import stamp
from chalicelib.ports import Item, Key, Put
from chalicelib.service import access
from tests.api.client import Api, issues, problem
from tests.fakes import FakeClock, FakeWorld, world

Json = dict[str, Any]


def made(client: Api, **fields: Any) -> Json:
    """A key just made, with its secret."""
    answer = client.post("/v1/keys", {"scopes": ["posts:read"], **fields})
    assert answer.status_code == 201, answer.body
    return dict(answer.json_body)


def status(client: Api, secret: str, path: str = "/v1/posts") -> int:
    """How a request with this secret ends."""
    return int(client.get(path, authorization=f"Bearer {secret}").status_code)


def with_key(client: Api, *scopes: str, **fields: Any) -> str:
    """The header of another key of the workspace."""
    return "Bearer " + access.create_key(client.world, client.workspace_id, scopes, **fields).secret


def test_a_key_is_shown_with_its_secret_once(client: Api) -> None:
    key = made(client, name="Planner", scopes=["posts:read", "posts:write"])
    secret = key.pop("secret")

    assert status(client, secret) == 200
    shown = client.get(f"/v1/keys/{key['id']}").json_body
    assert shown == {**key, "last_used_at": stamp(client.world.clock.now())}
    assert shown["created_by"] == client.get("/v1/keys").json_body["data"][0]["id"]
    assert secret not in str(client.world.table.everything)


def test_a_key_that_is_asked_for_twice_under_one_idempotency_key_is_one(client: Api) -> None:
    body = {"scopes": ["posts:read"]}
    first, again = (client.post("/v1/keys", body, idempotency_key="planner") for _ in range(2))

    assert again.json_body == first.json_body
    assert len(client.get("/v1/keys").json_body["data"]) == 2


def test_where_the_first_answer_was_lost_the_same_key_has_a_new_secret(client: Api) -> None:
    lost = access.create_key(client.world, client.workspace_id, ["posts:read"], seed="s")
    again = access.create_key(client.world, client.workspace_id, ["posts:read"], seed="s")

    assert again.id == lost.id
    assert (status(client, lost.secret), status(client, again.secret)) == (401, 200)


def test_pages_of_keys_hold_each_once(client: Api) -> None:
    ids = [client.get("/v1/keys").json_body["data"][0]["id"], *(made(client)["id"] for _ in range(3))]

    first = client.get("/v1/keys?limit=2").json_body
    rest = client.get(f"/v1/keys?limit=2&cursor={first['next_cursor']}").json_body
    assert [one["id"] for one in first["data"] + rest["data"]] == ids
    assert rest["next_cursor"] is None
    problem(client.get("/v1/keys?cursor=nonsense"), 400, "invalid_query")


def test_a_key_gives_no_scope_that_it_has_not(client: Api) -> None:
    narrow = with_key(client, "keys:write", "posts:read")

    assert client.post("/v1/keys", {"scopes": ["posts:read"]}, authorization=narrow).status_code == 201
    for scopes, missing in ((["*"], "lacks *"), (["posts:read", "posts:write", "plan:read"], "posts:write, plan:read")):
        refused = problem(client.post("/v1/keys", {"scopes": scopes}, authorization=narrow), 403, "scope_not_held")
        assert refused["detail"].endswith(missing)


@pytest.mark.parametrize("way", ["POST rotate", "DELETE"])
def test_a_key_has_no_power_over_a_more_powerful_one(client: Api, way: str) -> None:
    powerful, narrow = made(client, scopes=["posts:write"]), with_key(client, "keys:write")
    method, _, verb = way.partition(" ")
    path = f"/v1/keys/{powerful['id']}{'/' + verb if verb else ''}"

    problem(client.send(method, path, {} if verb else None, authorization=narrow), 403, "scope_not_held")
    assert status(client, powerful["secret"], "/v1/platforms") == 200


def test_a_key_that_ends_makes_none_that_lives_longer_nor_takes_its_place(client: Api) -> None:
    end = client.world.clock.now() + timedelta(hours=1)
    ending = with_key(client, "*", expires_at=end)

    for expires_at in (None, stamp(end + timedelta(seconds=1))):
        answer = client.post("/v1/keys", {"scopes": ["*"], "expires_at": expires_at}, authorization=ending)
        assert (answer.status_code, issues(answer)) == (422, [("expires_at", "outlives_its_maker")])
    eternal = made(client)
    answer = client.post(f"/v1/keys/{eternal['id']}/rotate", {}, authorization=ending)
    problem(answer, 403, "key_outlives_caller")
    body = {"scopes": ["*"], "expires_at": stamp(end)}
    assert client.post("/v1/keys", body, authorization=ending).status_code == 201


def test_what_is_wrong_with_a_key_is_said_at_once(client: Api) -> None:
    answer = client.post("/v1/keys", {"scopes": ["posts:read", "bells:ring"], "expires_at": "2026-01-01T00:00:00"})
    assert {path for path, _ in issues(answer)} >= {"expires_at"}
    assert any(path.startswith("scopes[1]") for path, _ in issues(answer))
    assert issues(client.post("/v1/keys", {"scopes": []})) == [("scopes", "too_short")]
    past = client.post("/v1/keys", {"scopes": ["*"], "expires_at": "2026-01-01T00:00:00Z"})
    assert issues(past) == [("expires_at", "in_the_past")]


def test_a_key_is_good_until_the_instant_at_which_it_ends(client: Api) -> None:
    key = made(client, expires_at=client.later(5))

    client.world.clock.advance(299.999)
    assert status(client, key["secret"]) == 200
    client.world.clock.advance(0.001)
    assert status(client, key["secret"]) == 401
    problem(client.post(f"/v1/keys/{key['id']}/rotate", {}), 409, "key_expired")


def test_a_rotated_key_is_good_by_both_secrets_for_the_overlap(client: Api) -> None:
    old = made(client)
    new = client.post(f"/v1/keys/{old['id']}/rotate", {"overlap_seconds": 60}).json_body

    assert new["id"] == old["id"]
    assert (status(client, old["secret"]), status(client, new["secret"])) == (200, 200)
    client.world.clock.advance(60)
    assert (status(client, old["secret"]), status(client, new["secret"])) == (401, 200)


def test_a_rotation_without_overlap_ends_the_old_secret_at_once(client: Api) -> None:
    old = made(client)
    new = client.post(f"/v1/keys/{old['id']}/rotate", {"overlap_seconds": 0}).json_body

    assert (status(client, old["secret"]), status(client, new["secret"])) == (401, 200)


def test_an_overlap_does_not_outlast_the_key(client: Api) -> None:
    old = made(client, expires_at=client.later(1))
    new = client.post(f"/v1/keys/{old['id']}/rotate", {}).json_body

    client.world.clock.advance(60)
    assert (status(client, old["secret"]), status(client, new["secret"])) == (401, 401)


@pytest.mark.parametrize("minutes", [None, 60])
def test_the_old_secret_cannot_take_the_key_back(client: Api, minutes: int | None) -> None:
    """Nor where the key ends before the overlap would."""
    old = made(client, scopes=["*"], expires_at=client.later(minutes) if minutes else None)
    client.post(f"/v1/keys/{old['id']}/rotate", {})

    answer = client.post(f"/v1/keys/{old['id']}/rotate", {}, authorization=f"Bearer {old['secret']}")
    problem(answer, 403, "key_outlives_caller")


def test_revoking_ends_every_secret_with_the_next_request(client: Api) -> None:
    """The promise is 60 seconds; nothing remembers a key from one request to the next."""
    first = made(client)
    second = client.post(f"/v1/keys/{first['id']}/rotate", {}).json_body
    third = client.post(f"/v1/keys/{first['id']}/rotate", {}).json_body
    secrets = [one["secret"] for one in (first, second, third)]
    assert [status(client, one) for one in secrets] == [200, 200, 200]

    assert client.delete(f"/v1/keys/{first['id']}").status_code == 204

    assert [status(client, one) for one in secrets] == [401, 401, 401]
    assert client.get(f"/v1/keys/{first['id']}").json_body["revoked_at"] == stamp(client.world.clock.now())
    assert client.delete(f"/v1/keys/{first['id']}").status_code == 204
    problem(client.post(f"/v1/keys/{first['id']}/rotate", {}), 409, "key_revoked")


def test_no_number_of_ended_keys_hides_those_that_can_be_used(client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "AT_ONCE", 4)
    monkeypatch.setattr(access, "MOST", 3)
    for _ in range(6):
        client.delete(f"/v1/keys/{made(client)['id']}")
    assert [client.post("/v1/keys", {"scopes": ["*"]}).status_code for _ in range(3)] == [201, 201, 409]


def test_a_key_has_so_many_old_secrets_and_no_more(client: Api) -> None:
    key = made(client)
    for _ in range(access.MOST_FORMER):
        assert client.post(f"/v1/keys/{key['id']}/rotate", {}).status_code == 201

    problem(client.post(f"/v1/keys/{key['id']}/rotate", {}), 409, "too_many_secrets")
    client.world.clock.advance(days=1)
    assert client.post(f"/v1/keys/{key['id']}/rotate", {}).status_code == 201


def test_a_workspace_has_so_many_keys_and_no_more(client: Api) -> None:
    for _ in range(access.MOST - 1):
        client.new_key("posts:read")

    problem(client.post("/v1/keys", {"scopes": ["posts:read"]}), 409, "too_many_keys")
    client.delete(f"/v1/keys/{client.get('/v1/keys').json_body['data'][1]['id']}")
    assert client.post("/v1/keys", {"scopes": ["posts:read"]}).status_code == 201


def test_another_tenants_keys_are_in_no_list(client: Api) -> None:
    stranger = client.stranger()
    theirs = made(stranger)

    assert theirs["id"] not in str(client.get("/v1/keys").json_body)
    problem(client.delete(f"/v1/keys/{theirs['id']}"), 404, "not_found")
    assert status(stranger, theirs["secret"]) == 200


def test_the_last_use_is_written_once_in_five_minutes(client: Api) -> None:
    key = made(client)
    used = client.world.clock.now()
    status(client, key["secret"])
    writes = client.world.table.calls["write"]

    client.world.clock.advance(299)
    assert [status(client, key["secret"]) for _ in range(3)] == [200, 200, 200]
    assert client.world.table.calls["write"] == writes
    client.world.clock.advance(1)
    status(client, key["secret"])
    assert client.world.table.calls["write"] == writes + 1
    again = client.post(f"/v1/keys/{key['id']}/rotate", {"overlap_seconds": 0}).json_body
    assert again["last_used_at"] == stamp(used + timedelta(minutes=5))


def test_noise_is_refused_without_a_look_at_the_table(client: Api) -> None:
    key = made(client)["secret"]
    reads = client.world.table.calls["get"]

    assert status(client, key[:-1] + ("a" if key[-1] != "a" else "b")) == 401
    assert client.world.table.calls["get"] == reads


def test_the_same_request_after_a_day_makes_another_key_and_harms_none(client: Api) -> None:
    body, same = {"scopes": ["posts:read"]}, "provision"
    first = client.post("/v1/keys", body, idempotency_key=same).json_body

    client.world.clock.advance(hours=24, seconds=1)
    again = client.post("/v1/keys", body, idempotency_key=same).json_body

    assert again["id"] != first["id"]
    assert (status(client, first["secret"]), status(client, again["secret"])) == (200, 200)


class Interrupted(FakeClock):
    """Somebody else acts when it is looked at."""

    revoking: Any = None

    def now(self) -> datetime:
        act, self.revoking = self.revoking, None
        if act:
            act()
        return super().now()


def test_noting_a_use_does_not_bring_back_a_key_that_was_revoked_meanwhile() -> None:
    here = world(clock=Interrupted())
    workspace_id = access.create_workspace(here, "Bell tower")
    key = access.create_key(here, workspace_id, ["*"])

    here.clock.revoking = lambda: access.revoke_key(here, workspace_id, key.id)  # type: ignore[attr-defined]
    access.authenticate(here, key.secret)

    with pytest.raises(Unauthorized):
        access.authenticate(here, key.secret)


def old(here: FakeWorld, workspace_id: str) -> str:
    """A key as the first release wrote it: no check, and fewer fields."""
    secret, key_id = f"ck_live_{here.chance.secret()}", "key_01jd3h8q9x4v2n6m7p5r0s1t2w"
    doc = {"id": key_id, "workspace_id": workspace_id, "scopes": ["*"], "created_at": stamp(here.clock.now())}
    found_by = access._by_secret(here, secret)
    listed = Item(Key(f"W#{workspace_id}", f"KEY#{key_id}"), {**doc, "found_by": found_by.pk})
    here.table.write(Put(Item(found_by, doc), expect=0), Put(listed, expect=0))
    return secret


def test_a_key_of_the_first_release_is_good_and_can_be_rotated_and_revoked(client: Api) -> None:
    secret = old(client.world, client.workspace_id)
    path = "/v1/keys/key_01jd3h8q9x4v2n6m7p5r0s1t2w"

    assert status(client, secret) == 200
    assert client.get(path).json_body["last_used_at"]
    new = client.post(f"{path}/rotate", {}).json_body["secret"]
    assert (status(client, secret), status(client, new)) == (200, 200)
    client.delete(path)
    assert (status(client, secret), status(client, new)) == (401, 401)
