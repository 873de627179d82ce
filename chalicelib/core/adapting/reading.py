"""The canonical content, parsed once; every platform reads the same spans."""

from functools import cached_property

from chalicelib.core.post import Content
from chalicelib.core.rules import Rules
from chalicelib.core.text.links import TIGHT, WIDE, Grammar
from chalicelib.core.text.spans import Span, find_spans


class Reading:
    """A text with its line breaks as `\n`, and the spans in it. Known mentions are spans of kind `person`."""

    __slots__ = ("people", "spans", "text")

    def __init__(self, text: str, content: Content, grammar: Grammar = TIGHT) -> None:
        self.text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
        self.people = {mention.key.removeprefix("@"): mention for mention in content.mentions}
        sizes = tuple(sorted({len(key) for key in self.people}, reverse=True))
        known = content.link.url if content.link else None
        self.spans: tuple[Span, ...] = find_spans(self.text, self.people, sizes, known=known, grammar=grammar)


class Canonical:
    """A post's content and the readings of its text, to be passed to `adapt` for each of its platforms."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self._written = content.text if content.text.strip() else content.title or ""
        self.text = Reading(self._written, content)
        self.comment = Reading(content.first_comment, content) if content.first_comment else None
        self.urls = {self.text.text[span.start : span.end] for span in self.text.spans if span.kind == "link"}
        """The URLs that stand in the text."""
        written = {span.value.casefold() for span in self.text.spans if span.kind == "hashtag"}
        self.tags = tuple(_new_tags(content.hashtags, written))
        """The hashtags that are asked for and not in the text, without `#`."""

    def reading(self, rules: Rules) -> Reading:
        """The text as this network reads it."""
        return self._wide if rules.links.wide and self.urls else self.text

    @cached_property
    def _wide(self) -> Reading:
        return Reading(self._written, self.content, WIDE)


def _new_tags(hashtags: tuple[str, ...], written: set[str]) -> list[str]:
    wanted = {tag.lstrip("#").casefold(): tag.lstrip("#") for tag in reversed(hashtags)}
    return [tag for key, tag in reversed(wanted.items()) if key not in written]
