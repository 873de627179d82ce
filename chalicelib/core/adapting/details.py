"""Everything beside text and media: title, poll, warning, visibility, language, labels, first comment, price."""

import re
from decimal import Decimal

from chalicelib.core.adapting.composing import Composer, Draft
from chalicelib.core.adapting.fitting import Piece, Scale, fit, shortened
from chalicelib.core.adapting.linking import Linking
from chalicelib.core.adapting.reading import Canonical, Reading
from chalicelib.core.adapting.report import Report
from chalicelib.core.post import Content, Media, Poll
from chalicelib.core.rendition import Cost
from chalicelib.core.rules import Rules
from chalicelib.core.text.measures import GAUGES

_FIRST_SENTENCE = re.compile(r"\s*([^\n]*?(?:[.!?…](?=\s)|[。！？]|(?=\n)|$))")


def title(content: Content, text: str, media: tuple[Media, ...], rules: Rules, report: Report) -> str | None:
    """The headline: the author's, or where one is required the text's first sentence."""
    about = rules.title
    fitting = not about.only_with or any(one.kind in about.only_with for one in media)
    if about.mode == "none" or not fitting:
        if content.title and content.text.strip():
            report.change("title_dropped", "title.mode", content.title)
        return None
    wanted = content.title or (_derived(text, rules, report) if about.mode == "required" else None)
    if about.mode == "required" and not wanted:
        message = f"{rules.platform} has no posts without a title, and there is no text to make one from"
        report.issue("title_required", "title.mode", "title", message, error=True)
    return _title_cut(wanted, rules, report) if wanted else None


def _derived(text: str, rules: Rules, report: Report) -> str | None:
    found = _FIRST_SENTENCE.match(text)
    sentence = found[1].strip() if found else ""
    if sentence:
        report.change("title_derived", "title.mode", None, sentence)
    return sentence or None


def _title_cut(wanted: str, rules: Rules, report: Report) -> str:
    about = rules.title
    clean = " ".join(wanted.split())
    short = shortened(clean, about.limit, about.unit) if about.limit is not None else clean
    if short != clean:
        report.change("title_cut", "title.limit", clean, short)
    if about.minimum and GAUGES[about.unit].measure(short) < about.minimum:
        message = f"{rules.platform} wants a title of {about.minimum} characters at least"
        report.issue("title_too_short", "title.minimum", "title", message, error=True)
    return short


def poll(content: Content, media: bool, rules: Rules, report: Report) -> Poll | None:
    """The poll as the network can hold it, or None; then its options go in the text."""
    asked, about = content.poll, rules.poll
    if asked is None:
        return None
    if about.options_max == 0 or (media and not about.with_media):
        rule = "poll.options_max" if about.options_max == 0 else "poll.with_media"
        why = "has no polls" if about.options_max == 0 else "has no polls with media"
        report.unsupported("poll_as_text", rule, "poll", f"{rules.platform} {why}; the options are in the text")
        return None
    return _poll_cut(asked, rules, report)


def _poll_cut(asked: Poll, rules: Rules, report: Report) -> Poll:
    about = rules.poll
    options = asked.options[: about.options_max]
    if len(options) < len(asked.options):
        report.change("poll_cut", "poll.options_max", ", ".join(asked.options[about.options_max :]))
    short = tuple(shortened(option, about.option_length) if about.option_length else option for option in options)
    for before, after in zip(options, short, strict=True):
        if before != after:
            report.change("poll_cut", "poll.option_length", before, after)
    minutes = min(max(asked.duration_minutes, int(about.min_minutes or 0)), int(about.max_minutes or 10**9))
    if minutes != asked.duration_minutes:
        report.change("poll_duration_changed", "poll.max_minutes", str(asked.duration_minutes), str(minutes))
    if asked.multiple and not about.multiple:
        message = f"{rules.platform} has no polls with several answers"
        report.unsupported("poll_cut", "poll.multiple", "poll.multiple", message)
    update = {"options": short, "duration_minutes": minutes, "multiple": asked.multiple and about.multiple}
    return asked.model_copy(update=update)


