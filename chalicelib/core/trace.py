"""The id by which a request's doings can be found again, in the form in which services hand it on.

`traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`: version, trace, whoever calls, flags. The rules:
https://www.w3.org/TR/trace-context/#traceparent-header (W3C Recommendation of 2021-11-23), read 2026-11-23.
Who is told it, and who is not: docs/decisions/0012-a-post-keeps-the-trace-that-made-it.md.
"""

import re
from hashlib import sha256

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII | re.DOTALL)
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
NO_VERSION = "ff"
RECORDED = "01"
"""The only flag: what we do under a trace is always in our logs."""


def trace_id_in(header: str | None) -> str | None:
    """The trace that a caller's header names; None where the header is none, and a new trace begins.

    Of a version after ours only the beginning is known to be as ours is, and more may follow it.
    """
    found = _HEADER.fullmatch(header.strip(" \t")) if header else None
    if found is None:
        return None
    version, trace_id, caller, _, more = found.groups()
    unsound = version == NO_VERSION or (version == "00" and more is not None)
    return None if unsound or not int(trace_id, 16) or not int(caller, 16) else str(trace_id)


def trace_id_of(seed: str) -> str:
    """A new trace's id, the same for the same seed: what is made again is found under the id that it has."""
    return _digits("trace", seed, 32)


def traceparent(trace_id: str, seed: str) -> str:
    """The header that hands a trace on; `seed` stands for the request that carries it, or answers with it."""
    return f"00-{trace_id}-{_digits(trace_id, seed, 16)}-{RECORDED}"


def is_trace_id(text: str) -> bool:
    """Whether a text is written as a trace's id is."""
    return _ID.fullmatch(text) is not None


def _digits(kind: str, seed: str, many: int) -> str:
    """Hexadecimal digits that follow from the seed; never all zero, which would be no id."""
    digits = sha256(f"{kind} {seed}".encode(errors="surrogatepass")).hexdigest()[:many]
    return digits if int(digits, 16) else digits[:-1] + "1"
