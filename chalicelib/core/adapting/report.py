"""What adaptation changed or lost, and why: changes, issues, and how faithful the rendition still is."""

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
    "hashtags_limited": 0.02,
    "hashtags_dropped": 0.02,
    "cashtag_plain": 0.01,
    "link_tagged": 0.0,
    "link_encoded": 0.0,
    "link_moved": 0.02,
    "link_inlined": 0.02,
    "link_dropped": 0.2,
    "link_shortened": 0.01,
    "media_dropped": 0.15,
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
    """A change before its offsets are in the network's encoding."""

    code: str
    rule: str
    start: int | None
    end: int | None
    before: str | None
    after: str | None
    part: int | None


class Report:
    """Collects what happens while one rendition is made."""

    def __init__(self, rules: Rules, *, reject: bool) -> None:
        self.rules = rules
        self.reject = reject
        """Whether the author would rather not publish than lose a feature."""
        self.issues: list[Issue] = []
        self.fidelity = 1.0
        self._noted: list[Noted] = []

    def change(
        self,
        code: str,
        rule: str,
        before: str | None = None,
        after: str | None = None,
        *,
        span: tuple[int, int] | None = None,
        part: int | None = None,
        loss: float | None = None,
    ) -> None:
        """Note a change; `span` is where in the canonical text, in code points."""
        start, end = span or (None, None)
        self._noted.append(Noted(code, rule, start, end, before, after, part))
        self.fidelity *= 1 - (LOSS[code] if loss is None else loss)

    def issue(self, code: str, rule: str, path: str, message: str, *, error: bool) -> None:
        """Note an issue. What we only assume about a network never forbids publishing."""
        severity: Severity = "error" if error and self.rules.firm(rule) else "warning"
        self.issues.append(Issue(code, severity, path, message, self.rules.ref(rule)))

    def unsupported(self, code: str, rule: str, path: str, message: str, before: str | None = None) -> None:
        """Note that the network has no such feature: a change, and an issue as strict as the author wants."""
        self.change(code, rule, before)
        self.issue(code, rule, path, message, error=self.reject)

    def changes(self, text: str, encoding: Encoding) -> tuple[Change, ...]:
        """All changes, with offsets in the canonical `text` as the network counts them."""
        if not self._noted:
            return ()
        places = sorted({place for noted in self._noted for place in (noted.start, noted.end) if place is not None})
        shown = dict(zip(places, offsets(text, places, encoding), strict=True))
        return tuple(self._change(noted, shown) for noted in self._noted)

    def _change(self, noted: Noted, shown: dict[int, int]) -> Change:
        code, rule, start, end, before, after, part = noted
        return Change(
            code,
            part,
            shown[start] if start is not None else None,
            shown[end] if end is not None else None,
            before,
            after,
            self.rules.ref(rule),
        )

    @property
    def faithful(self) -> float:
        """Fidelity from 0 to 1; never 1 when anything was lost."""
        return 1.0 if self.fidelity >= 1.0 else min(0.9999, round(self.fidelity, 4))
