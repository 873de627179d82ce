"""What holds for every text on every network, however it was written."""

import re

import regex
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.core.adapt import adapt
from chalicelib.core.post import Content, Mention
from chalicelib.core.rendition import Rendition
from chalicelib.core.rules import Rules
from chalicelib.core.text.links import TIGHT, WIDE
from chalicelib.core.text.measures import GAUGES, stand_in
from chalicelib.core.text.spans import find_spans
from chalicelib.core.text.wire import DIALECTS
from chalicelib.platforms import names, platform
from tests.core.texts import texts

HANDLES = {
    "key": "acme",
    "name": "Acme Inc",
    "x": "acmehq",
    "bluesky": "acme.bsky.social",
    "mastodon": "acme@social.example",
    "weibo": "艾克米",
    "linkedin": "urn:li:organization:1",
    "discord": "123",
    "slack": "U1",
    "reddit": "acme",
    "threads": "acme.inc",
}
MENTIONS = (Mention.model_validate(HANDLES), Mention.model_validate({"key": "小米"}))
TOO_LONG = {"text_too_long", "text_uncuttable"}
ENCODINGS = {"utf8": ("utf-8", 1), "utf16": ("utf-16-le", 2), "code_points": ("utf-32-le", 4)}

networks = st.sampled_from(names())
overflows = st.sampled_from(["thread", "truncate", "reject"])


def adapted(text: str, network: str, **fields: object) -> Rendition:
    content = Content.model_validate({"text": text, "mentions": MENTIONS, **fields})
    return adapt(content, platform(network).rules)


def counted_apart(text: str, rules: Rules) -> int:
    """The length of a text, worked out from its links and mentions by themselves and not from a parsed post."""
    unit, out, at = rules.text.unit, list[str](), 0
    for span in find_spans(text, grammar=WIDE if rules.links.wide else TIGHT):
        if span.kind == "link" and unit in ("mastodon", "weibo") and not text[span.start :].lower().startswith("http"):
            continue
        if span.kind == "mention":
            handle = re.match(rules.mentions.handle, span.value) if rules.mentions.handle else None
            if handle is None:
                continue
            span = span._replace(end=span.start + 1 + handle.end())
        instead = stand_in(span.kind, text[span.start : span.end], unit, rules.text.url_weight)
        if instead is not None:
            out += [text[at : span.start], instead]
            at = span.end
    gauge = GAUGES[unit]
    return gauge.shown(gauge.measure("".join([*out, text[at:]])))


@given(texts, networks, overflows, st.booleans())
def test_every_part_fits_its_network(text: str, network: str, overflow: str, numbered: bool) -> None:
    rules = platform(network).rules
    rendition = adapted(text, network, overflow=overflow, thread_numbering=numbered)
    if TOO_LONG & {issue.code for issue in rendition.issues}:
        return
    for part in rendition.parts:
        assert part.limit is None or part.length <= part.limit
        assert part.bytes_limit is None or part.bytes <= part.bytes_limit
        assert part.limit is None or counted_apart(part.text, rules) <= part.limit


@given(texts, networks)
def test_a_thread_holds_every_word_in_order_and_cuts_no_grapheme(text: str, network: str) -> None:
    rules = platform(network).rules
    unlimited = {"text.limit": None, "text.limit_with_media": None, "text.bytes_limit": None}
    whole = adapt(Content(text=text, mentions=MENTIONS), rules.with_limits(unlimited)).parts[0].text
    rendition = adapted(text, network)
    if any(change.code == "truncated" for change in rendition.changes):
        return
    ends, at = {0}, 0
    for grapheme in regex.findall(r"\X", whole):
        at += len(grapheme)
        ends.add(at)
    at = 0
    for part in rendition.parts:
        start = whole.index(part.text, at)
        assert not whole[at:start].strip()
        at = start + len(part.text)
        assert {start, at} <= ends
    assert not whole[at:].strip()


@given(texts, networks)
def test_what_is_sent_reads_back_as_what_is_seen(text: str, network: str) -> None:
    """Without a mention map: what it puts in place of a name cannot be read back."""
    rules = platform(network).rules
    for part in adapt(Content(text=text), rules).parts:
        if part.wire is not None:
            assert DIALECTS[rules.text.markup].read(part.wire) == part.text


@given(texts, networks)
def test_markup_lies_where_it_says_in_the_networks_own_encoding(text: str, network: str) -> None:
    encoding, width = ENCODINGS[platform(network).rules.text.offsets]
    for part in adapted(text, network).parts:
        encoded = part.text.encode(encoding)
        for mark in part.markup:
            seen = encoded[mark.start * width : mark.end * width].decode(encoding)
            named = mark.type == "mention" and seen.removeprefix("@") == HANDLES["name"]
            assert named or mark.value in seen or mark.value.lower() in f"https://{seen}".lower()


@given(texts, networks)
def test_the_same_again_is_the_same(text: str, network: str) -> None:
    assert adapted(text, network) == adapted(text, network)


@given(texts, networks)
def test_adapting_what_was_adapted_changes_nothing_more(text: str, network: str) -> None:
    rendition = adapted(text, network)
    cut = any(change.code == "truncated" for change in rendition.changes)
    rewritten = platform(network).rules.mentions.style in ("id", "little_text", "user")
    if len(rendition.parts) == 1 and not cut and not rewritten:
        again = adapt(Content(text=rendition.parts[0].text), platform(network).rules)
        assert [part.text for part in again.parts] == [rendition.parts[0].text]


@example("0", "0", "x", "thread")
@given(texts, texts, networks, overflows)
def test_more_text_is_never_more_faithful(one: str, more: str, network: str, overflow: str) -> None:
    if one.strip():
        longer = adapted(f"{one}\n\n{more}", network, overflow=overflow)
        assert longer.fidelity <= adapted(one, network, overflow=overflow).fidelity + 1e-9
