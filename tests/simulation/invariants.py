"""What must hold, whatever goes wrong. A breach is written down, not raised: the product would catch it."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from chalicelib.core.conversation import Effect
from chalicelib.core.publishing import SEND_WITHIN
from chalicelib.core.rendition import Rendition
from chalicelib.core.target import TERMINAL, State, Target
from chalicelib.core.webhooks import PUBLIC
from chalicelib.service import records
from chalicelib.service.schedule import POLICY
from tests.simulation.network import Asked, Live
from tests.simulation.networks import CLASSES
from tests.simulation.simulation import Simulation

NEVER_OUT = frozenset({State.CANCELLED, State.DRAFT, State.SKIPPED, State.MISSED, State.PENDING_APPROVAL})
WITHIN = timedelta(seconds=1)
"""How fast a hold is."""
FINAL_WORDS = frozenset({"refused", "expired", "refresh_token_used", "account_gone"})
"""What a network or a person may say so that a target fails."""


class Watch:
    """Looks on, and notes every breach."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.breaches: list[str] = []
        self.called_off: dict[str, datetime] = {}
        """Targets whose cancellation was confirmed, and when."""
        self.listening: set[str] = set()
        """Workspaces with a webhook."""
        self.stopped: dict[str, datetime] = {}
        """Workspaces and accounts that are on hold, since when."""
        self._live: Counter[tuple[str, int]] = Counter()
        simulation.network.on_arrival.append(self.arrived)
        simulation.network.on_live.append(self.went_live)

    def breach(self, what: str) -> None:
        """A promise is broken."""
        self.simulation.kernel.note(f"BREACH: {what}")
        self.breaches.append(what)

    def arrived(self, asked: Asked) -> None:
        """A creating request reached a network."""
        body = asked.body
        name, part = body["target"], body["part"]
        target = self.simulation.table.target(name)
        if target is None:
            self.breach(f"{name}#{part} was sent for a target that is gone")
            return
        if target.scheduled_at is None or asked.at < target.scheduled_at:
            self.breach(f"{name}#{part} was sent early")
        if name in self.called_off:
            self.breach(f"{name}#{part} was sent although it was cancelled")
        self._check_stopped(target, part)
        self._check_expiry(target, part)
        if target.doubt is None or target.doubt.part != part:
            self.breach(f"{name}#{part} was sent without an intent on record")
        token = asked.request.headers["Authorization"].removeprefix("Bearer ")
        if not token.startswith(f"{target.workspace_id}/{body['account']}/"):
            self.breach(f"{name}#{part} was sent with the token of another tenant: {token}")

    def _check_stopped(self, target: Target, part: int) -> None:
        """A hold stops what is not claimed within a second, but nothing of which something is, or may be, out."""
        held = [self.stopped[one] for one in (target.workspace_id, target.account_id) if one in self.stopped]
        asked = [one for one in target.ledger if one.effect is Effect.CREATE]
        if not held or len(asked) != 1 or target.claimed_until is None:
            return
        if self.simulation.now > asked[0].intent_at + SEND_WITHIN:
            return  # sent once more: it was out, or may have been
        if target.claimed_until - POLICY.lease > min(held) + WITHIN:
            self.breach(f"{target.id}#{part} was claimed and sent although everything was on hold")

    def _check_expiry(self, target: Target, part: int) -> None:
        """Nothing begins to go out after its expiry; what has begun is finished."""
        asked = [one for one in target.ledger if one.effect is Effect.CREATE]
        if len(asked) == 1 and target.expires_at and asked[0].intent_at >= target.expires_at:
            self.breach(f"{target.id}#{part} was sent after its expiry")

    def went_live(self, live: Live) -> None:
        """People can see a post."""
        self._live[live.target, live.part] += 1
        if self._live[live.target, live.part] > 1:
            self.breach(f"{live.target}#{live.part} is there twice")

    def ended(self, target: Target) -> bool:
        """Whether nothing but a person can still move this target."""
        if target.state is State.UNCONFIRMED and target.error and target.error.code == "refresh_token_used":
            return True  # only a person can connect the account again; until then somebody tries now and then
        if target.state is State.UNCONFIRMED and target.next_at is None:
            return not CLASSES[target.platform].habits.readable
        resting = target.state in (State.DRAFT, State.HELD, State.PENDING_APPROVAL) and target.claim is None
        return target.next_at is None and (resting or target.state in TERMINAL)

    def finish(self) -> None:
        """Look at everything once more at the end."""
        live: dict[str, list[Live]] = defaultdict(list)
        for post in self.simulation.network.posts:
            live[post.target].append(post)
        for target in self.simulation.table.targets():
            self._check_end(target, live.pop(target.id, []))
        self._check_told()
        for name in live:
            self.breach(f"{name} is out, and nobody knows it any more")

    def _check_told(self) -> None:
        """Every public event of a listening workspace has its delivery."""
        told = self.simulation.table.told()
        for target in self.simulation.table.targets():
            if target.workspace_id not in self.listening:
                continue
            for number, event in enumerate(target.events):
                if event.type in PUBLIC and (target.id, number) not in told:
                    self.breach(f"{target.id}: nobody is told that it was {event.type}")

    def _check_end(self, target: Target, live: list[Live]) -> None:
        if not self.ended(target):
            self.breach(f"{target.id} never ended: {target.state}, {target.error}")
        if target.state in NEVER_OUT and live:
            self.breach(f"{target.id} is {target.state} and out")
        if target.id in self.called_off and target.state is not State.CANCELLED:
            self.breach(f"{target.id} was cancelled and is {target.state}")
        if target.state is State.FAILED:
            self._check_failed(target, live)
        if target.state is State.PUBLISHED:
            self._check_published(target, live)

    def _check_failed(self, target: Target, live: list[Live]) -> None:
        # Said to those who waited for a refresh, by whoever was refused it.
        told = {"reconnect_required"} if self.simulation.network.disowned else set()
        if target.error is None or target.error.code not in FINAL_WORDS | told:
            self.breach(f"{target.id} failed although nobody said no: {target.error}")
        if len(live) != len(target.creates):
            self.breach(f"{target.id} failed with {len(live)} parts out and {len(target.creates)} on record")

    def _check_published(self, target: Target, live: list[Live]) -> None:
        if any(one.answer and one.answer.source == "person" for one in target.creates):
            if len(live) != len(target.creates):
                self.breach(f"{target.id} was found by a person, with {len(live)} of {len(target.creates)} parts out")
            return
        by_id = {post.id: post for post in live}
        if not target.platform_post_id or target.part_ids[:1] != (target.platform_post_id,):
            self.breach(f"{target.id} is published without the network's id")
        if sorted(by_id) != sorted(target.part_ids):
            self.breach(f"{target.id} says {target.part_ids}, and there are {sorted(by_id)}")
            return
        row = self.simulation.table.peek(records.rendition_key(records.of(target)))
        parts = records.from_doc(Rendition, row.doc).parts if row else ()
        said = [by_id[one] for one in target.part_ids]
        if [post.text for post in said] != [part.text for part in parts]:
            self.breach(f"{target.id} does not say what was accepted")
        if [post.film for post in said] != [part.media[0].url if part.media else None for part in parts]:
            self.breach(f"{target.id} does not show the film that was accepted")
        if [post.parent for post in said] != [None, *target.part_ids[:-1]]:
            self.breach(f"{target.id} is not in order")
