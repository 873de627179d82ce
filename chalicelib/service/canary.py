"""The canary: a post of our own to the sandbox every few minutes, so that a stage that nobody uses is watched, too.

It goes the way of every post: composed, left to its minute's alarm, dispatched, queued, published; and it is measured
like any other. A later run looks in the sandbox's book whether it is there, once, and how late it was. Its workspace is
nobody's: no key opens it, it has no scores and no webhooks, and what it leaves ends after two days.

    W#ws_canary                  CANARY         the posts that are to be looked at, and how the last one did
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.core.conversation import key_of
from chalicelib.core.errors import NotFound
from chalicelib.core.post import NewPost, NewTarget
from chalicelib.core.target import State, Target
from chalicelib.core.timing import MINUTE, minute_of, stamp
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import compose, connect, reading, records, sandbox, vitals
from chalicelib.service.records import CANARY

PLACE = Key(records.workspace_pk(CANARY), "CANARY")
AHEAD = timedelta(minutes=1)
"""Beyond the direct window: the alarm is to ring, and a run that takes its time must not come too late for it."""
PATIENCE = timedelta(minutes=2)
"""What is not out so long after it was due has failed: the sweep has come by, too."""


@dataclass(frozen=True, slots=True)
class Sung:
    """What became of one post of the canary's."""

    due: datetime
    state: str
    times: int
    """How often it is to be seen on the sandbox."""
    lateness_ms: int | None = None

    @property
    def well(self) -> bool:
        """Whether it went out, once, and not early."""
        return self.state == State.PUBLISHED and self.times == 1 and (self.lateness_ms or 0) >= 0


@dataclass(frozen=True, slots=True)
class Songs:
    """The posts that nobody has looked at yet, and what became of the last that somebody did."""

    waiting: tuple[str, ...] = ()
    """By their ids."""
    last: Sung | None = None


def sing(world: World) -> list[Sung]:
    """Make the next post, look at those whose time is over, and measure these: what became of each."""
    songs, now = of(world), world.clock.now()
    account = connect.connect(world, CANARY, connect.NewAccount(platform="sandbox", name="Canary"), seed="canary")
    made = _made(world, account.id, now)
    known = [(post_id, _target(world, post_id)) for post_id in dict.fromkeys((*songs.waiting, made))]
    over = [target for _, target in known if target and _due(target) + PATIENCE <= now]
    sung = [_sung(world, account.remote_id, target) for target in over]
    waiting = tuple(post_id for post_id, target in known if target and target not in over)
    left = replace(songs, waiting=waiting, last=sung[-1] if sung else songs.last)
    world.table.write(Put(Item(PLACE, records.to_doc(left)), expect=None))
    for one in sung:
        vitals.sung(world, one)
    return sung


def of(world: World) -> Songs:
    """How the canary does; nothing where it has never sung."""
    item = world.table.get(PLACE)
    return records.from_doc(Songs, item.doc) if item else Songs()


def _made(world: World, account_id: str, now: datetime) -> str:
    """The id of a post for a minute whose alarm has yet to ring; one for a minute, however many runs there are."""
    window = timedelta(seconds=world.settings.direct_window_seconds)
    due = minute_of(now + window + AHEAD) + MINUTE
    text = f"The canary sings at {stamp(due)}."
    new = NewPost(text=text, targets=(NewTarget(account_id=account_id),), scheduled_at=due)
    return compose.create(world, CANARY, new, f"canary_{due:%Y%m%dt%H%M}").post.id


def _target(world: World, post_id: str) -> Target | None:
    """The target of a post of the canary's; None where it has ended meanwhile."""
    try:
        (target,) = reading.post(world, CANARY, post_id).targets
    except NotFound:
        return None
    return target


def _due(target: Target) -> datetime:
    return target.scheduled_at or target.events[0].at


def _sung(world: World, remote_id: str, target: Target) -> Sung:
    times = len(sandbox.posts(world, remote_id, key_of(target.id, 0)))
    return Sung(_due(target), target.state.value, times, target.lateness_ms)
