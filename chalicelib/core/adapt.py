"""Adaptation: one content and one network's rules make one rendition, with every change and loss named.

Pure and deterministic: the same content and rules always make the same rendition, and nothing is cut silently.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.adapting import details, linking, media
from chalicelib.core.adapting.checks import check_links
from chalicelib.core.adapting.composing import Around
from chalicelib.core.adapting.fitting import Scale, fit
from chalicelib.core.adapting.linking import NO_LINK, Linking
from chalicelib.core.adapting.reading import Canonical, Reading
from chalicelib.core.adapting.report import Report
from chalicelib.core.post import Content, Media
from chalicelib.core.rendition import Part, Rendition
from chalicelib.core.rules import Rules, Text

Versions = Mapping[str, tuple[Media, ...]]
NO_VERSIONS: Versions = {}
NO_WARNING: tuple[str | None, str] = (None, "")


def read(content: Content) -> Canonical:
    """Parse a content once, to adapt it to several networks."""
    return Canonical(content)


def adapt(
    content: Content,
    rules: Rules,
    *,
    options: dict[str, Any] | None = None,
    canonical: Canonical | None = None,
    versions: Versions = NO_VERSIONS,
) -> Rendition:
    """What `content` becomes on the network of these `rules`; `canonical` is `read(content)` where that is at hand.

    `versions` are what may be sent instead of a medium that the network does not take, by its URL.
    """
    source = canonical or read(content)
    report = Report(rules, reject=content.on_unsupported == "reject")
    kept = media.choose(source.media, rules, report, versions)
    poll = details.poll(content.poll, rules, report, media=bool(kept)) if content.poll else None
    warning, lead = details.warning(content.content_warning, rules, report) if content.content_warning else NO_WARNING
    extra = details.poll_lines(content.poll) if content.poll and not poll else ""
    text = source.framed(Around(lead, extra)) if lead or extra else source.text
    link = linking.plan(content.link, rules, report, text.urls, media=bool(kept)) if content.link else NO_LINK
    parts = _parts(source, text, link, warning, kept, rules, report)
    comment = _comment(source, link, rules, report) if source.comment or link.comment else None
    return Rendition(
        platform=rules.platform,
        rules_version=rules.version,
        parts=parts,
        title=details.title(source, kept, rules, report) if content.title or rules.title.mode != "none" else None,
        card=link.card,
        first_comment=comment.text if comment else None,
        comment=comment,
        poll=poll,
        content_warning=warning,
        language=details.language(content.language, rules, report) if content.language else None,
        visibility=details.visibility(content.visibility, rules, report),
        tags=details.field_tags(source, rules, report) if rules.hashtags.style == "field" else (),
        labels=details.labels(content.labels, rules, report),
        changes=report.changes(source.text.text, rules.text.offsets),
        issues=tuple(report.issues),
        fidelity=report.fidelity,
        estimated_cost=details.cost([*parts, comment] if comment else parts, rules.price),
        options=options or {},
    )


def _parts(
    source: Canonical,
    text: Reading,
    link: Linking,
    warning: str | None,
    kept: tuple[Media, ...],
    rules: Rules,
    report: Report,
) -> tuple[Part, ...]:
    """The messages; the media go with the first."""
    draft = text.draft(rules, link)
    report.add(draft.notes, draft.kept)
    scale = Scale(
        rules, _limit(rules.text, kept) if kept else rules.text.limit, warning if rules.text.includes_warning else None
    )
    pieces = fit(draft, scale, report, source.content.overflow, numbered=source.content.thread_numbering)
    parts = tuple([scale.part(piece, number, () if number else kept) for number, piece in enumerate(pieces)])
    if not (draft.text.strip() or kept or link.card):
        report.issue("text_required", "text", "text", f"{rules.platform} has no empty posts", error=True)
    if rules.checks_links:
        for part in parts:
            check_links(part, rules, report)
    return parts


def _limit(text: Text, kept: tuple[Media, ...]) -> int | None:
    """How long the first message may be, with these media."""
    if text.limit_with_video is not None and any(one.kind == "video" for one in kept):
        return text.limit_with_video
    return text.limit if text.limit_with_media is None else text.limit_with_media


def _comment(source: Canonical, link: Linking, rules: Rules, report: Report) -> Part | None:
    """The author's first comment, with the link where it was moved there."""
    reading = source.comment or Reading("", source.content)
    if rules.comment.mode == "none":
        message = f"{rules.platform} has no first comment"
        report.unsupported("first_comment_dropped", "comment.mode", "first_comment", message, reading.text)
        return None
    draft = reading.draft(rules, NO_LINK._replace(url=link.url, type=link.type, append=link.comment))
    report.add([note._replace(start=None, end=None) for note in draft.notes], draft.kept)
    scale, aside = Scale(rules, rules.comment.limit), Report(rules, reject=False)
    [piece] = fit(draft, scale, aside, "truncate")
    if aside.fidelity < 1:
        report.change("first_comment_cut", "comment.limit", draft.text, piece.text)
    return scale.part(piece)
