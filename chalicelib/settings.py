"""What a deployment may choose, out of its environment."""

import re
from collections.abc import Mapping

from chalicelib.ports import Settings

QUEUE_REACH_SECONDS = 900
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html, read 2026-11-22."""
MARGIN_SECONDS = 120
"""A minute before the alarm's minute ends, and one for the alarm to be late."""
MOST_MEASURED = 20
"""Each is two metrics, and every metric costs: https://aws.amazon.com/cloudwatch/pricing/, read 2026-11-23."""
PLACE = re.compile(r"(\[[0-9a-f:]+\]|[a-z0-9._-]+):[0-9]{1,5}")


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings from the `CARILLON_…` variables; ValueError names the one that makes no sense."""
    default = Settings()
    lead = _seconds(environment, "CARILLON_ALARM_LEAD_SECONDS", default.alarm_lead_seconds)
    window = _seconds(environment, "CARILLON_DIRECT_WINDOW_SECONDS", default.direct_window_seconds)
    if not lead + MARGIN_SECONDS <= window < QUEUE_REACH_SECONDS:
        raise ValueError(
            f"CARILLON_DIRECT_WINDOW_SECONDS is {window}; it must be at least {lead + MARGIN_SECONDS} (the alarm's "
            f"lead and {MARGIN_SECONDS} s) and less than {QUEUE_REACH_SECONDS} (what the queue can delay)"
        )
    return Settings(
        stage=environment.get("CARILLON_STAGE") or default.stage,
        api_url=environment.get("CARILLON_API_URL", "").rstrip("/"),
        emulated_url=environment.get("CARILLON_EMULATED_URL", ""),
        alarm_lead_seconds=lead,
        direct_window_seconds=window,
        allowed_private_hosts=_places(environment, "CARILLON_ALLOWED_PRIVATE_HOSTS"),
        measured_workspaces=_workspaces(environment, "CARILLON_MEASURED_WORKSPACES"),
    )


def _seconds(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name} is {text!r}; it must be whole seconds")
    return int(text)


def _places(environment: Mapping[str, str], name: str) -> frozenset[str]:
    places = [place.strip().lower() for place in environment.get(name, "").split(",") if place.strip()]
    wrong = [place for place in places if not PLACE.fullmatch(place)]
    if wrong:
        raise ValueError(f"{name} holds {wrong[0]!r}; it must be host:port, separated by commas")
    return frozenset(places)


def _workspaces(environment: Mapping[str, str], name: str) -> frozenset[str]:
    found = frozenset(one.strip() for one in environment.get(name, "").split(",") if one.strip())
    if len(found) > MOST_MEASURED:
        raise ValueError(f"{name} names {len(found)} workspaces; at most {MOST_MEASURED} have metrics of their own")
    return found
