"""What must hold for the messages in the end: that they fit, say something, and link what they must and may."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from chalicelib.core.adapting.report import Report
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Links, Rules


def check(parts: Sequence[Part], rules: Rules, report: Report, *, empty: bool) -> None:
    """Report every message that cannot go out as it is; `empty` says that there is neither text nor anything else."""
    if empty:
        report.issue("text_required", "text", "text", f"{rules.platform} has no empty posts", error=True)
    for part in parts:
        if not _fits(part) and not report.has("text_too_long"):
            message = "a single link, mention or character is longer than a whole message may be"
            report.issue("text_uncuttable", "text.limit", "text", message, error=True)
        if rules.links.limited:
            _check_links(part, rules, rules.links, report)


def _fits(part: Part) -> bool:
    limit, bytes_limit = part.limit, part.bytes_limit
    return (limit is None or part.length <= limit) and (bytes_limit is None or part.bytes <= bytes_limit)


def _check_links(part: Part, rules: Rules, about: Links, report: Report) -> None:
    urls = sorted({markup.value for markup in part.markup if markup.type == "link"})
    domains = " or ".join(about.domains) or "the domain that is bound to the app"
    if about.limit is not None and len(urls) > about.limit:
        message = f"{rules.platform} takes {about.limit} different links at most; there are {len(urls)}"
        report.issue("too_many_links", "links.limit", "text", message, error=True)
    if about.required and not urls:
        message = f"{rules.platform} takes no post without a link on {domains}"
        report.issue("link_required", "links.required", "link", message, error=True)
    if about.required and urls and not about.domains:
        message = f"{rules.platform} takes links on {domains} only; the account's `links.domains` does not say which"
        report.issue("link_domain_unknown", "links.domains", "link", message, error=False)
    for url in urls if about.domains else ():
        if not _on(url, about.domains):
            message = f"{rules.platform} takes links on {domains} only, not {url}"
            report.issue("link_forbidden", "links.domains", "link", message, error=True)
    if about.length is not None and any(len(url) > about.length for url in urls):
        message = f"{rules.platform} takes links of {about.length} characters at most"
        report.issue("link_too_long", "links.length", "link", message, error=True)


def _on(url: str, domains: Sequence[str]) -> bool:
    host = (urlsplit(url).hostname or "").lower()
    return any(host == domain or host.endswith(f".{domain}") for domain in map(str.lower, domains))
