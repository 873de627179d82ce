"""Everything beside text and media: title, poll, warning, visibility, language, labels, hashtags in a field, price."""

from collections.abc import Sequence
from decimal import Decimal

from chalicelib.core.adapting.fitting import shortened
from chalicelib.core.adapting.reading import Canonical, unique
from chalicelib.core.adapting.report import Report
from chalicelib.core.post import Labels, Media, Poll
from chalicelib.core.rendition import Cost, Part
from chalicelib.core.rules import Price, Rules
from chalicelib.core.text.measures import GAUGES

_FORBIDDEN_IN_TITLES = str.maketrans("<>", "‹›")


def title(source: Canonical, media: Sequence[Media], rules: Rules, report: Report) -> str | None:
    """The headline: the author's, or where one is required the text's first sentence."""
    about, content = rules.title, source.content
    fitting = about.mode != "none" and (not about.only_with or any(one.kind in about.only_with for one in media))
    if not fitting:
        if content.title and content.text.strip():
            report.change("title_dropped", "title.mode", content.title)
        return None
    wanted = " ".join(content.title.split()) if content.title else ""
    if not wanted and about.mode == "required":
        wanted = _derived(source, rules, report)
    return _title_cut(wanted, rules, report) if wanted else None


def _derived(source: Canonical, rules: Rules, report: Report) -> str:
    sentence, span = source.text.first_sentence
    if sentence:
        report.change("title_derived", "title.mode", None, sentence, span=span)
    else:
        message = f"{rules.platform} has no posts without a title, and there is no text to make one from"
        report.issue("title_required", "title.mode", "title", message, error=True)
    return sentence


def _title_cut(wanted: str, rules: Rules, report: Report) -> str:
    about = rules.title
    clean = wanted.translate(_FORBIDDEN_IN_TITLES) if rules.text.forbidden == "<>" else wanted
    short = shortened(clean, about.limit, about.unit) if about.limit is not None else clean
    if short != wanted:
        report.change("title_cut", "title.limit", wanted, short)
    if about.minimum and GAUGES[about.unit].measure(short) < about.minimum:
        message = f"{rules.platform} wants a title of {about.minimum} characters at least"
        report.issue("title_too_short", "title.minimum", "title", message, error=True)
    return short


def poll(asked: Poll, rules: Rules, report: Report, *, media: bool) -> Poll | None:
    """The poll as the network can hold it, or None; then its options go in the text."""
    about = rules.poll
    if about.options_max and not (media and not about.with_media):
        return _poll_cut(asked, rules, report)
    rule = "poll.with_media" if about.options_max else "poll.options_max"
    why = "has no polls with media" if about.options_max else "has no polls"
    report.unsupported("poll_as_text", rule, "poll", f"{rules.platform} {why}; the options are in the text")
    return None


def _poll_cut(asked: Poll, rules: Rules, report: Report) -> Poll:
    about = rules.poll
    options = asked.options[: about.options_max]
    if len(options) < len(asked.options):
        message = f"{rules.platform} has polls of {about.options_max} options at most"
        report.unsupported(
            "poll_cut", "poll.options_max", "poll.options", message, ", ".join(asked.options[len(options) :])
        )
    if asked.multiple and not about.multiple:
        message = f"{rules.platform} has no polls with several answers"
        report.unsupported("poll_cut", "poll.multiple", "poll.multiple", message)
    update = {
        "options": tuple(_line(option, about.option_length, "poll.option_length", report) for option in options),
        "question": _line(asked.question, about.question_length, "poll.question_length", report),
        "duration_minutes": _minutes(asked.duration_minutes, rules, report),
        "multiple": asked.multiple and about.multiple,
    }
    return asked.model_copy(update=update)


def _line(line: str | None, limit: int | None, rule: str, report: Report) -> str | None:
    short = shortened(line, limit) if line and limit is not None else line
    if short != line:
        report.change("poll_cut", rule, line, short)
    return short


