"""What of its workspace's brand kit a post fails.

Texts are compared folded (see `folding`): full-width letters, case, hidden characters and blanks between Han characters
change nothing. A term of letters is a whole word, each form of it for itself; Han, kana and Hangul are found anywhere.
What stands in a link's address is nobody's word. Places are code points of the text as written, the end not included.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import accumulate
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit

from chalicelib.core.errors import Issue, RuleRef, Severity
from chalicelib.core.kit import NO_KIT, Disclosure, Kit, LabelName, StarterChoice
from chalicelib.core.post import Content, NewPost
from chalicelib.core.starter_lists import STARTER_LISTS, Basis, StarterList
from chalicelib.core.text.folding import Folded, Place, fold, folded
from chalicelib.core.text.links import find_links
from chalicelib.core.text.spans import find_spans

ALL = frozenset(Content.model_fields)
SAYING = frozenset({"text", "title", "first_comment", "hashtags", "language", "labels"})
"""The fields that decide whether a post says what it must."""
LABELS: tuple[LabelName, ...] = ("paid_partnership", "ai_generated")
_FIELD = re.compile(r"[.\[]")
WHY: dict[Basis, str] = {
    "law": "a word of the law itself",
    "ruling": "the same by an authority's word",
    "practice": "objected to in practice",
}
SHOWN_PLACES = 10
"""Places of one term that an issue names."""
BEGINNING = 3
"""Characters by which terms are told apart before they are searched for."""

T = TypeVar("T")


class Banned(NamedTuple):
    """A term that should not be there, and what it means if it is."""

    term: str
    code: str
    severity: Severity
    why: str
    rule: RuleRef


class BannedList(NamedTuple):
    """Terms of one list, and the longer terms in which they are none."""

    terms: Sequence[Banned]
    exceptions: Sequence[str]


class Index(Generic[T]):
    """Terms by how they begin: of thousands that a kit may hold, a text is searched for the few that it could."""

    def __init__(self, terms: Iterable[tuple[str, T]]) -> None:
        self._terms: dict[str, list[tuple[str, T]]] = {}
        for term, one in terms:
            self._terms.setdefault(folded(term)[:BEGINNING], []).append((folded(term), one))

    def within(self, text: Folded) -> Iterator[tuple[Place, T]]:
        """Everywhere that one of the terms stands."""
        written = text.text
        for beginning in {written[at : at + long] for long in range(1, BEGINNING + 1) for at in range(len(written))}:
            for term, one in self._terms.get(beginning, ()):
                yield from ((place, one) for place in text.find(term))


class Search(NamedTuple):
    """A list, ready to be searched for in texts."""

    terms: Index[Banned]
    exceptions: Index[None]


def check_post(new: NewPost, kit: Kit) -> list[Issue]:
    """What of the kit a post fails: as it is written, and where a target writes otherwise."""
    if kit == NO_KIT:
        return []
    own = {f"targets[{number}].overrides.": each.overrides for number, each in enumerate(new.targets) if each.overrides}
    rewritten = [each for each in own.values() if each.model_fields_set & SAYING]
    issues = _must_not(new.content, kit, "", ALL)
    # where every target says it in its own way, nobody reads how the post does
    issues += _must(new.content, kit, "") if len(rewritten) < len(new.targets) else []
    for path, overrides in own.items():
        content, given = new.content.overridden(overrides), overrides.model_fields_set
        issues += _must_not(content, kit, path, given)
        issues += _must(content, kit, path) if given & SAYING else []
    return issues


def check(content: Content, kit: Kit, path: str = "") -> list[Issue]:
    """What of the kit a content fails; `path` stands before the issues' own, with a full stop: `overrides.`."""
    return [*_must_not(content, kit, path, ALL), *_must(content, kit, path)]


def said(content: Content) -> Folded:
    """What a content says to whoever reads it, with hashtags and first comment, without the addresses of links."""
    return _joined(content, content.text, content.title, content.first_comment)


def stands(texts: Folded, choices: Iterable[str]) -> bool:
    """Whether one of the terms stands in a text."""
    return any(next(texts.find(folded(choice)), None) for choice in choices)


def carried(content: Content) -> set[str]:
    """The hashtags of a content as they compare, wherever they stand."""
    return {bare_tag(tag) for tag in (*content.hashtags, *tags_in(content.text), *tags_in(content.first_comment or ""))}


def links_in(text: str) -> list[str]:
    """The links that stand in a text, with their scheme."""
    found = [(text[one.start : one.end], one.scheme) for one in find_links(text)]
    return [url if scheme else f"https://{url}" for url, scheme in found]


