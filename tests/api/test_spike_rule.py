"""/v1/spike_rule: what a spike is, and whether it holds posts."""

from typing import Any

import pytest

from tests.api.client import Api, issues, problem


def test_without_a_rule_spikes_are_told_and_hold_nothing(client: Api) -> None:
    assert client.get("/v1/spike_rule").json_body == {"hold": False, "factor": 5.0, "minimum": 20}


def test_what_is_not_said_of_a_rule_is_as_it_was_made(client: Api) -> None:
    made = client.send("PUT", "/v1/spike_rule", {"hold": True, "minimum": 50})
    assert made.json_body == {"hold": True, "factor": 5.0, "minimum": 50}
    assert client.get("/v1/spike_rule").json_body == made.json_body
    client.send("PUT", "/v1/spike_rule", {"hold": False})
    assert client.get("/v1/spike_rule").json_body == {"hold": False, "factor": 5.0, "minimum": 20}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("hold", "required")]),
        ({"hold": True, "factor": 1}, [("factor", "greater_than_equal")]),
        ({"hold": True, "minimum": 4}, [("minimum", "greater_than_equal")]),
        ({"hold": "often", "factor": 101, "minimum": 4}, 3),
        ({"hold": True, "colour": "red"}, [("colour", "unknown_field")]),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_whole(client: Api, body: dict[str, Any], faults: Any) -> None:
    answer = client.send("PUT", "/v1/spike_rule", body)
    problem(answer, 422, "validation_failed")
    assert (len(issues(answer)) if isinstance(faults, int) else issues(answer)) == faults
    assert client.get("/v1/spike_rule").json_body["hold"] is False


def test_another_tenants_rule_is_not_ours(client: Api) -> None:
    client.stranger().send("PUT", "/v1/spike_rule", {"hold": True})
    assert client.get("/v1/spike_rule").json_body["hold"] is False
