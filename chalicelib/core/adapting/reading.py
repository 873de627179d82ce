"""The canonical content, parsed once: every network reads the same spans, and those of one style share their drafts."""

import re
from collections.abc import Iterable
from functools import cached_property

from chalicelib.core.adapting.composing import NOTHING, REPLACED, Around, Composer, Draft
from chalicelib.core.adapting.linking import Linking
from chalicelib.core.adapting.media import Item
from chalicelib.core.post import Content
from chalicelib.core.rules import Rules, Style
from chalicelib.core.text.links import TIGHT, WIDE, Grammar
from chalicelib.core.text.spans import Span, find_spans

_FIRST_LINE = re.compile(r"\s*(\S[^\n]*)")
_FIRST_SENTENCE = re.compile(r"\s*(\S[^\n]*?)(?:[.…](?=\s|$)|(?<=[!?])(?=\s)|。|(?<=[！？])|(?=\n)|$)")


class Reading:
    """A text with its line breaks as `\n`, and the spans in it. Known mentions are spans of kind `person`."""

    def __init__(self, text: str, content: Content, tags: tuple[str, ...] = (), around: Around = NOTHING) -> None:
        """`tags` are the hashtags that are asked for beside the text; what goes `around` it is read like it."""
        own = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
        self.text = f"{around.lead}{own}{around.extra}"
        self._own = (len(around.lead), len(around.lead) + len(own))
        self._known_url = content.link.url if content.link else None
        self._keys = {mention.key.removeprefix("@"): mention for mention in content.mentions}
        self._names = {key: mention.name or key for key, mention in self._keys.items()}
        self.spans = self._spans(TIGHT)
        self.urls = {self.text[span.start : span.end] for span in self.spans if span.kind == "link"}
        """The URLs that stand in the text."""
        self.tags = tuple(span.value for span in self.spans if span.kind in ("hashtag", "topic"))
        """The hashtags that stand in the text, without `#`."""
        written = {tag.casefold() for tag in self.tags}
        self.new_tags = tuple(tag for tag in unique(tags) if tag.casefold() not in written)
        """The hashtags that are asked for and do not stand in the text."""
        self._somebody_is_on = {name for mention in content.mentions for name in mention.model_extra or ()}
        self._kinds = {span.kind for span in self.spans}
        self._tagged = len(self.tags) + len(self.new_tags)
        self._refused = any(chr(character) in self.text for character in REPLACED)
        self._drafts: dict[tuple[object, ...], Draft] = {}

    def _spans(self, grammar: Grammar) -> tuple[Span, ...]:
        sizes = tuple(sorted({len(key) for key in self._keys}, reverse=True))
        return find_spans(self.text, self._keys, sizes, known=self._known_url, grammar=grammar)

    @cached_property
    def _wide_spans(self) -> tuple[Span, ...]:
        """The spans where a URL may go on in any letters: the same ones unless something follows a URL at once."""
        behind = (self.text[span.end : span.end + 1] for span in self.spans if span.kind == "link")
        return self._spans(WIDE) if any(not (next or " ").isspace() for next in behind) else self.spans

    @cached_property
    def first_sentence(self) -> tuple[str, tuple[int, int]]:
        """The first sentence as a line, without its full stop, and where it is."""
        found = _FIRST_SENTENCE.match(self.text) or _FIRST_LINE.match(self.text)
        return (" ".join(found[1].split()), found.span(1)) if found else ("", (0, 0))

    def draft(self, rules: Rules, linking: Linking) -> Draft:
        """The text as this network writes it; written once for all networks that write it alike."""
        handles = self._handles(rules)
        key = (self._seen(rules.style), handles and (rules.style.mentions, handles), linking[:5])
        if (found := self._drafts.get(key)) is None:
            spans = self._wide_spans if rules.links.wide and self.urls else self.spans
            found = Composer(rules.style, self._names, dict(zip(self._names, handles, strict=False)), linking).compose(
                self.text, spans, self._own, self.new_tags
            )
            self._drafts[key] = found
        return found

    def _seen(self, style: Style) -> tuple[object, ...]:
        """The style as far as it makes a difference to this text."""
        kinds, (tags, limit, length, little) = self._kinds, style.hashtags
        tagging: object
        if not self._tagged:
            tagging = None
        elif tags == "forbidden" or (tags in ("none", "field") and self.new_tags):
            tagging = tags
        elif tags in ("none", "field"):
            tagging = "none"
        else:
            limit = limit if limit is not None and limit < self._tagged else None
            tagging = (tags, limit, length if self.new_tags else None, little)
        return (
            style.handle if "mention" in kinds else "",
            tagging,
            style.cashtags if "cashtag" in kinds else None,
            style.bare or not self.urls,
            style.wide and bool(self.urls),
            style.forbidden if self._refused else "",
        )

    def _handles(self, rules: Rules) -> tuple[str | None, ...]:
        """Everybody's handle on this network, or nothing where nobody has one."""
        if rules.platform not in self._somebody_is_on or rules.mentions.style == "none":
            return ()
        return tuple(mention.handle(rules.platform) for mention in self._keys.values())


class Canonical:
    """A post's content and the readings of its texts, to be passed to `adapt` for each of its networks."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self._written = content.text if content.text.strip() else content.title or ""
        self._framed: dict[Around, Reading] = {}
        self.text = self.framed(NOTHING)
        self.comment = Reading(content.first_comment, content) if content.first_comment else None
        self.media = [Item(media) for media in content.media]

    def framed(self, around: Around) -> Reading:
        """The text with what goes around it."""
        if (found := self._framed.get(around)) is None:
            found = self._framed[around] = Reading(self._written, self.content, self.content.hashtags, around)
        return found


def unique(tags: Iterable[str]) -> list[str]:
    """The hashtags without their `#`, each once, whatever its case."""
    seen: dict[str, str] = {}
    for tag in tags:
        seen.setdefault(tag.lstrip("#").casefold(), tag.lstrip("#"))
    return list(seen.values())