def unlinked(text: str) -> str:
    """The text with line breaks in place of its links, so that everything stays where it is."""
    pieces, at = list[str](), 0
    for one in find_links(text):
        pieces += (text[at : one.start], "\n" * (one.end - one.start))
        at = one.end
    return "".join([*pieces, text[at:]])


def tags_in(text: str) -> list[str]:
    """The hashtags that stand in a text."""
    return [span.value for span in find_spans(text) if span.kind in ("hashtag", "topic")]


def bare_tag(tag: str) -> str:
    """A hashtag as it compares, without its mark."""
    return folded(tag).strip("#")


def disclosures(content: Content, kit: Kit) -> list[Disclosure]:
    """What a content has to disclose by its labels: in its language; without one, in any that the kit knows."""
    found: list[Disclosure] = []
    for label in LABELS:
        ours = [one for one in kit.disclosures if one.label == label and getattr(content.labels, label)]
        if ours and content.language is None:
            choices = tuple(choice for one in ours for choice in one.any_of)
            severity: Severity = "error" if any(one.severity == "error" for one in ours) else "warning"
            found.append(ours[0].model_copy(update={"any_of": choices, "severity": severity}))
        else:
            found += _of_language(ours, content.language or "")
    return found


def _of_language(ours: Sequence[Disclosure], language: str) -> list[Disclosure]:
    """Those for `zh-TW`; where there are none, those for `zh`; else those for any language."""
    tag = language.lower()
    while tag:
        if found := [one for one in ours if one.language and one.language.lower() == tag]:
            return found
        tag = tag.rpartition("-")[0]
    return [one for one in ours if one.language is None]


def _must(content: Content, kit: Kit, path: str) -> list[Issue]:
    """What it does not say, and has to."""
    texts, tags, issues = said(content), carried(content), list[Issue]()
    for term in kit.required_terms:
        if not stands(texts, term.any_of):
            message, rule = f"the brand wants every post to say {_either(term.any_of)}", RuleRef("brand.required_terms")
            issues.append(Issue("brand_term_missing", term.severity, f"{path}text", message, rule))
    for wanted in kit.required_hashtags:
        if bare_tag(wanted.tag) not in tags:
            message = f"the brand wants every post to carry #{wanted.tag.lstrip('#')}"
            rule = RuleRef("brand.required_hashtags")
            issues.append(Issue("brand_hashtag_missing", wanted.severity, f"{path}hashtags", message, rule))
    # a first comment is too far from what it is about
    seen = _joined(content, content.text, content.title)
    for one in disclosures(content, kit):
        if not stands(seen, one.any_of):
            message = f"a post with the label {one.label} has to say {_either(one.any_of)} in its text"
            rule = RuleRef("brand.disclosures")
            issues.append(Issue("brand_disclosure_missing", one.severity, f"{path}text", message, rule))
    return issues


def _must_not(content: Content, kit: Kit, path: str, fields: AbstractSet[str]) -> list[Issue]:
    """What it says in these fields, and should not."""
    spoken = (content.language or "").lower().partition("-")[0]
    lists, issues = _searches(kit, spoken), list[Issue]()
    for where, text in _texts(content, fields):
        folded_text = fold(unlinked(text))
        issues += [issue for one in lists for issue in _found(folded_text, one, f"{path}{where}")]
        issues += _elsewhere(links_in(text), kit, f"{path}{where}")
    if content.link and "link" in fields:
        issues += _elsewhere([content.link.url], kit, f"{path}link.url")
    return issues


@lru_cache(2)
def _searches(kit: Kit, spoken: str) -> list[Search]:
    """The lists for posts of one language. They are many times larger than a post, whose targets all ask for them."""
    return [
        Search(Index((term.term, term) for term in one.terms), Index((term, None) for term in one.exceptions))
        for one in _lists(kit, spoken)
    ]


def _lists(kit: Kit, spoken: str) -> list[BannedList]:
    """Everything that is banned, or to be avoided, in a post of this language."""
    lists = [
        BannedList([_banned(one.name, term, one.severity) for term in one.terms], one.exceptions) for one in kit.banned
    ]
    tone, rule = "not the brand's tone", RuleRef("brand.avoid")
    lists.append(BannedList([Banned(term, "brand_tone", "warning", tone, rule) for term in kit.avoid], ()))
    for choice in kit.starter_lists:
        starter = STARTER_LISTS[choice.name]
        if spoken not in starter.not_in:
            lists.append(_starter(starter, choice))
    return [one._replace(exceptions=(*one.exceptions, *kit.exceptions)) for one in lists if one.terms]