def _minutes(wanted: int, rules: Rules, report: Report) -> int:
    least, most = rules.poll.min_minutes, rules.poll.max_minutes
    minutes = max(wanted, least) if least is not None else wanted
    minutes = min(minutes, most) if most is not None else minutes
    if minutes != wanted:
        rule = "poll.min_minutes" if minutes > wanted else "poll.max_minutes"
        report.change("poll_duration_changed", rule, str(wanted), str(minutes))
    return minutes


def poll_lines(asked: Poll) -> str:
    """A poll as text."""
    question = f"{asked.question}\n" if asked.question else ""
    return "\n\n" + question + "\n".join(f"• {option}" for option in asked.options)


def warning(asked: str, rules: Rules, report: Report) -> tuple[str | None, str]:
    """The content warning as the network takes it, and what of it must stand in front of the text."""
    wanted, about = asked.strip(), rules.warning
    if not wanted:
        return None, ""
    if about.mode == "field":
        return wanted, ""
    if about.mode == "label" and wanted.lower() in about.labels:
        return wanted.lower(), ""
    report.change("warning_in_text", "warning.mode", wanted, f"CW: {wanted}", span=(0, 0))
    return (wanted if about.mode == "flag" else None), f"CW: {wanted}\n\n"


def visibility(wanted: str, rules: Rules, report: Report) -> str | None:
    """The network's own word for who may see the post; wider than asked for is an error."""
    if wanted == "public" or wanted in rules.visibility:
        return rules.visibility.get(wanted)
    message = f"{rules.platform} cannot limit a post to {wanted!r}"
    report.change("visibility_widened", "visibility", wanted, "public")
    error = wanted != "unlisted" or report.reject
    report.issue("visibility_unsupported", "visibility", "visibility", message, error=error)
    return None


def language(wanted: str, rules: Rules, report: Report) -> str | None:
    """The post's language where the network keeps it."""
    if rules.language.supported:
        return wanted
    report.change("language_dropped", "language.supported", wanted)
    return None


def labels(asked: Labels, rules: Rules, report: Report) -> tuple[str, ...]:
    """The network's own fields for what readers must be told."""
    if not (asked.ai_generated or asked.paid_partnership):
        return ()
    wanted = [name for name in ("ai_generated", "paid_partnership") if getattr(asked, name)]
    for name in wanted:
        if name not in rules.labels:
            message = f"{rules.platform} has no {name} label: say it in the text where the law wants it said"
            report.unsupported("label_dropped", "labels", f"labels.{name}", message, name)
    return tuple(rules.labels[name] for name in wanted if name in rules.labels)


def field_tags(source: Canonical, rules: Rules, report: Report) -> tuple[str, ...]:
    """The hashtags for a field of their own: those in the text first, then those asked for."""
    about = rules.hashtags
    kept: list[str] = []
    for asked in unique((*source.text.tags, *source.text.new_tags)):
        tag = "".join(filter(str.isalnum, asked)) if about.alphanumeric else asked
        if not tag:
            report.change("hashtags_dropped", "hashtags.alphanumeric", asked)
        elif about.length is not None and len(tag) > about.length:
            report.change("hashtags_dropped", "hashtags.length", tag)
        elif about.limit is not None and len(kept) >= about.limit:
            report.change("hashtags_limited", "hashtags.limit", tag)
        elif about.total_length is not None and len(",".join([*kept, tag])) > about.total_length:
            report.change("hashtags_limited", "hashtags.total_length", tag)
        else:
            if tag != asked:
                report.change("hashtag_changed", "hashtags.alphanumeric", asked, tag)
            kept.append(tag)
    return tuple(kept)


def cost(parts: Sequence[Part], price: Price) -> Cost | None:
    """What the network will charge."""
    if price.per_message is None:
        return None
    dear = sum(any(markup.type == "link" for markup in part.markup) for part in parts)
    amount = dear * Decimal(price.per_message_with_link or price.per_message)
    return Cost(str(amount + (len(parts) - dear) * Decimal(price.per_message)), price.currency)
