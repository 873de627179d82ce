"""The lead of a target: how long before it is due its media begin on their way, so that all of it is there by then."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every platform has an intake, and few functions need the models of a post
    from chalicelib.core.post import Media, MediaKind

ALL: "frozenset[MediaKind]" = frozenset({"image", "gif", "video", "audio", "document"})
BYTES_A_SECOND = 1_000_000
"""How fast media are assumed to get to a network, through us: slow for a data centre, on purpose."""
WORKED_A_SECOND = 1_000_000
"""How fast a network is assumed to fetch, check and encode what it has to work on."""
WORK: "dict[MediaKind, float]" = {"image": 5, "gif": 20, "video": 60, "audio": 20, "document": 20}
"""Seconds that a network takes to work on even the smallest of a kind, with a queue before it. No network promises any:
these are ours."""
UNKNOWN: "dict[MediaKind, int]" = {
    "image": 5_000_000,
    "gif": 15_000_000,
    "video": 100_000_000,
    "audio": 20_000_000,
    "document": 20_000_000,
}
"""How many bytes those are assumed to have of which nobody said."""
LEAST = timedelta(seconds=5)
"""What takes less has time enough once the publisher is armed."""
LONGEST = timedelta(minutes=14)
"""What is ready at once still rests on the queue until it is due, which holds a message for 15 minutes."""


@dataclass(frozen=True, slots=True)
class Intake:
    """How a network takes media before the request that makes the post.

    What it fetches by their address, or is sent with that very request, is in neither: it needs no lead.
    """

    sent: "frozenset[MediaKind]" = frozenset()
    """Kinds whose bytes we send it first."""
    worked_on: "frozenset[MediaKind]" = frozenset()
    """Kinds that it works on before they can be posted, for as long as it likes, sent or fetched."""


def lead(media: "Iterable[Media]", intake: Intake, kept: timedelta) -> timedelta:
    """The time to send the media one after the other and have them worked on; zero where there is nothing to do.

    Whole seconds; at most `LONGEST`; and at most half of `kept`, for which a network keeps what nothing refers to yet:
    what it has forgotten would have to be sent again when the post is due.
    """
    needed = timedelta(seconds=math.ceil(sum(_seconds(each, intake) for each in media)))
    return min(needed, LONGEST, kept / 2) if needed >= LEAST else timedelta()


def _seconds(medium: "Media", intake: Intake) -> float:
    size = medium.bytes or UNKNOWN[medium.kind]
    sending = size / BYTES_A_SECOND if medium.kind in intake.sent else 0.0
    working = WORK[medium.kind] + size / WORKED_A_SECOND if medium.kind in intake.worked_on else 0.0
    return sending + working
