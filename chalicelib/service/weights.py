"""What a workspace weighs otherwise than the house does, when its scores are made.

W#<workspace>                WEIGHTS        the overrides
"""

from dataclasses import dataclass, field

from chalicelib.core.errors import Invalid
from chalicelib.core.scores.weights import HALF_LIVES, Weights, faults, overridden
from chalicelib.platforms import names
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import agenda, records


@dataclass(frozen=True, slots=True)
class Overrides:
    """What stands in the place of the house's own numbers; what is not named keeps them."""

    consistency: dict[str, float] = field(default_factory=dict)
    timeliness: dict[str, float] = field(default_factory=dict)
    half_lives: dict[str, float] = field(default_factory=dict)
    """By platform, in hours."""

    @property
    def weights(self) -> Weights:
        """All weights, with these in their place."""
        return overridden(self.consistency, self.timeliness)

    @property
    def all_half_lives(self) -> dict[str, float]:
        """All half-lives, with these in their place."""
        return {**HALF_LIVES, **self.half_lives}


def of(world: World, workspace_id: str) -> Overrides:
    """What the workspace has chosen: nothing, at first."""
    item = world.table.get(_key(workspace_id))
    return records.from_doc(Overrides, item.doc) if item else Overrides()


def choose(world: World, workspace_id: str, chosen: Overrides) -> Overrides:
    """Let these hold from the next run on; Invalid with everything that is wrong with them."""
    if issues := faults(chosen.consistency, chosen.timeliness, chosen.half_lives, names()):
        raise Invalid(issues)
    world.table.write(Put(Item(_key(workspace_id), records.to_doc(chosen)), expect=None))
    agenda.mark(world, workspace_id)
    return chosen


def _key(workspace_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), "WEIGHTS")
