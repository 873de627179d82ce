"""/v1/brand: what the workspace's posts must say, may say and must not say."""

from typing import Any

from typing_extensions import TypedDict

from chalicelib.api.route import Answer, Call, route
from chalicelib.core.kit import Kit
from chalicelib.core.starter_lists import STARTER_LISTS, Basis, Source, StarterList
from chalicelib.service import brand


class SourceAnswer(TypedDict):
    """Where something was read, of which date it is, and what it says."""

    url: str
    date: str
    about: str


class ListedTermAnswer(TypedDict):
    """A term, and whether it is the law's own word, an authority's, or what practice made of both."""

    term: str
    basis: Basis
    source: SourceAnswer


class StarterListAnswer(TypedDict):
    """A list of terms to begin with. `not_in` are languages that it leaves alone."""

    name: str
    title: str
    about: str
    source: SourceAnswer
    checked: str
    terms: list[ListedTermAnswer]
    exceptions: list[str]
    not_in: list[str]


class StarterListsAnswer(TypedDict):
    """Every starter list."""

    data: list[StarterListAnswer]


@route("GET", "/v1/brand", needs="plan:read", answers={200: Kit})
def get_brand(call: Call) -> Answer:
    """The workspace's brand kit."""
    return Answer(200, _shown(brand.of(call.world, call.workspace_id)))


@route("PUT", "/v1/brand", needs="plan:write", answers={200: Kit}, audited=True)
def put_brand(call: Call, body: Kit) -> Answer:
    """Choose the whole kit anew: what is left out is off. It holds for posts made or edited from now on."""
    return Answer(200, _shown(brand.choose(call.world, call.workspace_id, body)))


@route("GET", "/v1/brand/lists", needs="plan:read", answers={200: StarterListsAnswer})
def get_brand_lists(call: Call) -> Answer:
    """The lists that a kit may switch on by name, each term with what it rests on."""
    return Answer(200, {"data": [_list_answer(one) for one in STARTER_LISTS.values()]})


def _shown(kit: Kit) -> dict[str, Any]:
    return kit.model_dump(mode="json")


def _list_answer(one: StarterList) -> StarterListAnswer:
    return {
        "name": one.name,
        "title": one.title,
        "about": one.about,
        "source": _source_answer(one.source),
        "checked": one.checked,
        "terms": [
            {"term": each.term, "basis": each.basis, "source": _source_answer(each.source)} for each in one.terms
        ],
        "exceptions": list(one.exceptions),
        "not_in": list(one.not_in),
    }


def _source_answer(source: Source) -> SourceAnswer:
    return {"url": source.url, "date": source.date, "about": source.about}