def _banned(name: str, term: str, severity: Severity) -> Banned:
    return Banned(term, "brand_term_banned", severity, f"banned by the list {name}", RuleRef("brand.banned_terms"))


def _starter(starter: StarterList, choice: StarterChoice) -> BannedList:
    terms: list[Banned] = []
    for one in starter.terms:
        severity = choice.severity if one.basis == "law" else choice.practice
        if severity != "off":
            rule = RuleRef(f"brand.{starter.name}.{one.basis}", one.source.url, starter.checked)
            why = f"{WHY[one.basis]}: {starter.title}"
            terms.append(Banned(one.term, "brand_term_banned", severity, why, rule))
    return BannedList(terms, starter.exceptions)


def _found(text: Folded, banned: Search, path: str) -> list[Issue]:
    """The terms of a list that stand in a text: an issue for each, with its places."""
    hits = list(banned.terms.within(text))
    if not hits:
        return []
    covers = [place for place, _ in banned.exceptions.within(text)]
    places: dict[Banned, list[Place]] = {}
    for place, one in _outermost(hits, covers):
        places.setdefault(one, []).append(text.origin(place))
    return [Issue(one.code, one.severity, path, _message(one, at), one.rule) for one, at in places.items()]


def _outermost(hits: list[tuple[Place, Banned]], covers: list[Place]) -> Iterator[tuple[Place, Banned]]:
    """The hits that lie neither within a cover nor within a longer hit."""
    covers.sort()
    starts, reach = [one.start for one in covers], list(accumulate((one.end for one in covers), max))
    seen = 0
    for place, one in sorted(hits, key=lambda hit: (hit[0].start, -hit[0].end)):
        before = bisect_right(starts, place.start)
        if place.end > seen and not (before and reach[before - 1] >= place.end):
            yield place, one
        seen = max(seen, place.end)


def _message(one: Banned, places: Sequence[Place]) -> str:
    shown = ", ".join(f"{place.start}–{place.end}" for place in places[:SHOWN_PLACES])
    more = f" and {len(places) - SHOWN_PLACES} more" if len(places) > SHOWN_PLACES else ""
    return f"“{one.term}” at {shown}{more} is {one.why}"


def _elsewhere(urls: Iterable[str], kit: Kit, path: str) -> list[Issue]:
    """Links that lead where the brand's may not."""
    about, rule = kit.link_domains, RuleRef("brand.link_domains")
    domains = [_ascii(one) for one in about.allowed]
    message = "leads to none of the brand's domains:"
    return [
        Issue("brand_link_elsewhere", about.severity, path, f"{message} {url}", rule)
        for url in dict.fromkeys(urls if domains else ())
        if not any(_host(url) == domain or _host(url).endswith(f".{domain}") for domain in domains)
    ]


def _host(url: str) -> str:
    """The host that a browser would call, which reads a backslash as a slash; empty where there is none."""
    try:
        return _ascii(urlsplit(url.replace("\\", "/")).hostname or "")
    except ValueError:
        return ""


def _ascii(domain: str) -> str:
    """A domain as the DNS writes it."""
    plain = domain.strip(".").lower()
    try:
        return plain.encode("idna").decode()
    except UnicodeError:
        return plain


def _joined(content: Content, *texts: str | None) -> Folded:
    tags = (f"#{tag.lstrip('#')}" for tag in content.hashtags)
    return fold("\n".join([*(unlinked(text) for text in texts if text), *tags]))


def _texts(content: Content, fields: AbstractSet[str]) -> Iterator[tuple[str, str]]:
    """Everything in these fields that somebody may read, by its path."""
    named: dict[str, str | None] = {
        name: getattr(content, name) for name in ("text", "title", "first_comment", "content_warning")
    }
    if content.link:
        named |= {"link.title": content.link.title, "link.description": content.link.description}
    if content.poll:
        named["poll.question"] = content.poll.question
        named |= {f"poll.options[{number}]": option for number, option in enumerate(content.poll.options)}
    named |= {f"hashtags[{number}]": tag for number, tag in enumerate(content.hashtags)}
    named |= {f"media[{number}].alt_text": medium.alt_text for number, medium in enumerate(content.media)}
    named |= {f"mentions[{number}].name": mention.name for number, mention in enumerate(content.mentions)}
    yield from ((path, text) for path, text in named.items() if text and _FIELD.split(path)[0] in fields)


def _either(choices: Sequence[str]) -> str:
    return " or ".join(f"“{choice}”" for choice in choices)
