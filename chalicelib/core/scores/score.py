"""A score: a figure from 0 to 100 with everything that explains it."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["consistency", "timeliness"]
KINDS: tuple[Kind, ...] = ("consistency", "timeliness")
Confidence = Literal["A", "B", "C"]
WEEKS = {"8w": 8, "4w": 4}
DAYS = {"28d": 28, "7d": 7}
WINDOWS: dict[Kind, tuple[str, ...]] = {"consistency": tuple(WEEKS), "timeliness": tuple(DAYS)}
"""What each kind looks back on; the first is its own, whose history is kept."""


class Scope(NamedTuple):
    """What a score is of."""

    kind: Literal["workspace", "platform", "account"]
    id: str = ""
    """The platform's name or the account's id; empty for the workspace."""

    @property
    def name(self) -> str:
        """One word for it, as rows are named: `workspace`, `platform#x`, `account#acc_…`."""
        return f"{self.kind}#{self.id}" if self.id else self.kind


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a score."""

    name: str
    value: float | None
    """In [0, 1]; None where there is nothing to make it of: then the other parts' weights are shared out anew."""
    weight: float
    """Its share of the score, after that; 0 where it has no value. All of a score's weights make 1."""
    n: int
    """What it is made of: posts, weeks, waits."""
    interval: tuple[float, float] | None = None
    """Where it probably lies (95 %), in [0, 1], where it is a share of something."""
    note: str | None = None
    """Why it has no value, as a code: `no_plan`, `no_posts`, `too_few`, `nobody_asked` …"""
    figures: dict[str, float | None] = field(default_factory=dict)
    """What a reader may want beside it: p50, on-time share, posts, planned."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A post, and how many points of the score it cost."""

    post_id: str
    points: float
    why: str
    """As a code with its figure: `late_by 312.0 s`, `missed`, `lost link`."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that would raise the score, and by how much at most."""

    code: str
    points: float
    message: str


@dataclass(frozen=True, slots=True)
class Score:
    """What was computed for one scope and window."""

    kind: Kind
    value: float | None
    """0 to 100; None where no part has anything to go by."""
    n: int
    """The posts and waits that it rests on."""
    confidence: Confidence
    interval: tuple[float, float] | None
    """Where the score probably lies (95 %), 0 to 100."""
    parts: tuple[Part, ...]
    losses: tuple[Loss, ...] = ()
    """The three posts that cost the most points, the dearest first."""
    advice: tuple[Advice, ...] = ()
    """The most worthwhile first."""
