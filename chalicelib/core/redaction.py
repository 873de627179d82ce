"""What nobody may read: secrets are taken out of other people's words before these are kept or shown, and whatever
looks like one out of everything that is logged.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

SHORTEST_SECRET = 8
"""Characters. Shorter values are ids and flags, and taking those out would leave holes in plain words."""
HIDDEN = "***"
LONGEST = 2000
"""Characters of one text in a log."""
LIKE_A_TOKEN = 40
"""Letters and digits in a row. Our own longest id has 36."""

_SECRETIVE = (
    "authori[sz]ation|token|secret|passw(?:or)?d|passphrase|api[-_]?key|private[-_]?key|signature|credential|cookie"
    "|bearer|jwt|e-?mail"
)

_PLAIN = re.compile(r"(?!ck_|whsec_|gh._)[a-z0-9_]*|[0-9TZ:.-]*", re.ASCII)
"""Words, ids and instants of our own, which most values are."""


def secrets_in(values: Mapping[str, str]) -> frozenset[str]:
    """What among these is long enough to be a secret; the rest are ids and flags that are kept beside them."""
    return frozenset(value for value in values.values() if len(value) >= SHORTEST_SECRET)


def without(secrets: frozenset[str], message: str) -> str:
    """A network's words without our secrets: some quote a token that they do not like."""
    for secret in sorted(secrets, key=len, reverse=True):
        message = message.replace(secret, HIDDEN)
    return message


def loggable(value: Any, name: str = "") -> Any:
    """A value as a log may show it: nothing under a name that says "secret", and no text that looks like one.

    What is no JSON is shown as text.
    """
    if value is None or isinstance(value, bool):
        return value
    if _is_secretive(name):
        return HIDDEN
    if isinstance(value, str):
        return text(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {text(str(key)): loggable(each, str(key)) for key, each in value.items()}
    if isinstance(value, Sequence | frozenset | set) and not isinstance(value, bytes):
        return [loggable(each) for each in value]
    return text(str(value))


def text(words: str) -> str:
    """Words without what looks like a secret, or like somebody's address; of web addresses only the host is left.

    It is better to hide too much here than too little: nobody logs what they could not do without.
    """
    words = words[:LONGEST]
    if len(words) < LIKE_A_TOKEN and _PLAIN.fullmatch(words):
        return words
    for pattern, shown in _patterns():
        words = pattern.sub(shown, words)
    return words


@lru_cache(maxsize=512)
def _is_secretive(name: str) -> bool:
    return re.search(_SECRETIVE, name, re.IGNORECASE) is not None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What is hidden, and what stands in its place; read when the first line is written, and not at every start."""
    named = rf"((?:{_SECRETIVE})[\w.-]{{0,40}}[\"']?\s?[:=]\s?[\"']?)(?:(?:bearer|basic)\s)?[^\s\"'&)}}\]]+"
    apart = r"\s@\"'<>(){}\[\],;:=/"
    found = (
        (r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|$)", HIDDEN),
        (r"([a-z][a-z0-9+.-]{0,20}://)(?:[^\s/?#\"'<>]*@)?([^\s/?#\"'<>@]*)[^\s\"'<>]*", rf"\1\2/{HIDDEN}"),
        (r"\b(bearer|basic|digest)\s+[^\s\"',;)}\]]+", rf"\1 {HIDDEN}"),
        (r"((?:authori[sz]ation|cookie|signature)[\"']?\s?[:=]).*", rf"\1{HIDDEN}"),
        (named, rf"\1{HIDDEN}"),
        (rf"(?<![^{apart}])[^{apart}]+@[^{apart}]+", HIDDEN),
        (
            r"(?:ck_(?:live|test)_|whsec_|(?<![a-z0-9])(?:xox[a-z]-|gh[a-z]_|github_pat_|AKIA|ASIA|sk-))[\w+/=-]{4,}",
            HIDDEN,
        ),
        (r"\beyJ[\w-]+(?:\.[\w-]*)*", HIDDEN),
        (r"\b\d{6,}:[\w-]{20,}", HIDDEN),
        (rf"(?<![\w+-])(?=[\w+-]*\d)[\w+-]{{{LIKE_A_TOKEN},}}={{0,2}}", HIDDEN),
    )
    return tuple((re.compile(pattern, re.IGNORECASE | re.DOTALL), shown) for pattern, shown in found)
