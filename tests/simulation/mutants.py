"""The mutation gate: take the product's guards away, one at a time; a named test must notice each.

`python -m tests.simulation.mutants` runs every named test once as it is and once with its guard gone, prints a table,
and ends with 1 where a test failed without a mutant or passed with one. A guard is taken away in the test's own process
by a patch of one function's text; a patch that no longer fits is an error, so that the gate follows the code.
"""

import inspect
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

EXHAUSTIVE = "test_exhaustive.py::test_whatever_goes_wrong_in_a_publish_every_promise_holds"
RESTORED = "test_restored.py::test_what_went_out_after_the_export_goes_out_once"
FROZEN = "test_exhaustive.py::test_a_worker_that_was_frozen_does_no_harm_when_it_goes_on"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard, where it stands in the product, its text, what stays without it, and the test that must notice."""

    guard: str
    module: str
    function: str
    old: str
    new: str
    test: str


MUTANTS = (
    Mutant(
        "intent write",
        "service.publish",
        "Publication._create",
        "self.target = schedule.save(self.world, intended)",
        "self.target = intended",
        f"{EXHAUSTIVE}[sim_readback-single-2]",
    ),
    Mutant(
        "claim token",
        "core.publishing",
        "wake",
        "target.claim and target.claimed_until and now < target.claimed_until",
        "False",
        "test_promises.py::test_a_message_that_comes_twice_disturbs_nobody[sim_none]",
    ),
    Mutant(
        "claim's condition (rev)",
        "service.records",
        "put_target",
        "expect=target.rev",
        "expect=None",
        "test_promises.py::test_of_two_workers_who_wake_at_once_one_publishes[sim_readback]",
    ),
    Mutant(
        "version check",
        "core.publishing",
        "wake",
        "version != target.version",
        "False",
        "test_promises.py::test_a_message_about_an_older_version_does_nothing",
    ),
    Mutant(
        "quarantine",
        "core.publishing",
        "after_doubt",
        '"read_back" if now >= doubt.over_at + idempotency.quarantine else "wait"',
        '"read_back"',
        f"{EXHAUSTIVE}[sim_readback-single-2]",
    ),
    Mutant(
        "quarantine of a key",
        "core.publishing",
        "_repeatable_at",
        "idempotency.safety is Safety.KEY",
        "False",
        f"{EXHAUSTIVE}[sim_key-single-2]",
    ),
    Mutant(
        "due guard",
        "core.publishing",
        "intended",
        "target.scheduled_at and now < target.scheduled_at",
        "False",
        "test_promises.py::test_a_clock_that_wakes_too_soon_makes_nothing_early[sim_readback]",
    ),
    Mutant(
        "replay of recorded replies",
        "core.publishing",
        "recall",
        "target.creates[created] if created < len(target.creates) else None",
        "None",
        f"{EXHAUSTIVE}[sim_readback-thread-1]",
    ),
    Mutant(
        "fence of the first sending",
        "service.publish",
        "Publication._create",
        "self.now > self.target.doubt.intent_at + publishing.SEND_WITHIN",
        "False",
        f"{FROZEN}[sim_readback]",
    ),
    Mutant(
        "fence of a repeat",
        "service.publish",
        "Publication._repeat",
        "self.now > begun + publishing.SEND_WITHIN",
        "False",
        "test_found.py::test_a_repeat_that_was_frozen_beyond_its_keys_life_is_not_sent",
    ),
    Mutant(
        "container's identity",
        "core.publishing",
        "after_doubt",
        "idempotency.safety is not Safety.CONTAINER or _in_its_container(target, doubt, now, idempotency, request)",
        "True",
        "test_found.py::test_a_doubtful_container_is_not_replaced_by_another",
    ),
    Mutant(
        "no after a repeat proves nothing",
        "service.publish",
        "Publication._repeat",
        "begun, self.repeating = self.now, True",
        "begun = self.now",
        f"{EXHAUSTIVE}[sim_key-single-2]",
    ),
    Mutant(
        "key's end, with the way there",
        "core.publishing",
        "after_doubt",
        "now + sending < doubt.intent_at + lifetime",
        "now < doubt.intent_at + lifetime",
        "test_found.py::test_a_key_is_not_repeated_when_it_may_end_on_the_way",
    ),
    Mutant(
        "lease check",
        "service.publish",
        "Publication._check_lease",
        "until is None or self.now + timedelta(seconds=request.timeout) > until - POLICY.lease + POLICY.run",
        "False",
        "test_found.py::test_a_publisher_that_was_held_up_begins_nothing_that_its_end_would_cut_off",
    ),
    Mutant(
        "second look for a hold",
        "service.publish",
        "_stopped_meanwhile",
        "world.clock.now() <= around.at + HOLDS_WITHIN",
        "True",
        "test_found.py::test_a_publisher_that_was_frozen_before_its_claim_heeds_a_hold_of_meanwhile",
    ),
    Mutant(
        "expiry at the last moment",
        "service.publish",
        "Publication._create",
        "publishing.expired(self.target, self.now)",
        "False",
        "test_found.py::test_what_expires_while_it_is_made_ready_does_not_go_out",
    ),
    Mutant(
        "claim of its own to go out",
        "service.publish",
        "Publication._await_arming",
        "self.around.at < armed - SHORT_WAIT",
        "False",
        "test_lead.py::test_a_claim_to_get_ready_does_not_go_on_to_go_out",
    ),
    Mutant(
        "upload of before an edit",
        "core.publishing",
        "_is_kept",
        "target.edited_at is not None and preparation.intent_at <= target.edited_at",
        "False",
        "test_lead.py::test_another_film_of_the_same_size_is_not_taken_for_the_one_that_was_sent[sim_readback]",
    ),
    Mutant(
        "upload that the network forgets",
        "core.publishing",
        "_is_kept",
        "now < preparation.intent_at + idempotency.prepared_lifetime",
        "True",
        "test_lead.py::test_a_reschedule_to_later_keeps_the_upload_until_the_network_forgets_it",
    ),
    Mutant(
        "lead of a wake",
        "core.publishing",
        "ready_at",
        "max(target.lead, policy.arm)",
        "policy.arm",
        "test_lead.py::test_a_film_goes_out_on_time_and_no_function_waits_for_its_instant[sim_readback]",
    ),
    Mutant(
        "reviewer's yes",
        "core.publishing",
        "wake",
        "target.unapproved is not None and not target.creates",
        "False",
        "test_review.py::test_without_a_yes_nothing_goes_out_and_it_is_told_when_its_time_comes[sim_readback]",
    ),
    Mutant(
        "yes taken back by an edit",
        "service.compose",
        "_moved",
        "old.unapproved is not None if same else post.requires_approval",
        "old.unapproved is not None",
        "test_review.py::test_an_edit_while_a_publisher_gets_ready_takes_the_yes_back",
    ),
    Mutant(
        "yes to what was read",
        "service.review",
        "_decided",
        "any(one.unapproved != seen for one in waiting)",
        "False",
        "test_review.py::test_who_reads_one_version_cannot_approve_the_next_however_close_its_edit_comes",
    ),
    Mutant(
        "outbox",
        "service.tell",
        "tell",
        "for webhook in wanting:",
        "for webhook in []:",
        "test_promises.py::test_every_public_event_is_told_although_the_teller_dies",
    ),
    Mutant(
        "doubt after a restore",
        "core.restoring",
        "may_be_out",
        "target.scheduled_at <= stopped_at",
        "False",
        f"{RESTORED}[22-False]",
    ),
    Mutant(
        "doubt after a restore: the rest of a thread",
        "core.restoring",
        "goes_on",
        "bool(made) and",
        "False and",
        f"{RESTORED}[22-False]",
    ),
    Mutant(
        "doubt after a restore: what the logs know",
        "core.restoring",
        "restored",
        "sent.get(target.id)",
        "None",
        f"{RESTORED}[28-True]",
    ),
)


@contextmanager
def mutated(guard: str | None) -> Iterator[None]:
    """Inside, this guard is gone from the product; None takes nothing away."""
    mutant = next((one for one in MUTANTS if one.guard == guard), None)
    if mutant is None:
        yield
        return
    module = import_module(f"chalicelib.{mutant.module}")
    owner_name, _, name = mutant.function.rpartition(".")
    owner: Any = getattr(module, owner_name) if owner_name else module
    whole = getattr(owner, name)
    setattr(owner, name, _without(mutant, whole))
    try:
        yield
    finally:
        setattr(owner, name, whole)


def _without(mutant: Mutant, whole: Any) -> Any:
    """The function with the guard's text replaced."""
    text = textwrap.dedent(inspect.getsource(whole))
    if text.count(mutant.old) != 1:
        raise LookupError(f"{mutant.guard}: {mutant.function} does not say {mutant.old!r} once")
    made: dict[str, Any] = {}
    exec(text.replace(mutant.old, mutant.new), whole.__globals__, made)  # noqa: S102
    return made[whole.__name__]


