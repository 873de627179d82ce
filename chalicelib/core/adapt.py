"""Adaptation: one content and one network's rules make one rendition, with every change and loss named.

Pure and deterministic: the same content and rules always make the same rendition, and nothing is cut silently.
"""

from typing import Any

from chalicelib.core.adapting import checks, details, linking, media
from chalicelib.core.adapting.composing import Composer
from chalicelib.core.adapting.fitting import Piece, Scale, fit
from chalicelib.core.adapting.reading import Canonical
from chalicelib.core.adapting.report import Report
from chalicelib.core.post import Content, Media
from chalicelib.core.rendition import Change, Issue, Markup, Part, Rendition
from chalicelib.core.rules import Rules
from chalicelib.core.text.offsets import offsets, utf8_length
from chalicelib.core.text.wire import DIALECTS


def read(content: Content) -> Canonical:
    """Parse a content once, to adapt it to several platforms."""
    return Canonical(content)


def adapt(
    content: Content, rules: Rules, *, options: dict[str, Any] | None = None, canonical: Canonical | None = None
) -> Rendition:
    """What `content` becomes on the network of these `rules`; `canonical` is `read(content)` where that is at hand."""
    source = canonical or read(content)
    report = Report(rules, reject=content.on_unsupported == "reject")
    kept = media.choose(content, rules, report)
    link = linking.plan(content, rules, report, source.urls, kept)
    poll = details.poll(content, bool(kept), rules, report)
    warning, lead = details.warning(content, rules, report)
    composer = Composer(rules, report)
    draft = composer.compose(
        source.reading(rules), link, lead, details.poll_lines(content.poll) if content.poll and not poll else ""
    )
    draft = composer.append(draft, link, checks.tags(source, composer, rules, report), link=link.append)
    checks.replace_forbidden(draft, rules, report)
    scale = Scale(rules, {one.kind for one in kept}, warning if warning and rules.text.includes_warning else "")
    pieces = fit(draft, scale, report, content.overflow, numbered=content.thread_numbering)
    checks.pieces(pieces, draft, scale, link, report, bool(kept))
    comment = details.comment(source, link, rules, report)
    return Rendition(
        platform=rules.platform,
        rules_version=rules.version,
        parts=tuple(_part(piece, number, scale, kept) for number, piece in enumerate(pieces)),
        title=details.title(content, source.text.text, kept, rules, report),
        card=link.card,
        first_comment=comment.text if comment else None,
        comment=_part(comment, 1, Scale(rules, set(), ""), ()) if comment else None,
        poll=poll,
        content_warning=warning,
        language=details.language(content, rules, report),
        visibility=details.visibility(content, rules, report),
        tags=checks.field_tags(source, rules, report),
        labels=details.labels(content, rules, report),
        changes=report.changes(source.text.text, rules.text.offsets),
        issues=tuple(report.issues),
        fidelity=report.faithful,
        estimated_cost=details.cost([*pieces, *([comment] if comment else [])], rules),
        options=options or {},
    )


def _part(piece: Piece, number: int, scale: Scale, kept: tuple[Media, ...]) -> Part:
    text, rules = piece.text, scale.rules
    marks = [mark for mark in piece.marks if mark.type]
    places = iter(offsets(text, [at for mark in marks for at in (mark.start, mark.end)], rules.text.offsets))
    return Part(
        text=text,
        length=scale.length(piece),
        limit=scale.limit(number),
        unit=rules.text.unit,
        bytes=utf8_length(text),
        bytes_limit=rules.text.bytes_limit,
        markup=tuple(Markup(mark.type, next(places), next(places), mark.value) for mark in marks),
        media=kept if number == 0 else (),
        wire=_wire(piece, rules),
    )


def _wire(piece: Piece, rules: Rules) -> str | None:
    """The text as it is sent, or None where that is the text itself."""
    dialect = DIALECTS.get(rules.text.markup)
    if dialect is None:
        return None
    out, at = [], 0
    for mark in piece.marks:
        shown = piece.text[mark.start : mark.end]
        wire = mark.wire if mark.wire is not None else dialect.link(shown) if mark.type == "link" else None
        if wire is not None:
            out += [dialect.escape(piece.text[at : mark.start]), wire]
            at = mark.end
    wired = dialect.finish("".join([*out, dialect.escape(piece.text[at:])]))
    return wired if wired != piece.text else None


def rendition_json(rendition: Rendition) -> dict[str, Any]:
    """The rendition as `POST /v1/renditions` shows it; unused keys are null."""
    return {
        "platform": rendition.platform,
        "rules_version": rendition.rules_version,
        "parts": [_part_json(part) for part in rendition.parts],
        "title": rendition.title,
        "card": rendition.card.model_dump(mode="json") if rendition.card else None,
        "first_comment": rendition.first_comment,
        "poll": rendition.poll.model_dump(mode="json") if rendition.poll else None,
        "content_warning": rendition.content_warning,
        "language": rendition.language,
        "visibility": rendition.visibility,
        "tags": list(rendition.tags),
        "labels": list(rendition.labels),
        "changes": [_change_json(change) for change in rendition.changes],
        "issues": [_issue_json(issue) for issue in rendition.issues],
        "fidelity": rendition.fidelity,
        "estimated_cost": _fields(rendition.estimated_cost) if rendition.estimated_cost else None,
    }


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _part_json(part: Part) -> dict[str, Any]:
    return _fields(part) | {
        "markup": [_fields(markup) for markup in part.markup],
        "media": [one.model_dump(mode="json") for one in part.media],
    }


def _change_json(change: Change) -> dict[str, Any]:
    return _fields(change) | {"rule": _fields(change.rule)}


def _issue_json(issue: Issue) -> dict[str, Any]:
    return _fields(issue) | {"rule": _fields(issue.rule) if issue.rule else None}
