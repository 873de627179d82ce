"""What must hold for a message's links: that there are the ones that must be, and none that may not."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from chalicelib.core.adapting.report import Report
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Rules


def check_links(part: Part, rules: Rules, report: Report) -> None:
    """Report every link that is missing or one too many."""
    about = rules.links
    urls = sorted({markup.value for markup in part.markup if markup.type == "link"})
    if about.inline != "clickable" and urls:
        message = f"{rules.platform} shows the address of a link, but nobody can click it"
        report.issue("link_not_clickable", "links.inline", "text", message, error=False)
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
