"""How much of a canonical post's wording a rendition has.

Containment of runs of three units (Broder, On the resemblance and containment of documents, 1997), so that nothing is
lost by being short. A unit is a word or, of scripts without spaces, a character; a text of both is one row of such
units. Where one side has no three units in a row, runs are as long as it has. Links, hashtags and the people whom the
post's map knows are no wording: adaptation writes, moves and counts them by each network's rules.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from urllib.parse import unquote, urlsplit

import regex

from chalicelib.core.post import Content
from chalicelib.core.rendition import Rendition
from chalicelib.core.text.folding import whole, words
from chalicelib.core.text.spans import find_spans

RUN = 3
_NUMBER = re.compile(r" \(\d+/\d+\)$")
_MADE_PLAIN = frozenset({"mention_plain", "hashtag_plain", "hashtags_limited"})
"""Changes that leave a word in the text of what was a person or a hashtag."""
_NO_WORDING = frozenset({"link", "hashtag", "topic"})


def wording(content: Content, rendition: Rendition) -> float:
    """How much of the wording arrived, from 0 to 1; all of it, where the post has none.

    What a post says beside its text (title, first comment, card) may arrive, and need not.
    """
    aliases, links = _aliases(content, rendition), _links(content, rendition)
    ours, theirs = (
        [words(_bare(text, links, aliases)) for text in texts if text]
        for texts in ((_main(content), *_beside(content)), arrived(rendition))
    )
    return containment(ours, theirs) if words(_bare(_main(content), links, aliases)) else 1.0


def containment(ours: Iterable[Sequence[str]], theirs: Iterable[Sequence[str]]) -> float:
    """How much of the shorter side's runs the other side has too; each side is some rows of units.

    1 where our side has no unit at all, and 0 where only theirs has none.
    """
    sides = [[row for row in rows if row] for rows in (ours, theirs)]
    if not all(sides):
        return 0.0 if sides[0] else 1.0
    size = min(RUN, *(max(map(len, side)) for side in sides))
    left, right = ({run for row in side for run in _runs(row, size)} for side in sides)
    return len(left & right) / min(len(left), len(right))


def arrived(rendition: Rendition) -> list[str]:
    """Everything that readers of a rendition may read."""
    parts, card, poll = rendition.parts, rendition.card, rendition.poll
    texts = [_NUMBER.sub("", part.text) if len(parts) > 1 else part.text for part in parts]
    beside = [rendition.title, rendition.first_comment, *((card.title, card.description) if card else ())]
    asked = [poll.question, *poll.options] if poll else []
    return [text for text in (*texts, *beside, *asked) if text]


def marked(rendition: Rendition, kind: str) -> list[str]:
    """What the network will make a `link`, `mention` or `hashtag` of, in the text and in the first comment."""
    parts = (*rendition.parts, *((rendition.comment,) if rendition.comment else ()))
    return [mark.value for part in parts for mark in part.markup if mark.type == kind]


def address(url: str) -> str:
    """A URL as it compares: without its scheme, its campaign parameters and its escapes."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    query = "&".join(each for each in parts.query.split("&") if each and not each.startswith("utm_"))
    plain = parts._replace(scheme="", netloc=parts.netloc.lower(), query=query, path=parts.path or "/")
    return unquote(plain.geturl())


def _runs(row: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(row[at : at + size]) for at in range(len(row) - size + 1))


def _main(content: Content) -> str:
    """The text, or else the title, with what adaptation may put around it."""
    warning = f"CW: {content.content_warning}\n\n" if content.content_warning else ""
    text = content.text if content.text.strip() else content.title or ""
    asked = [content.poll.question or "", *content.poll.options] if content.poll else []
    return "\n".join([f"{warning}{text}", *asked])


def _beside(content: Content) -> list[str | None]:
    link = content.link
    return [content.title, content.first_comment, *((link.title, link.description) if link else ())]


def _bare(text: str, links: Sequence[str], aliases: "regex.Pattern[str] | None") -> str:
    """A text without links, hashtags and people."""
    known = next((link for link in links if link in text), None)
    spans = [span for span in find_spans(text, known=known) if span.kind in _NO_WORDING]
    cuts = [0, *(cut for span in spans for cut in (span.start, span.end)), len(text)]
    kept = " ".join(text[start:end] for start, end in list(pairwise(cuts))[::2])
    return aliases.sub(" ", kept) if aliases else kept


def _links(content: Content, rendition: Rendition) -> list[str]:
    """The post's link in every form that it has, the longest first: a grammar alone may not see where it ends."""
    if content.link is None:
        return []
    ours = address(content.link.url)
    sent = {url for url in marked(rendition, "link") if address(url) == ours}
    return sorted({content.link.url, *sent}, key=len, reverse=True)


def _aliases(content: Content, rendition: Rendition) -> "regex.Pattern[str] | None":
    """Whatever stands for a person on either side, and words that were a hashtag."""
    names: set[str] = set()
    for mention in content.mentions:
        key, handle = mention.key.removeprefix("@"), mention.handle(rendition.platform)
        name = mention.name or key
        names |= {f"@{key}", name, f"@{name}"} | ({handle, f"@{handle}", f"u/{handle}"} if handle else set())
    names |= {change.after for change in rendition.changes if change.code in _MADE_PLAIN and change.after}
    return whole(names) if names else None
