"""A workspace's brand kit: what its posts must say, may say and must not say."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from chalicelib.core.errors import Issue, Severity
from chalicelib.core.post import Tag, Value

Term = Annotated[str, Field(min_length=1, max_length=100)]
Terms = Annotated[tuple[Term, ...], Field(max_length=1000)]
Choices = Annotated[tuple[Term, ...], Field(min_length=1, max_length=20)]
Domain = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/:@?#\\*]+$")]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9_]+$")]
LabelName = Literal["paid_partnership", "ai_generated"]
ListName = Literal["prc_advertising_law"]

MOST_LETTERS = 60_000
"""Characters of all terms of a kit together: it is read with every post that is made."""


class RequiredTerm(Value):
    """Something that every post must say, in one of these ways: `Carillon` or `钟楼`."""

    any_of: Choices
    severity: Severity = "warning"


class RequiredHashtag(Value):
    """A hashtag that every post must carry."""

    tag: Tag
    severity: Severity = "warning"


class LinkDomains(Value):
    """Where links may lead: to these domains and what is below them. None given: anywhere."""

    allowed: Annotated[tuple[Domain, ...], Field(max_length=200)] = ()
    severity: Severity = "error"


class BannedTerms(Value):
    """Terms that no post may hold, but within the longer ones that are exceptions."""

    name: Name
    terms: Terms
    exceptions: Terms = ()
    severity: Severity = "error"


class StarterChoice(Value):
    """A starter list that is switched on: how bad the law's own words are, and those of rulings and practice."""

    name: ListName
    severity: Severity = "error"
    practice: Severity | Literal["off"] = "warning"


class Disclosure(Value):
    """What must stand in a post that carries a label; in posts of one language, or else of all that have no own."""

    label: LabelName
    any_of: Choices
    language: Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")] | None = None
    severity: Severity = "error"


class Kit(Value):
    """A workspace's brand kit. Who has said nothing may say everything."""

    required_terms: Annotated[tuple[RequiredTerm, ...], Field(max_length=50)] = ()
    required_hashtags: Annotated[tuple[RequiredHashtag, ...], Field(max_length=30)] = ()
    link_domains: LinkDomains = LinkDomains()
    avoid: Terms = ()
    """Words that are not the brand's tone: always a warning."""
    banned: Annotated[tuple[BannedTerms, ...], Field(max_length=20)] = ()
    starter_lists: Annotated[tuple[StarterChoice, ...], Field(max_length=10)] = ()
    exceptions: Terms = ()
    """Longer terms within which a term of any list, or a word to avoid, is none."""
    disclosures: Annotated[tuple[Disclosure, ...], Field(max_length=50)] = ()


NO_KIT = Kit()


def faults(kit: Kit) -> list[Issue]:
    """What makes no sense in a kit."""
    from chalicelib.core.text.folding import folded  # with all of `regex`: not before it is needed

    terms = list(_terms(kit))
    message = "holds nothing that anybody could see"
    issues = [Issue("empty_term", "error", path, message) for path, term in terms if not folded(term)]
    names: dict[str, list[str]] = {
        "banned": [one.name for one in kit.banned],
        "starter_lists": [one.name for one in kit.starter_lists],
    }
    for field, chosen in names.items():
        issues += [
            Issue("duplicate_list", "error", f"{field}[{number}].name", f"there is a list {name!r} before this one")
            for number, name in enumerate(chosen)
            if name in chosen[:number]
        ]
    letters = sum(len(term) for _, term in terms)
    if letters > MOST_LETTERS:
        message = f"all terms together have {letters:,} characters; {MOST_LETTERS:,} are the most"
        issues.append(Issue("too_many_terms", "error", "", message))
    return issues


def _terms(kit: Kit) -> Iterator[tuple[str, str]]:
    """Every term of a kit, by its path."""
    for number, hashtag in enumerate(kit.required_hashtags):
        yield f"required_hashtags[{number}].tag", hashtag.tag.lstrip("#")
    lists = {"avoid": kit.avoid, "exceptions": kit.exceptions}
    lists |= {f"required_terms[{number}].any_of": one.any_of for number, one in enumerate(kit.required_terms)}
    lists |= {f"disclosures[{number}].any_of": one.any_of for number, one in enumerate(kit.disclosures)}
    for number, banned in enumerate(kit.banned):
        lists |= {f"banned[{number}].terms": banned.terms, f"banned[{number}].exceptions": banned.exceptions}
    for path, terms in lists.items():
        for number, term in enumerate(terms):
            yield f"{path}[{number}]", term
