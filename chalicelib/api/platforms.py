"""/v1/platforms: the networks, and what each allows."""

from chalicelib import platforms
from chalicelib.api.answers import ListAnswer, PlatformAnswer
from chalicelib.api.route import Answer, Call, route
from chalicelib.core.errors import NotFound


@route("GET", "/v1/platforms", needs="a key", answers={200: ListAnswer[PlatformAnswer]})
def list_platforms(call: Call) -> Answer:
    """Every network with its limits and capabilities."""
    return Answer(200, {"data": [_shown(name) for name in platforms.names()], "next_cursor": None})


@route("GET", "/v1/platforms/{name}", needs="a key", answers={200: PlatformAnswer})
def get_platform(call: Call, name: str) -> Answer:
    """One network: each limit with its source, the date it was checked, and how sure we are."""
    if name not in platforms.names():
        raise NotFound(f"there is no platform {name}")
    return Answer(200, _shown(name))


def _shown(name: str) -> PlatformAnswer:
    network = platforms.platform(name)
    return {
        "name": network.name,
        "title": network.title,
        "publish": network.publishing,
        "auth": {
            "kind": network.auth.kind,
            "credentials": [name.rstrip("?") for name in network.auth.credentials if not name.endswith("?")],
            "optional": [name.rstrip("?") for name in network.auth.credentials if name.endswith("?")],
            "host": network.auth.host,
            "scopes": list(network.oauth.scopes) if network.oauth else [],
        },
        "tested": network.tested,
        "removable": network.removable,
        "measurable": network.measurable,
        "subscribes": network.subscribes,
        "answerable": list(network.answerable),
        "rules": network.rules.describe(),
    }
