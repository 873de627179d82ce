"""What becomes of the link that a post is about: its campaign parameters, and where it goes."""

from collections.abc import Container
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.core.adapting.report import Report
from chalicelib.core.post import Link
from chalicelib.core.rules import Rules
from chalicelib.core.text.links import find_links

_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


class Linking(NamedTuple):
    """The plan for one platform: which URL to write, where, and the card to attach."""

    written: str = ""
    """The URL as the author wrote it, in the text or as the post's link."""
    url: str = ""
    """The URL that goes out."""
    type: str = "link"
    """Empty where the network counts links and would not know this one for a link."""
    append: bool = False
    """Whether to write it behind the text."""
    removed: str = ""
    """Why it is taken out of the text, as the code of a change; empty where it stays."""
    comment: bool = False
    """Whether to write it in the first comment."""
    card: Link | None = None


NO_LINK = Linking()


def plan(link: Link, rules: Rules, report: Report, written: Container[str], *, media: bool) -> Linking:
    """Decide where the link goes; `written` are the URLs that stand in the text; `media` is whether there are any."""
    there = link.url in written
    placement = _placement(link, rules, report, media=media)
    if placement == "none":
        return _dropped(link, rules, report, there=there)
    url = _tagged(link, rules, report)
    return Linking(
        written=link.url,
        url=url,
        type="link" if rules.text.url_weight is None or find_links(url) == [(0, len(url), True)] else "",
        append=placement == "inline" and not there,
        removed="link_moved" if placement == "first_comment" and there else "",
        comment=placement == "first_comment",
        card=link.model_copy(update={"url": url}) if placement == "card" else None,
    )


def _placement(link: Link, rules: Rules, report: Report, *, media: bool) -> str:
    """`inline`, `card`, `first_comment` or `none`; what differs from the author's wish is reported."""
    if link.placement == "first_comment" and rules.comment.mode != "none":
        return "first_comment"
    about = rules.links
    fits = about.card in ("client", "field") and (about.card_with_media or not media)
    placed = "card" if fits and link.placement != "inline" else "none" if about.inline == "none" else "inline"
    if link.placement == "first_comment" and placed != "none":
        code, where = ("link_inlined", "in the text") if placed == "inline" else ("link_in_card", "in its card")
        message = f"{rules.platform} has no first comment; the link is {where}"
        report.unsupported(code, "comment.mode", "link.placement", message, link.url)
    if link.placement == "card" and placed == "inline" and about.card != "auto":
        message = f"{rules.platform} makes no card of this link here; it is in the text"
        report.unsupported("link_inlined", "links.card", "link.placement", message, link.url)
    return placed


def _dropped(link: Link, rules: Rules, report: Report, *, there: bool) -> Linking:
    """No link at all; where it stands in the text, the composer takes it out and notes where it was."""
    message = f"{rules.platform} takes no links in its text"
    report.issue("link_dropped", "links.inline", "link", message, error=report.reject)
    if there:
        return Linking(written=link.url, removed="link_dropped")
    report.change("link_dropped", "links.inline", link.url)
    return NO_LINK


def _tagged(link: Link, rules: Rules, report: Report) -> str:
    """The URL with its campaign parameters, in ASCII: no network agrees with another on where other URLs end."""
    url = quote(link.url, safe=_SAFE) if not link.url.isascii() else link.url
    if url != link.url:
        report.change("link_encoded", "links", link.url, url)
    if not link.utm:
        return url
    values = {
        f"utm_{name.removeprefix('utm_')}": value.replace("{platform}", rules.platform)
        for name, value in link.utm.items()
    }
    parts = urlsplit(url)
    tagged = parts._replace(query="&".join(filter(None, [parts.query, urlencode(values)]))).geturl()
    report.change("link_tagged", "links", link.url, tagged)
    return tagged
