"""Films that take longer than the last seconds: got ready before, and stopped like anything else."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.core.post import PostPatch
from chalicelib.core.target import State
from chalicelib.service import brakes, compose, steer
from chalicelib.service.schedule import POLICY
from tests.simulation.exhaustive import FILM, WORKSPACE
from tests.simulation.networks import CLASSES, FORGETS
from tests.simulation.tale import Tale

UPLOADING, RESTING = 50.0, 20.0
"""Seconds before the due instant: a film of these tests begins 60 s before, and takes 25 s."""


def film(network: str, due_in: float = 100.0) -> Tale:
    tale = Tale(network, film_due_in=due_in)
    tale.simulation.network.sending = 25.0
    return tale


def never_goes_out(tale: Tale, state: State) -> None:
    tale.pass_by(300)
    tale.simulation.kernel.close()
    assert not tale.watch.breaches
    assert not tale.simulation.network.posts
    assert tale.target.state is state


@pytest.mark.parametrize("network", CLASSES)
def test_a_film_goes_out_on_time_and_no_function_waits_for_its_instant(network: str) -> None:
    tale = film(network)
    tale.ends_well()
    assert tale.target.lateness_ms is not None
    assert tale.target.lateness_ms <= 1000
    assert tale.target.attempts == 1
    assert len(tale.simulation.network.uploads) == 1
    claims = [event.at for event in tale.target.events if event.type == "claimed"]
    ends = [event.at for event in tale.target.events if event.type in ("resting", "published")]
    assert len(claims) > 1
    assert all(end - claim < POLICY.run for claim, end in zip(claims, ends, strict=True))


@pytest.mark.parametrize("moment", [UPLOADING, RESTING])
@pytest.mark.parametrize("network", CLASSES)
def test_what_is_cancelled_before_its_instant_stays_unseen(network: str, moment: float) -> None:
    tale = film(network).pass_until(moment)
    assert (tale.target.claim is not None) == (moment is UPLOADING)
    steer.cancel(tale.simulation.world, WORKSPACE, tale.post)
    never_goes_out(tale, State.CANCELLED)


@pytest.mark.parametrize("moment", [UPLOADING, RESTING])
def test_what_is_deleted_before_its_instant_stays_unseen(moment: float) -> None:
    tale = film("sim_readback").pass_until(moment)
    compose.delete(tale.simulation.world, WORKSPACE, tale.post)
    tale.pass_by(300)
    tale.simulation.kernel.close()
    assert not tale.simulation.table.targets()
    assert not tale.simulation.network.posts


@pytest.mark.parametrize("moment", [UPLOADING, RESTING])
@pytest.mark.parametrize("network", CLASSES)
def test_a_hold_while_it_gets_ready_is_heeded_and_a_resume_in_time_makes_nothing_late(
    network: str, moment: float
) -> None:
    tale = film(network).pass_until(moment)
    steer.hold(tale.simulation.world, WORKSPACE, tale.post)
    assert tale.target.state is State.HELD
    tale.pass_until(10)
    assert tale.target.state is State.HELD
    steer.resume(tale.simulation.world, WORKSPACE, tale.post)
    tale.ends_well()


@pytest.mark.parametrize("moment", [UPLOADING, RESTING])
def test_a_hold_of_everything_while_it_gets_ready_stops_it_at_its_instant(moment: float) -> None:
    tale = film("sim_none").pass_until(moment)
    brakes.hold(tale.simulation.world, WORKSPACE, "key_test")
    tale.pass_by(120)
    assert tale.target.state is State.HELD
    assert not tale.simulation.network.posts
    brakes.resume(tale.simulation.world, WORKSPACE)
    tale.ends_well()


def test_a_claim_to_get_ready_does_not_go_on_to_go_out() -> None:
    """Not even where the upload ends just before the instant: a hold of meanwhile would go unseen."""
    tale = film("sim_none", due_in=30)
    tale.simulation.network.sending = 27.0
    tale.pass_until(15)
    assert tale.target.claim
    brakes.hold(tale.simulation.world, WORKSPACE, "key_test")
    never_goes_out(tale, State.HELD)


@pytest.mark.parametrize("network", CLASSES)
@pytest.mark.parametrize(("later", "uploads"), [(timedelta(seconds=60), 1), (FORGETS + timedelta(minutes=5), 2)])
def test_a_reschedule_to_later_keeps_the_upload_until_the_network_forgets_it(
    network: str, later: timedelta, uploads: int
) -> None:
    tale = film(network).pass_until(RESTING)
    due = tale.target.scheduled_at
    assert due
    compose.edit(tale.simulation.world, WORKSPACE, tale.post, PostPatch(scheduled_at=due + later))
    tale.ends_well()
    assert tale.target.lateness_ms is not None
    assert tale.target.lateness_ms <= 1000
    assert len(tale.simulation.network.uploads) == uploads


@pytest.mark.parametrize("network", CLASSES)
def test_another_film_of_the_same_size_is_not_taken_for_the_one_that_was_sent(network: str) -> None:
    tale = film(network, due_in=160).pass_until(RESTING)
    other = PostPatch.model_validate({"media": [{**FILM, "url": "https://films.test/two"}]})
    compose.edit(tale.simulation.world, WORKSPACE, tale.post, other)
    tale.ends_well()
    assert [post.film for post in tale.simulation.network.posts] == ["https://films.test/two"]


@pytest.mark.parametrize(
    "act",
    [
        lambda tale: steer.publish_now(tale.simulation.world, WORKSPACE, tale.post),
        lambda tale: compose.edit(tale.simulation.world, WORKSPACE, tale.post, PostPatch(text="No film.", media=())),
    ],
    ids=["publish now", "without the film"],
)
@pytest.mark.parametrize("moment", [UPLOADING, RESTING])
def test_whoever_loses_a_claim_to_a_person_disturbs_nothing(act: Callable[[Tale], object], moment: float) -> None:
    tale = film("sim_readback").pass_until(moment)
    act(tale)
    tale.ends_well()
