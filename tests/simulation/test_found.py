"""What simulation and reading have found in the product, each in the smallest story that shows it."""

import dataclasses
import json
from datetime import timedelta
from typing import cast

import pytest

from chalicelib.core import publishing
from chalicelib.core.conversation import Effect, Request
from chalicelib.core.target import State
from chalicelib.ports import Put, Vault
from chalicelib.service import brakes, connect, sealing, steer
from chalicelib.service.schedule import POLICY
from tests.fakes import FakeTable, FakeVault
from tests.simulation.exhaustive import WORKSPACE
from tests.simulation.networks import CLASSES
from tests.simulation.scenario import LONG
from tests.simulation.tale import Tale


@pytest.mark.parametrize("network", CLASSES)
def test_a_limit_whose_page_is_no_json_makes_a_post_late_and_not_doubtful(network: str) -> None:
    tale = Tale(network, create=["limited"])
    tale.simulation.network.limits_in_html = True
    tale.pass_by(30)
    assert tale.target.state is not State.UNCONFIRMED
    tale.ends_well()


@pytest.mark.parametrize("network", CLASSES)
def test_a_thread_that_is_held_halfway_goes_on_when_it_is_resumed(network: str) -> None:
    tale = Tale(network, LONG, create=["ok", "limited"]).pass_by(29)
    assert len(tale.target.creates) == 1
    steer.hold(tale.simulation.world, WORKSPACE, tale.post)
    tale.pass_by(120)
    assert tale.target.state is State.HELD
    steer.resume(tale.simulation.world, WORKSPACE, tale.post)
    tale.ends_well()


def test_what_rests_in_doubt_is_unconfirmed() -> None:
    tale = Tale("sim_container", create=["timeout_applied"]).pass_by(60)
    resting = publishing.resting(tale.target, tale.simulation.now, tale.simulation.now, POLICY)
    assert resting.doubt is None or resting.state is State.UNCONFIRMED
    tale.simulation.kernel.close()


class Straight:
    """A vault that is asked in passing: no time goes by, and nothing goes wrong."""

    def __init__(self, vault: Vault) -> None:
        self._vault = cast(FakeVault, vault)

    def seal(self, workspace_id: str, purpose: str, secret: bytes) -> bytes:
        return FakeVault.seal(self._vault, workspace_id, purpose, secret)

    def open(self, workspace_id: str, purpose: str, sealed: bytes) -> bytes:
        return FakeVault.open(self._vault, workspace_id, purpose, sealed)


@pytest.mark.parametrize("network", CLASSES)
def test_what_was_refreshed_by_somebody_else_meanwhile_is_no_lost_claim(network: str) -> None:
    tale = Tale(network, create=["expired"], refresh=["ok"])
    owner = next(iter(tale.simulation.network.owners.values()))
    owner.refresh = owner.old_refresh = "used by another"
    row = tale.simulation.table.targets()[0]

    def renew(_: object) -> None:
        """Another worker has taken the refresh over, and kept what it found."""
        simulation, account = tale.simulation, connect.key(WORKSPACE, row.account_id)
        item = simulation.table.peek(account)
        if item and "refreshing_until" in item.doc:
            tokens = simulation.network._tokens(item.doc["remote_id"])
            place = connect.secrets_place(WORKSPACE, account)
            aside = dataclasses.replace(simulation.world, vault=Straight(simulation.world.vault))
            doc = {**item.doc, "sealed": sealing.seal(aside, place, json.dumps(tokens))}
            FakeTable.write(simulation.table, Put(dataclasses.replace(item, doc=doc), expect=None))

    tale.simulation.network.on_refresh.append(renew)
    tale.pass_by(30)
    assert tale.target.state is State.PUBLISHED
    tale.simulation.kernel.close()


def test_a_doubtful_container_is_not_replaced_by_another() -> None:
    tale = Tale("sim_container")
    tale.fate.mishap_once, tale.fate.strikes = "die", lambda point: point == "web.create/after"
    tale.simulation.sweeps = False
    tale.pass_by(200)
    assert tale.target.doubt
    tale.simulation.sweeps = True
    tale.ends_well()


def test_a_container_is_as_old_as_the_request_for_it_and_not_as_its_answer() -> None:
    tale = Tale("sim_container")
    tale.fate.mishap_once, tale.fate.frozen_for = "freeze", 220.0
    tale.fate.strikes = lambda point: point == "web.prepare/after"
    tale.simulation.sweeps = False
    tale.pass_by(250)
    assert tale.fate.mishap_once == "go"
    tale.simulation.sweeps = True
    tale.ends_well()


def test_a_repeat_that_was_frozen_beyond_its_keys_life_is_not_sent() -> None:
    tale = Tale("sim_key", create=["timeout_applied"])

    def repeats(point: str) -> bool:
        """Whether a repeat has just been written down."""
        doubt = tale.target.doubt
        return point == "table.write/after" and bool(doubt and doubt.over_at > doubt.intent_at + timedelta(seconds=20))

    tale.fate.mishap_once, tale.fate.frozen_for, tale.fate.strikes = "freeze", 400.0, repeats
    tale.simulation.sweeps = False
    tale.pass_by(470)
    assert tale.fate.mishap_once == "go"
    tale.simulation.sweeps = True
    tale.ends_well()


def test_a_key_is_not_repeated_when_it_may_end_on_the_way() -> None:
    tale = Tale("sim_key", create=["timeout_applied"])
    tale.simulation.sweeps = False
    tale.fate.mishap_once, tale.fate.strikes = "die", lambda point: point == "web.create/after"
    tale.pass_by(60)
    doubt = tale.target.doubt
    assert doubt
    request = Request("POST", "https://sim_key/posts", effect=Effect.CREATE)
    last = doubt.intent_at + CLASSES["sim_key"].habits.key_lifetime - timedelta(seconds=1)
    assert publishing.after_doubt(tale.target, doubt, last, CLASSES["sim_key"].habits, POLICY, request) != "repeat"
    tale.simulation.kernel.close()


def test_a_publisher_that_was_held_up_begins_nothing_that_its_end_would_cut_off() -> None:
    tale = Tale("sim_none")
    tale.simulation.line.limit = timedelta(seconds=60)
    tale.fate.web_takes = 3.0
    tale.fate.mishap_once, tale.fate.frozen_for = "freeze", 54.0
    tale.fate.strikes = lambda point: point == "web.warm/after"
    tale.ends_well()


def test_a_publisher_that_was_frozen_before_its_claim_heeds_a_hold_of_meanwhile() -> None:
    tale = Tale("sim_none")
    tale.fate.mishap_once, tale.fate.frozen_for = "freeze", 30.0
    tale.fate.strikes = lambda point: point == "table.get_many/after"
    tale.pass_by(18)
    brakes.hold(tale.simulation.world, WORKSPACE, "key_test")
    tale.pass_by(60)
    assert tale.target.state is State.HELD
    assert not tale.simulation.network.posts
    brakes.resume(tale.simulation.world, WORKSPACE)
    tale.ends_well()


def test_what_expires_while_it_is_made_ready_does_not_go_out() -> None:
    tale = Tale("sim_none", expires_in=21.0)
    tale.fate.mishap_once, tale.fate.frozen_for = "freeze", 8.0
    tale.fate.strikes = lambda point: point == "web.warm/after"
    tale.pass_by(120)
    assert tale.target.state is State.MISSED
    assert not tale.simulation.network.posts
    tale.simulation.kernel.close()
