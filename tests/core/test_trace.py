"""The `traceparent` header by its rules: https://www.w3.org/TR/trace-context/#traceparent-header."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.trace import is_trace_id, trace_id_in, trace_id_of, traceparent

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEX = st.text("0123456789abcdef", min_size=32, max_size=32)


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{CALLER}-01",
        f"00-{TRACE}-{CALLER}-00",
        f"00-{TRACE}-{CALLER}-ff",
        f" 00-{TRACE}-{CALLER}-01\t",
        f"cc-{TRACE}-{CALLER}-01",
        f"cc-{TRACE}-{CALLER}-01-what-the-future-will-be-like",
        f"cc-{TRACE}-{CALLER}-01-",
    ],
)
def test_a_sound_header_is_gone_on_with(header: str) -> None:
    assert trace_id_in(header) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        TRACE,
        f"ff-{TRACE}-{CALLER}-01",
        f"00-{'0' * 32}-{CALLER}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{CALLER}-01",
        f"00-{TRACE}-{CALLER.upper()}-01",
        f"00-{TRACE}-{CALLER}-0",
        f"00-{TRACE}-{CALLER}-0X",
        f"00-{TRACE}-{CALLER}-01-more",
        f"00-{TRACE}-{CALLER}-01-",
        f"cc-{TRACE}-{CALLER}-01.more",
        f"0-{TRACE}-{CALLER}-01",
        f"00-{TRACE[:-1]}-{CALLER}-01",
        f"00-{TRACE}-{CALLER}",
        f"00_{TRACE}_{CALLER}_01",
        f"00-{TRACE}-{CALLER}-01, 00-{TRACE}-{CALLER}-01",
        f"00-{TRACE}-{CALLER}-01\n",
        f"00-{TRACE[:-1]}٣-{CALLER}-01",
    ],
)
def test_of_a_malformed_header_nothing_is_taken(header: str | None) -> None:
    assert trace_id_in(header) is None


@given(st.text(), st.text())
def test_what_we_hand_on_can_be_gone_on_with(seed: str, request: str) -> None:
    trace_id = trace_id_of(seed)
    assert is_trace_id(trace_id)
    assert trace_id_in(traceparent(trace_id, request)) == trace_id == trace_id_of(seed)


@given(HEX.filter(lambda digits: int(digits, 16) > 0), st.text(), st.text())
def test_each_request_of_a_trace_is_a_caller_of_its_own(trace_id: str, one: str, other: str) -> None:
    assert (traceparent(trace_id, one) == traceparent(trace_id, other)) == (one == other)
    assert trace_id_in(traceparent(trace_id, one)) == trace_id


@given(st.text())
def test_no_header_is_too_strange_to_be_refused(header: str) -> None:
    assert trace_id_in(header) is None