def poll_lines(asked: Poll) -> str:
    """A poll as text."""
    question = f"{asked.question}\n" if asked.question else ""
    return "\n\n" + question + "\n".join(f"• {option}" for option in asked.options)


def warning(content: Content, rules: Rules, report: Report) -> tuple[str | None, str]:
    """The content warning as the network takes it, and what of it must stand in front of the text."""
    wanted, about = (content.content_warning or "").strip(), rules.warning
    if not wanted:
        return None, ""
    if about.mode == "field" or (about.mode == "label" and wanted.lower() in about.labels):
        return (wanted if about.mode == "field" else wanted.lower()), ""
    report.change("warning_in_text", "warning.mode", wanted, f"CW: {wanted}", span=(0, 0))
    return (wanted if about.mode == "flag" else None), f"CW: {wanted}\n\n"


def visibility(content: Content, rules: Rules, report: Report) -> str | None:
    """The network's own word for who may see the post; wider than asked for is an error."""
    if content.visibility in rules.visibility:
        return rules.visibility[content.visibility]
    if content.visibility != "public":
        message = f"{rules.platform} cannot limit a post to {content.visibility!r}"
        report.change("visibility_widened", "visibility", content.visibility, "public")
        narrow = content.visibility in ("followers", "private")
        report.issue("visibility_unsupported", "visibility", "visibility", message, error=narrow or report.reject)
    return None


def language(content: Content, rules: Rules, report: Report) -> str | None:
    """The post's language where the network keeps it."""
    if content.language and not rules.language.supported:
        report.change("language_dropped", "language.supported", content.language)
        return None
    return content.language


def labels(content: Content, rules: Rules, report: Report) -> tuple[str, ...]:
    """The network's own fields for what readers must be told."""
    found = []
    for name, wanted in (
        ("ai_generated", content.labels.ai_generated),
        ("paid_partnership", content.labels.paid_partnership),
    ):
        if wanted and name in rules.labels:
            found.append(rules.labels[name])
        elif wanted:
            message = f"{rules.platform} has no {name} label: say it in the text where the law wants it said"
            report.unsupported("label_dropped", "labels", f"labels.{name}", message, name)
    return tuple(found)


def cost(pieces: list[Piece], rules: Rules) -> Cost | None:
    """What the network will charge."""
    price = rules.price
    if price.per_message is None:
        return None
    with_link = sum(any(mark.type == "link" for mark in piece.marks) for piece in pieces)
    dear = Decimal(price.per_message_with_link or price.per_message)
    return Cost(str(with_link * dear + (len(pieces) - with_link) * Decimal(price.per_message)), price.currency)


def comment(source: Canonical, link: Linking, rules: Rules, report: Report) -> Piece | None:
    """The author's first comment, with the link where it was moved there."""
    asked = source.comment
    if asked is None and not link.comment:
        return None
    if rules.comment.mode == "none":
        message = f"{rules.platform} has no first comment"
        report.unsupported(
            "first_comment_dropped", "comment.mode", "first_comment", message, asked.text if asked else None
        )
        return None
    composer = Composer(rules, report)
    draft = composer.compose(asked or Reading("", source.content), Linking())
    draft = composer.append(draft, link, (), link=link.comment)
    return comment_cut(draft, rules, report)


def comment_cut(draft: Draft, rules: Rules, report: Report) -> Piece:
    """As much of the comment as one may hold."""
    scale = Scale(
        rules.with_limits({"text.limit": rules.comment.limit}) if rules.comment.limit != rules.text.limit else rules,
        set(),
        "",
    )
    quiet = Report(rules, reject=False)
    [piece] = fit(draft, scale, quiet, "truncate", numbered=False)
    if quiet.fidelity < 1:
        report.change("first_comment_cut", "comment.limit", draft.text, piece.text)
    return piece
