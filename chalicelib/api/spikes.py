"""/v1/spike_rule: what the workspace calls a spike of voices, and whether one stops the account's posts."""

from typing_extensions import TypedDict

from chalicelib.api.route import Answer, Call, route
from chalicelib.core.spikes import Rule
from chalicelib.service import spikes
from chalicelib.service.spikes import NewRule


class SpikeRuleAnswer(TypedDict):
    """An hour in which people address an account `minimum` times or more, and `factor` times as often as usual."""

    hold: bool
    factor: float
    minimum: int


@route("GET", "/v1/spike_rule", needs="engagement:read", answers={200: SpikeRuleAnswer})
def get_spike_rule(call: Call) -> Answer:
    """What a spike is here, and whether it holds posts."""
    return Answer(200, _shown(spikes.rule(call.world, call.workspace_id)))


@route("PUT", "/v1/spike_rule", needs="engagement:write", answers={200: SpikeRuleAnswer}, audited=True)
def put_spike_rule(call: Call, body: NewRule) -> Answer:
    """Say what a spike is, and whether one holds the account's posts until somebody resumes it."""
    return Answer(200, _shown(spikes.change(call.world, call.workspace_id, body)))


def _shown(rule: Rule) -> SpikeRuleAnswer:
    return {"hold": rule.hold, "factor": rule.factor, "minimum": rule.minimum}
