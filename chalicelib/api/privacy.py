"""What is kept of people: for how long, everything about one of them, and nothing any more."""

from typing import Any

from typing_extensions import TypedDict

from chalicelib.api.answers import ListAnswer
from chalicelib.api.route import Answer, Call, route
from chalicelib.service import privacy
from chalicelib.service.privacy import Kept, Person, PersonPage, PrivacySettings


class PrivacyAnswer(TypedDict):
    """For how many days what people wrote is kept; a network may allow less."""

    text_days: int


class ErasureAnswer(TypedDict):
    """The accounts, also former ones, from which somebody is being erased."""

    account_ids: list[str]


class KeptAnswer(TypedDict):
    """Something that is kept about a person: an `event`, what they `said`, or a `day` on which they were there."""

    what: str
    account_id: str
    document: dict[str, Any]


@route("GET", "/v1/privacy", needs="engagement:read", answers={200: PrivacyAnswer})
def get_privacy(call: Call) -> Answer:
    """For how long the workspace keeps what people wrote."""
    return Answer(200, {"text_days": privacy.settings(call.world, call.workspace_id).text_days})


@route("PUT", "/v1/privacy", needs="engagement:write", answers={200: PrivacyAnswer}, audited=True)
def set_privacy(call: Call, body: PrivacySettings) -> Answer:
    """Keep what people write from now on as long as that."""
    return Answer(200, {"text_days": privacy.change(call.world, call.workspace_id, body).text_days})


@route("POST", "/v1/privacy/erase", needs="engagement:write", answers={202: ErasureAnswer}, audited=True)
def erase_person(call: Call, body: Person) -> Answer:
    """Erase a person from everything that is kept; what comes late does not bring them back."""
    return Answer(202, {"account_ids": privacy.forget(call.world, call.workspace_id, body)})


@route("POST", "/v1/privacy/export", needs="engagement:read", answers={200: ListAnswer[KeptAnswer]}, audited=True)
def export_person(call: Call, body: PersonPage) -> Answer:
    """Everything that is kept about a person; a page may be empty and still have a next one."""
    page = privacy.export(call.world, call.workspace_id, body)
    return Answer(200, {"data": [_kept(one) for one in page.data], "next_cursor": page.next_cursor})


def _kept(one: Kept) -> KeptAnswer:
    return {"what": one.what, "account_id": one.account_id, "document": one.document}
