"""Every line of the logs is one JSON object, says what it is about, and shows neither secrets nor what people wrote."""

import contextlib
import io
import json
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import Rejected, Unavailable
from chalicelib.core.redaction import HIDDEN
from chalicelib.service import journal

WORDS = "What people wrote, in confidence"
CANARY = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=20, max_size=30)


@pytest.fixture(scope="module")
def log() -> Iterator[logging.Logger]:
    """A logger whose records come out as lines, and nowhere else."""
    logger = logging.Logger("chalicelib.example")
    journal.install(logger)
    yield logger
    logging.getLogger("chalicelib").setLevel(logging.NOTSET)


def lines(say: Any) -> list[dict[str, Any]]:
    """What is printed while something is said."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        say()
    return [json.loads(line) for line in printed.getvalue().splitlines()]


def test_a_line_says_what_it_is_about_and_when() -> None:
    with journal.about(trace_id="t", post="post_1", target=None):
        journal.know(attempt=2)
        (line,) = lines(lambda: journal.line("claimed", why=None, n=1))
    assert {name: one for name, one in line.items() if name != "at"} == {
        "event": "claimed",
        "trace_id": "t",
        "post": "post_1",
        "attempt": 2,
        "n": 1,
    }
    assert abs(datetime.fromisoformat(line["at"]) - datetime.now(UTC)).days == 0
    assert lines(lambda: journal.line("later"))[0].keys() == {"at", "event"}


def test_what_one_thread_is_about_is_no_other_threads() -> None:
    def told(number: int) -> str | None:
        with journal.about(trace_id=str(number)):
            return journal.trace_id()

    with journal.about(trace_id="mine"), ThreadPoolExecutor(4) as pool:
        assert list(pool.map(told, range(20))) == [str(number) for number in range(20)]
        assert pool.submit(journal.trace_id).result() is None
        assert journal.trace_id() == "mine"


def test_what_is_logged_is_a_line_with_the_same_ids(log: logging.Logger) -> None:
    with journal.about(trace_id="t"):
        (line,) = lines(lambda: log.warning("not_kept %s", "yet", extra={"account": "acc_1", "thing": object}))
    assert (line["event"], line["level"], line["logger"]) == ("not_kept yet", "warning", "chalicelib.example")
    assert (line["trace_id"], line["account"]) == ("t", "acc_1")


def failing(failure: Exception, cause: Exception | None = None) -> None:
    raise failure from cause


def test_of_a_failure_a_line_shows_the_way_and_not_the_words(log: logging.Logger) -> None:
    def fail() -> None:
        try:
            failing(Rejected("spam", WORDS), ValueError(WORDS))
        except Rejected:
            log.exception("conversation_failed")

    (line,) = lines(fail)
    assert WORDS not in json.dumps(line)
    first, second = line["failure"]
    assert (first["kind"], first["said"], second["kind"]) == ("Rejected", "spam", "ValueError")
    assert first["way"][-1].startswith("test_journal.py:")
    assert first["way"][-1].endswith(" failing")


@pytest.mark.parametrize("failure", [Unavailable("dynamodb: Throttling"), TypeError("takes 2 positional arguments")])
def test_words_of_our_own_and_of_pythons_are_shown(failure: Exception) -> None:
    assert journal.chain(failure)[0]["said"] == str(failure)


def test_a_failure_that_came_from_itself_ends() -> None:
    failure = ValueError("round")
    failure.__context__ = other = ValueError("and round")
    other.__context__ = failure
    assert len(journal.chain(failure)) == journal.FRAMES


@given(
    CANARY, st.sampled_from(["line", "record", "argument", "extra", "traceback", "fact of a metric", "bound", "escape"])
)
def test_no_secret_is_in_any_line_however_it_got_there(log: logging.Logger, canary: str, way: str) -> None:
    quoted = f"the header was Authorization: Bearer {canary}"

    def say() -> None:
        if way == "line":
            journal.line(
                quoted, token=canary, url=f"https://api.example/{canary}?code={canary}", deep=[{"password": canary}]
            )
        elif way == "record":
            log.error(quoted)
        elif way == "argument":
            log.error("refused: %s", quoted)
        elif way == "extra":
            log.error("refused", extra={"token": canary, "why": quoted})
        elif way == "fact of a metric":
            journal.measured(
                datetime.now(UTC), {"stage": "dev", "why": quoted}, journal.Group({"Sweeps": 1}, [("stage",)])
            )
        elif way == "bound":
            with journal.about(post=quoted, secret=canary):
                journal.line("claimed")
        else:
            _fail(quoted, escapes=way == "escape")

    def _fail(words: str, *, escapes: bool) -> None:
        try:
            if escapes:
                journal.unbroken({}, lambda _: failing(TypeError(words), KeyError(words)))
            failing(TypeError(words), KeyError(words))
        except (TypeError, journal.Failed) as failure:
            log.exception("failed")
            heard.append(str(failure) if isinstance(failure, journal.Failed) else "")

    heard = list[str]()  # by Lambda
    found = lines(say)
    assert found
    assert canary not in json.dumps([found, heard])


def test_of_an_invocation_that_fails_lambda_hears_only_of_what_kind(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(journal.Failed) as failed:
        journal.unbroken({}, lambda _: failing(ValueError(WORDS)))
    assert (str(failed.value), failed.value.__suppress_context__) == ("ValueError", True)
    assert [record.message for record in caplog.records] == ["invocation_failed"]
    assert journal.unbroken("event", str.upper) == "EVENT"


def test_a_line_that_cannot_be_written_fails_nothing(monkeypatch: pytest.MonkeyPatch, log: logging.Logger) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed())
    journal.line("claimed")
    log.error("failed %d", "no number")


def test_each_line_is_written_and_flushed_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted(io.StringIO):
        calls: list[str] = []  # noqa: RUF012

        def write(self, text: str) -> int:
            self.calls.append("write")
            return super().write(text)

        def flush(self) -> None:
            self.calls.append("flush")

    monkeypatch.setattr(sys, "stdout", Counted())
    journal.line("claimed", words="鐘聲\n" * 100)
    assert Counted.calls == ["write", "flush"]


def test_a_metric_named_after_tokens_is_measured_all_the_same() -> None:
    at = datetime.now(UTC)
    (line,) = lines(lambda: journal.measured(at, {"token": "x" * 9}, journal.Group({"TokenFailures": 2}, [("stage",)])))
    assert (line["TokenFailures"], line["token"]) == (2, HIDDEN)
