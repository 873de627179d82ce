"""What adaptation changed or lost, and why: changes, issues, and how faithful the rendition still is."""

from bisect import bisect_right
from collections.abc import Iterable
from math import prod
from typing import NamedTuple

from chalicelib.core.errors import Issue, Severity
from chalicelib.core.rendition import Change
from chalicelib.core.rules import Rules
from chalicelib.core.text.offsets import Encoding, offsets

LOSS = {
    "thread_split": 0.05,
    "numbered": 0.0,
    "characters_replaced": 0.01,
    "mention_plain": 0.03,
    "hashtag_plain": 0.02,
    "hashtag_changed": 0.01,
    "hashtags_limited": 0.02,
    "hashtags_dropped": 0.02,
    "cashtag_plain": 0.01,
    "link_tagged": 0.0,
    "link_encoded": 0.0,
    "link_moved": 0.02,
    "link_inlined": 0.02,
    "link_in_card": 0.02,
    "link_dropped": 0.2,
    "media_dropped": 0.15,
    "media_converted": 0.01,
    "alt_text_cut": 0.03,
    "alt_text_dropped": 0.03,
    "title_derived": 0.01,
    "title_cut": 0.03,
    "title_dropped": 0.03,
    "poll_as_text": 0.15,
    "poll_cut": 0.05,
    "poll_duration_changed": 0.01,
    "warning_in_text": 0.02,
    "first_comment_dropped": 0.1,
    "first_comment_cut": 0.05,
    "label_dropped": 0.05,
    "visibility_widened": 0.1,
    "language_dropped": 0.0,
}
"""How much of the post one change of this code costs. `truncated` costs the share of the text that is gone."""


class Noted(NamedTuple):
    """A change before it knows its network: the rule's name, and positions in code points of the canonical text."""

    code: str
    rule: str
    start: int | None
    end: int | None
    before: str | None
    after: str | None


class Report:
    """Collects what happens while one rendition is made."""

    def __init__(self, rules: Rules, *, reject: bool) -> None:
        self.rules = rules
        self.reject = reject
        """Whether the author would rather not publish than lose a feature."""
        self.issues: list[Issue] = []
        self.starts = [0]
        """Where in the canonical text each message begins."""
        self._fidelity = 1.0
        self._noted: list[Noted] = []

    def change(
        self,
        code: str,
        rule: str,
        before: str | None = None,
        after: str | None = None,
        *,
        span: tuple[int | None, int | None] = (None, None),
        loss: float | None = None,
    ) -> None:
        """Note a change; `span` is where in the canonical text."""
        self._noted.append(Noted(code, rule, *span, before, after))
        self._fidelity *= 1 - (LOSS[code] if loss is None else loss)

    def add(self, notes: Iterable[Noted], kept: float) -> None:
        """Note what a draft says of itself, and the share that is kept of it."""
        self._noted.extend(notes)
        self._fidelity *= kept

    def issue(self, code: str, rule: str, path: str, message: str, *, error: bool) -> None:
        """Note an issue. What we only assume about a network never forbids publishing."""
        severity: Severity = "error" if error and self.rules.firm(rule) else "warning"
        self.issues.append(Issue(code, severity, path, message, self.rules.refs[rule]))

    def unsupported(self, code: str, rule: str, path: str, message: str, before: str | None = None) -> None:
        """Note that the network has no such feature: a change, and an issue as strict as the author wants."""
        self.change(code, rule, before)
        self.issue(code, rule, path, message, error=self.reject)

    @property
    def fidelity(self) -> float:
        """From 0 to 1; never 1 when anything was lost."""
        return 1.0 if self._fidelity >= 1 else min(0.9999, round(self._fidelity, 4))

    def changes(self, text: str, encoding: Encoding) -> tuple[Change, ...]:
        """All changes, with positions in the canonical `text` as the network counts them."""
        refs, starts = self.rules.refs, self.starts
        changes = [
            Change(
                code, None if start is None else bisect_right(starts, start, 1) - 1, start, end, was, now, refs[rule]
            )
            for code, rule, start, end, was, now in self._noted
        ]
        return tuple(changes if encoding == "code_points" or text.isascii() else _moved(changes, text, encoding))


def kept(notes: Iterable[Noted]) -> float:
    """How much of the post is left after these changes, from 0 to 1."""
    return prod([1 - LOSS[noted.code] for noted in notes])


def _moved(changes: list[Change], text: str, encoding: Encoding) -> list[Change]:
    places = sorted({place for each in changes for place in (each.start, each.end) if place is not None})
    moved: dict[int | None, int | None] = {
        None: None,
        **dict(zip(places, offsets(text, places, encoding), strict=True)),
    }
    return [
        Change(each.code, each.part, moved[each.start], moved[each.end], each.before, each.after, each.rule)
        for each in changes
    ]