def main() -> int:
    """0 where every guard's test passes with it, and fails without it."""
    well = True
    print(f"{'guard taken away':<44}{'with it':<9}{'without':<9}test", flush=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        without = pool.map(_without_guard, MUTANTS)
        whole = {test: pool.submit(_runs, test) for test in {one.test for one in MUTANTS}}
        for mutant, result in zip(MUTANTS, without, strict=True):
            intact = whole[mutant.test].result()
            caught = intact == "green" and result == "red"
            well = well and caught
            verdict = "" if caught else "   NOT CAUGHT"
            print(f"{mutant.guard:<44}{intact:<9}{result:<9}{mutant.test}{verdict}", flush=True)
    return 0 if well else 1


def _without_guard(mutant: Mutant) -> str:
    return _runs(mutant.test, mutant.guard)


def _runs(test: str, guard: str = "") -> str:
    """How a test ends in a process of its own: `green`, `red`, or `broken` where it did not run at all."""
    plain = ("-q", "--assert=plain", "-p", "no:cacheprovider")  # nobody reads why: rewriting asserts takes seconds
    command = [sys.executable, "-m", "pytest", *plain, f"tests/simulation/{test}"]
    done = subprocess.run(command, env={**os.environ, "CARILLON_MUTANT": guard}, capture_output=True, text=True)
    if done.returncode == 1 and "\nFAILED " in done.stdout and "LookupError" not in done.stdout:
        return "red"
    return "green" if done.returncode == 0 else "broken"


if __name__ == "__main__":
    sys.exit(main())
