"""What holds for the text as a whole: hashtags to append, characters to replace, links that must be there."""

from urllib.parse import urlsplit

from chalicelib.core.adapting.composing import REPLACED, Composer, Draft
from chalicelib.core.adapting.fitting import Piece, Scale
from chalicelib.core.adapting.linking import Linking
from chalicelib.core.adapting.reading import Canonical
from chalicelib.core.adapting.report import Report
from chalicelib.core.rules import Rules


def tags(source: Canonical, composer: Composer, rules: Rules, report: Report) -> tuple[str, ...]:
    """The hashtags to append: those asked for that are not in the text, as many as may be."""
    if not source.tags or rules.hashtags.style == "field":
        return ()
    if rules.hashtags.style in ("none", "forbidden"):
        for tag in source.tags:
            report.change("hashtags_dropped", "hashtags.style", tag)
        return ()
    return _limited(source.tags, composer.tags, rules, report)


def _limited(wanted: tuple[str, ...], used: int, rules: Rules, report: Report) -> tuple[str, ...]:
    limit, length = rules.hashtags.limit, rules.hashtags.length
    kept: list[str] = []
    for tag in wanted:
        if length is not None and len(tag) > length:
            report.change("hashtags_dropped", "hashtags.length", tag)
        elif limit is not None and used + len(kept) >= limit:
            report.change("hashtags_limited", "hashtags.limit", tag)
        else:
            kept.append(tag)
    return tuple(kept)


def field_tags(source: Canonical, rules: Rules, report: Report) -> tuple[str, ...]:
    """The hashtags for a field of their own: those in the text first, then those asked for."""
    if rules.hashtags.style != "field":
        return ()
    written = [span.value for span in source.text.spans if span.kind == "hashtag"]
    wanted = tuple({tag.casefold(): tag for tag in reversed([*written, *source.tags])}.values())[::-1]
    kept = _limited(wanted, 0, rules, report)
    total = rules.hashtags.total_length
    while total is not None and len(",".join(kept)) > total:
        report.change("hashtags_limited", "hashtags.total_length", kept[-1])
        kept = kept[:-1]
    return kept


def replace_forbidden(draft: Draft, rules: Rules, report: Report) -> None:
    """Put the like of it in the place of every character that the network refuses."""
    found = "".join(character for character in rules.text.forbidden if character in draft.text)
    if found:
        table = {ord(character): REPLACED[ord(character)] for character in found}
        draft.text = draft.text.translate(table)
        report.change("characters_replaced", "text.forbidden", found, found.translate(table))


def pieces(found: list[Piece], draft: Draft, scale: Scale, link: Linking, report: Report, media: bool) -> None:
    """Check each part: that it fits, says something, and has the links it needs and no more."""
    if not draft.text.strip() and not media and not link.card:
        report.issue("text_required", "text", "text", f"{scale.rules.platform} has no empty posts", error=True)
    for number, piece in enumerate(found):
        if not scale.fits(piece, number) and not any(issue.code == "text_too_long" for issue in report.issues):
            message = "a single link, mention or character is longer than a whole message may be"
            report.issue("text_uncuttable", "text.limit", "text", message, error=True)
        _check_links(piece, scale.rules, report)


def _check_links(piece: Piece, rules: Rules, report: Report) -> None:
    about, name = rules.links, rules.platform
    urls = {mark.value for mark in piece.marks if mark.type == "link"}
    if about.limit is not None and len(urls) > about.limit:
        message = f"{name} takes {about.limit} different links at most; there are {len(urls)}"
        report.issue("too_many_links", "links.limit", "text", message, error=True)
    if about.required and not urls:
        message = (
            f"{name} takes no post without a link on {' or '.join(about.domains) or 'the domain bound to the app'}"
        )
        report.issue("link_required", "links.required", "link", message, error=True)
    for url in sorted(urls if about.domains else ()):
        if not (urlsplit(url).hostname or "").endswith(about.domains):
            message = f"{name} takes links on {' or '.join(about.domains)} only, not {url}"
            report.issue("link_forbidden", "links.domains", "link", message, error=True)
    if about.length is not None and any(len(url) > about.length for url in urls):
        message = f"{name} takes links of {about.length} characters at most"
        report.issue("link_too_long", "links.length", "link", message, error=True)
