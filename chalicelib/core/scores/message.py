"""Message: how much of a canonical post arrived in one rendition, its wording and what must survive whatever is cut."""

from collections.abc import Iterator

from chalicelib.core.brand import bare_tag, disclosures, links_in, said, stands, tags_in, unlinked
from chalicelib.core.kit import Kit
from chalicelib.core.post import Content, Mention
from chalicelib.core.rendition import Rendition
from chalicelib.core.scores.outcome import Message
from chalicelib.core.scores.wording import address, arrived, marked, wording
from chalicelib.core.text.folding import fold
from chalicelib.core.text.spans import find_spans

Assets = Iterator[tuple[str, bool]]
"""What must survive, by name, and whether it did."""
LONGEST = 100
"""Characters of a name that are kept."""


def measure(content: Content, rendition: Rendition, kit: Kit) -> Message:
    """What of a post arrived. `content` is the post's own: a target that says something else has less of it, by design.

    Every link, hashtag, person, brand term, disclosure, medium and alternative text weighs the same.
    """
    texts = arrived(rendition)
    assets = {
        **dict(_links(content, rendition, texts)),
        **dict(_hashtags(content, rendition, texts, kit)),
        **dict(_people(content, rendition, texts)),
        **dict(_terms(content, texts, kit)),
        **dict(_media(content, rendition)),
    }
    lost = [name for name, survived in assets.items() if not survived]
    coverage = (len(assets) - len(lost)) / len(assets) if assets else 1.0
    names = (name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in lost)
    return Message(wording(content, rendition), coverage, tuple(names))


def _links(content: Content, rendition: Rendition, texts: list[str]) -> Assets:
    """The post's link and those in its text: in a text, in the card, in the first comment."""
    card = [rendition.card.url] if rendition.card else []
    there = {address(url) for url in (*marked(rendition, "link"), *card, *_inside(texts))}
    if content.link:
        yield "link", address(content.link.url) in there
    ours = address(content.link.url) if content.link else None
    for url in _inside([content.text, content.first_comment or ""]):
        if address(url) != ours:
            yield f"link {url}", address(url) in there


def _inside(texts: list[str]) -> list[str]:
    return [url for text in texts for url in links_in(text)]


def _hashtags(content: Content, rendition: Rendition, texts: list[str], kit: Kit) -> Assets:
    """Those that the post asks for, and those that the brand wants in every post."""
    there = {_letters(tag) for text in texts for tag in tags_in(text)}
    there |= {_letters(tag) for tag in (*rendition.tags, *marked(rendition, "hashtag"))}
    wanted = {_letters(tag): tag for tag in (*(one.tag for one in kit.required_hashtags), *content.hashtags)}
    for letters, tag in wanted.items():
        yield f"hashtag #{tag.lstrip('#')}", letters in there


def _letters(tag: str) -> str:
    """What of a hashtag every network can write."""
    bare = bare_tag(tag)
    return "".join(filter(str.isalnum, bare)) or bare


def _people(content: Content, rendition: Rendition, texts: list[str]) -> Assets:
    """Who is mentioned: by their handle there, or by name where they have none."""
    everybody = {mention.key.removeprefix("@"): mention for mention in content.mentions}
    sizes = tuple(sorted({len(key) for key in everybody}, reverse=True))
    all_text, handles = "\n".join(texts), {value.casefold() for value in marked(rendition, "mention")}
    for text in (content.text, content.first_comment or ""):
        for span in find_spans(text, everybody, sizes):
            if span.kind == "person":
                yield f"mention @{span.value}", _is_named(everybody[span.value], rendition, handles, all_text)
            elif span.kind == "mention":
                yield f"mention @{span.value}", f"@{span.value}" in all_text


def _is_named(mention: Mention, rendition: Rendition, handles: set[str], text: str) -> bool:
    handle = mention.handle(rendition.platform)
    if handle is None:
        return (mention.name or mention.key.removeprefix("@")) in text
    return handle.casefold() in handles


def _terms(content: Content, texts: list[str], kit: Kit) -> Assets:
    """What of the brand's words, and of what has to be disclosed, stands in the post."""
    ours, there = said(content), fold("\n".join(map(unlinked, texts)))
    named = [("term", one.any_of) for one in kit.required_terms]
    named += [("disclosure", one.any_of) for one in disclosures(content, kit)]
    for kind, choices in named:
        if stands(ours, choices):
            yield f"{kind} {choices[0]}", stands(there, choices)


def _media(content: Content, rendition: Rendition) -> Assets:
    """The media, and the alternative texts of those that went along; a smaller copy is the same medium."""
    copies = {one.before: one.after for one in rendition.changes if one.code == "media_converted"}
    kept = {medium.url: medium for part in rendition.parts for medium in part.media}
    for number, medium in enumerate(content.media, 1):
        sent = kept.get(medium.url) or kept.get(copies.get(medium.url) or "")
        yield f"media {number}", sent is not None
        if sent and medium.alt_text:
            yield f"alt text {number}", bool(sent.alt_text)
