"""What every vault promises, and what the one on KMS does besides."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.aws import kms
from chalicelib.aws.clients import make
from chalicelib.aws.kms import KmsVault
from chalicelib.core.errors import Unavailable
from chalicelib.ports import Item, Key, Put, Vault
from chalicelib.service import sealing
from chalicelib.service.sealing import Place
from tests.fakes import FakeClock, FakeTable, FakeVault, world


class CountingKms:
    """A KMS client that remembers the names of its calls."""

    def __init__(self) -> None:
        self._client = make("kms")
        self.key_id = self._client.create_key()["KeyMetadata"]["KeyId"]
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        self.calls.append(name)
        made: Callable[..., Any] = getattr(self._client, name)
        return made


@pytest.fixture
def cloud(moto: None) -> CountingKms:
    return CountingKms()


def vault_on(cloud: CountingKms, table: FakeTable, clock: FakeClock | None = None) -> KmsVault:
    return KmsVault(cloud.key_id, table, clock or FakeClock(), lambda: cloud)


@pytest.fixture(params=["memory", pytest.param("kms", marks=pytest.mark.aws)])
def vault(request: pytest.FixtureRequest) -> Vault:
    return FakeVault() if request.param == "memory" else vault_on(request.getfixturevalue("cloud"), FakeTable())


@pytest.mark.parametrize("secret", [b"", b"app-password", bytes(range(256)) * 100])
def test_what_was_sealed_opens_again(vault: Vault, secret: bytes) -> None:
    sealed = vault.seal("ws_1", "account:acc_1", secret)
    assert vault.open("ws_1", "account:acc_1", sealed) == secret


def test_sealing_hides_the_secret_and_never_gives_the_same_twice(vault: Vault) -> None:
    first, second = (vault.seal("ws_1", "p", b"app-password") for _ in range(2))
    assert first != second
    assert b"app-password" not in first


@pytest.mark.parametrize(("workspace", "purpose"), [("ws_2", "p"), ("ws_1", "q"), ("ws_none", "p"), ("ws_1p", "")])
def test_nothing_opens_for_another_workspace_or_purpose(vault: Vault, workspace: str, purpose: str) -> None:
    sealed = vault.seal("ws_1", "p", b"s")
    vault.seal("ws_2", "p", b"s")
    with pytest.raises(ValueError, match="does not open here"):
        vault.open(workspace, purpose, sealed)


ACCOUNT = Place("ws_1", Key("W#ws_1", "ACCOUNT#acc_1"), "secrets")


@pytest.mark.parametrize(
    "elsewhere",
    [
        ACCOUNT._replace(workspace_id="ws_2"),
        ACCOUNT._replace(row=Key("W#ws_1", "ACCOUNT#acc_2")),
        ACCOUNT._replace(field="verifier"),
    ],
    ids=["another workspace", "another account", "another field"],
)
def test_an_accounts_secrets_open_for_no_other(vault: Vault, elsewhere: Place) -> None:
    here = world(vault=vault)
    sealed = sealing.seal(here, ACCOUNT, "token")
    sealing.seal(here, elsewhere, "token")
    assert sealing.unseal(here, ACCOUNT, sealed) == "token"
    with pytest.raises(ValueError, match="does not open here"):
        sealing.unseal(here, elsewhere, sealed)


def test_nothing_opens_that_was_changed_or_cut(vault: Vault) -> None:
    sealed = vault.seal("ws_1", "p", b"secret")
    changed = [sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :] for n in range(len(sealed))]
    for wrong in [*changed, *(sealed[:n] for n in range(len(sealed))), sealed + b"x", b"garbage" * 10]:
        with pytest.raises(ValueError, match="does not open here"):
            vault.open("ws_1", "p", wrong)


def test_what_one_process_sealed_another_opens(cloud: CountingKms) -> None:
    table = FakeTable()
    sealed = vault_on(cloud, table).seal("ws_1", "p", b"secret")
    assert vault_on(cloud, table).open("ws_1", "p", sealed) == b"secret"


@pytest.mark.parametrize("relabelled", [False, True])
def test_what_was_sealed_under_another_version_of_the_format_does_not_open(
    monkeypatch: pytest.MonkeyPatch, cloud: CountingKms, relabelled: bool
) -> None:
    table = FakeTable()
    with monkeypatch.context() as tomorrow:
        tomorrow.setattr(kms, "VERSION", kms.VERSION + 1)
        sealed = vault_on(cloud, table).seal("ws_1", "p", b"secret")
        assert vault_on(cloud, table).open("ws_1", "p", sealed) == b"secret"
    if relabelled:
        sealed = bytes([kms.VERSION]) + sealed[1:]
    with pytest.raises(ValueError, match="does not open here"):
        vault_on(cloud, table).open("ws_1", "p", sealed)


def test_a_data_key_is_asked_for_once_in_five_minutes(cloud: CountingKms) -> None:
    clock = FakeClock()
    vault = vault_on(cloud, FakeTable(), clock)
    sealed = vault.seal("ws_1", "p", b"secret")
    clock.advance(minutes=4, seconds=59)
    vault.open("ws_1", "p", sealed)
    assert cloud.calls == ["generate_data_key"]
    clock.advance(seconds=1)
    vault.open("ws_1", "p", sealed)
    vault.open("ws_1", "p", sealed)
    assert cloud.calls == ["generate_data_key", "decrypt"]


def test_only_so_many_data_keys_stay_in_memory(monkeypatch: pytest.MonkeyPatch, cloud: CountingKms) -> None:
    monkeypatch.setattr(kms, "KEPT", 2)
    vault = vault_on(cloud, FakeTable())
    for workspace in ("ws_1", "ws_2", "ws_3", "ws_3", "ws_1"):
        vault.seal(workspace, "p", b"s")
    assert cloud.calls == ["generate_data_key"] * 3 + ["decrypt"]


def test_two_that_make_the_first_key_at_once_end_with_one(cloud: CountingKms) -> None:
    table = FakeTable()
    vaults = [vault_on(cloud, table) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda vault: vault.seal("ws_1", "p", b"secret"), vaults))
    assert len(table.everything) == 1
    assert {vaults[0].open("ws_1", "p", each) for each in sealed} == {b"secret"}


class Late(FakeTable):
    """A view of another table whose first look comes too early to see anything."""

    def __init__(self, other: FakeTable) -> None:
        super().__init__()
        self._rows = other._rows

    def get(self, key: Key) -> Item | None:
        return super().get(key) if self.calls["get"] else self.calls.update(["get"])


def test_the_loser_of_a_race_uses_the_winners_key(cloud: CountingKms) -> None:
    table = FakeTable()
    sealed = [vault_on(cloud, view).seal("ws_1", "p", b"secret") for view in (table, Late(table))]
    assert cloud.calls == ["generate_data_key", "generate_data_key", "decrypt"]
    fresh = vault_on(cloud, table)
    assert [fresh.open("ws_1", "p", each) for each in sealed] == [b"secret", b"secret"]


def test_a_data_key_of_another_workspace_is_refused_by_kms(cloud: CountingKms) -> None:
    table = FakeTable()
    sealed = vault_on(cloud, table).seal("ws_1", "p", b"secret")
    stolen = FakeTable()
    [item] = table.everything
    stolen.write(Put(replace(item, key=Key("VAULT#ws_2", "DATA_KEY")), expect=0))
    with pytest.raises(ValueError, match="does not open here"):
        vault_on(cloud, stolen).open("ws_2", "p", sealed)
    with pytest.raises(ValueError, match="does not open here"):
        vault_on(cloud, stolen).seal("ws_2", "p", b"secret")


def test_no_two_pairs_of_workspace_and_purpose_read_alike() -> None:
    assert kms._bound_to("ab", "c") != kms._bound_to("a", "bc")


def test_a_kms_that_does_not_answer_is_unavailable(cloud: CountingKms) -> None:
    with pytest.raises(Unavailable, match="kms: NotFoundException"):
        KmsVault("no-such-key", FakeTable(), FakeClock(), lambda: cloud).seal("ws_1", "p", b"secret")


def test_secrets_show_in_no_text(cloud: CountingKms) -> None:
    vault = vault_on(cloud, FakeTable())
    vault.seal("ws_1", "p", b"secret")
    assert "ws_1" not in repr(vault)
