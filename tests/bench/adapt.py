"""One canonical post adapted to every network, beside one `parse_tweet` of twitter-text-parser on the same text.

The two take turns, so that a busy moment slows both; the ratio is the median of the turns'. Growth is shown by doubling
a text up to 100,000 characters: linear growth doubles the time as well.
"""

import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median

from chalicelib.core.adapt import adapt, read
from chalicelib.core.post import Content
from chalicelib.platforms import names, platform
from tests.bench.figures import Figure, at_most, shown

TEXT = (
    "The bells of the old tower ring again this Saturday: @acme and @guild invite everybody to climb the 96 steps, "
    "hear the great bell strike noon, and stay for soup and music until dark falls over the square. #bells #heritage"
)
CONTENT = {
    "text": TEXT,
    "link": {"url": "https://example.com/bells/saturday"},
    "mentions": [
        {
            "key": "acme",
            "name": "Acme",
            "x": "acmehq",
            "bluesky": "acme.bsky.social",
            "mastodon": "acme@example.social",
        },
        {"key": "guild", "name": "The Guild", "x": "guild", "weibo": "钟楼"},
    ],
    "media": [{"url": "https://example.com/tower.jpg", "alt_text": "The tower at noon", "mime_type": "image/jpeg"}],
}
ROUNDS = 60
SIZES = (12_500, 25_000, 50_000, 100_000)


def measure() -> list[Figure]:
    """Milliseconds of all networks together and of one `parse_tweet`, their ratio, and the cost of doubling a text."""
    rules = [platform(name).rules for name in names()]
    content = Content.model_validate(CONTENT)
    tweet = f"{TEXT} https://example.com/bells/saturday"

    def ours() -> None:
        canonical = read(content)
        for each in rules:
            adapt(content, each, canonical=canonical)

    pairs = [(_milliseconds(ours), _milliseconds(lambda: _parse_tweet(tweet))) for _ in range(ROUNDS)]
    ratio = median(mine / theirs for mine, theirs in pairs)
    return [
        Figure(f"all {len(rules)} networks", shown(median(mine for mine, _ in pairs), "ms")),
        Figure("one parse_tweet", shown(median(theirs for _, theirs in pairs), "ms")),
        at_most("all networks ÷ one parse_tweet", ratio, 1.0, "×"),
        *_growth(),
    ]


def _parse_tweet(text: str) -> object:
    from twitter_text import parse_tweet

    return parse_tweet(text)


def _growth() -> list[Figure]:
    """Milliseconds of one network at growing sizes, and the worst factor of a doubling."""
    sizes = {size: _grown(size) for size in SIZES}
    doublings = [sizes[large] / sizes[small] for small, large in pairwise(SIZES)]
    figures = [Figure(f"Mastodon thread of {size:,} characters", shown(cost, "ms")) for size, cost in sizes.items()]
    return [*figures, at_most("worst doubling (2 is linear)", max(doublings), 2.5, "×")]


def _grown(size: int) -> float:
    text = (TEXT + " 钟楼的钟声又响起来了。 ") * (size // len(TEXT) + 1)
    content = Content(text=text[:size])
    return min(_milliseconds(lambda: adapt(content, platform("mastodon").rules)) for _ in range(7))


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
