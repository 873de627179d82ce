"""A sealed secret opens in the one row and field that it was sealed for."""

import dataclasses
import json

import pytest

from chalicelib.ports import Item, Key, Put
from chalicelib.service import connect, sealing
from chalicelib.service.sealing import Place
from tests.fakes import FakeTable, FakeWorld, world
from tests.service.conftest import Stage

HERE = Place("ws_1", Key("W#ws_1", "ACCOUNT#acc_1"), "secrets")


@pytest.fixture
def there() -> FakeWorld:
    return world()


def test_what_was_sealed_for_a_place_opens_there(there: FakeWorld) -> None:
    sealed = sealing.seal(there, HERE, "pässwörd")
    assert "pässwörd" not in sealed
    assert json.loads(json.dumps(sealed)) == sealed
    assert sealing.unseal(there, HERE, sealed) == "pässwörd"


@pytest.mark.parametrize(
    "elsewhere",
    [
        HERE._replace(workspace_id="ws_2"),
        HERE._replace(row=Key("W#ws_2", "ACCOUNT#acc_1")),
        HERE._replace(row=Key("W#ws_1", "ACCOUNT#acc_2")),
        HERE._replace(row=Key("W#ws_1ACCOUNT#", "acc_1")),
        HERE._replace(field="client_secret"),
        HERE._replace(row=Key("W#ws_1", 'ACCOUNT#acc_1", "secrets'), field=""),
    ],
    ids=str,
)
def test_it_opens_for_no_other_workspace_row_or_field(there: FakeWorld, elsewhere: Place) -> None:
    sealed = sealing.seal(there, HERE, "secret")
    with pytest.raises(ValueError, match="does not open here"):
        sealing.unseal(there, elsewhere, sealed)


def row(stage: Stage, account_id: str) -> Item:
    item = stage.world.table.get(connect.key(stage.workspace_id, account_id))
    assert item
    return item


def test_the_secrets_of_one_account_are_of_no_use_in_the_row_of_another(stage: Stage) -> None:
    mine, yours = (row(stage, account_id) for account_id in stage.accounts)
    assert connect.with_secrets(stage.world, mine).secrets != connect.with_secrets(stage.world, yours).secrets
    forged = dataclasses.replace(mine, doc={**mine.doc, "sealed": yours.doc["sealed"]})
    with pytest.raises(ValueError, match="does not open here"):
        connect.with_secrets(stage.world, forged)


@pytest.mark.parametrize("renamed", [{}, {"workspace_id": "ws_2"}], ids=["as it is", "in the other's name"])
def test_an_account_copied_to_another_workspace_does_not_open(stage: Stage, renamed: dict[str, str]) -> None:
    item = row(stage, stage.accounts[0])
    copied = dataclasses.replace(item, key=connect.key("ws_2", stage.accounts[0]), doc={**item.doc, **renamed})
    with pytest.raises(ValueError, match="does not open here"):
        connect.with_secrets(stage.world, copied)


def test_a_secret_of_the_stage_is_made_once_and_lies_sealed(there: FakeWorld) -> None:
    at = Key("SYSTEM", "PEPPER")
    first = sealing.secret_of_the_stage(there, at)
    assert sealing.secret_of_the_stage(there, at) == first
    assert len(first) >= 40
    assert first not in json.dumps([item.doc for item in there.table.everything])


class Late(FakeTable):
    """A table where somebody else was first, and the first look comes too early to see it."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Item | None = None

    def get(self, key: Key) -> Item | None:
        if self.first:
            self.write(Put(self.first, expect=0))
            self.first = None
            return None
        return super().get(key)


def test_of_two_who_make_a_secret_of_the_stage_at_once_both_use_the_first() -> None:
    late, at = Late(), Key("SYSTEM", "PEPPER")
    there = world(table=late)
    late.first = Item(at, {"sealed": sealing.seal(there, Place(sealing.STAGE, at, "secret"), "the winner's")})
    assert sealing.secret_of_the_stage(there, at) == "the winner's"
