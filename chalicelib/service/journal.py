"""Lines that machines read in the logs: one JSON object each, which metric filters in infra/resources.yaml count.

Printed and not logged, because Lambda puts words of its own before what is logged, and a filter wants the line to be
JSON from its first letter: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
What is logged all the same comes out here, too, once `install` was called. Each line is written in one go, and shows
nothing that people wrote and no secret: see `core.redaction`.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.core.errors import Unavailable
from chalicelib.core.redaction import loggable

if TYPE_CHECKING:  # whoever says little starts without
    from chalicelib.core.post import Post
    from chalicelib.core.target import Target

NAMESPACE = "Carillon"
UNITS = {"Ms": "Milliseconds", "Seconds": "Seconds"}
"""By how a metric's name ends."""
FRAMES = 12
"""How many calls of a failure's way are shown, the last ones."""
SPEAK = (TypeError, AttributeError, NameError, ImportError, Unavailable)
"""Failures whose words are Python's own, or ours. Others may quote what people wrote: of them only the way is shown."""

_bound: ContextVar[Mapping[str, Any]] = ContextVar("bound", default=MappingProxyType({}))


@contextmanager
def about(**ids: str | int | None) -> Iterator[None]:
    """While every line of this thread is about these."""
    before = _bound.set(_known(ids))
    try:
        yield
    finally:
        _bound.reset(before)


def know(**ids: str | int | None) -> None:
    """From here to the end of what `about` began, lines are about these, too."""
    _bound.set(_known(ids))


def trace_id() -> str | None:
    """The trace that lines of this thread belong to."""
    found: str | None = _bound.get().get("trace_id")
    return found


def ids(target: "Target") -> dict[str, str | int | None]:
    """What names a target in a line."""
    return {
        "workspace": target.workspace_id,
        "post": target.post_id,
        "target": target.id,
        "attempt": target.attempts,
        "trace_id": target.trace_id,
    }


def ids_of(post: "Post") -> dict[str, str | None]:
    """What names a post in a line."""
    return {"workspace": post.workspace_id, "post": post.id, "trace_id": post.trace_id}


def _known(ids: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**_bound.get(), **{name: one for name, one in ids.items() if one is not None}}


def line(event: str, **facts: Any) -> None:
    """Say that something happened, with what the thread's lines are about. Never what people wrote, nor a secret.

    What is None is left out.
    """
    said = {name: one for name, one in facts.items() if one is not None}
    say(loggable({"event": event, **_bound.get(), **said}))


def of(target: "Target", event: str | None = None, **facts: Any) -> None:
    """Say what became of a target: by default the newest line of its timeline.

    The line belongs to the target's own trace. That of the request that moved it stands beside it, where it is another.
    """
    event = event or (target.events[-1].type if target.events else str(target.state))
    mover = trace_id() if target.trace_id else None
    line(event, **ids(target), **facts, by_trace_id=mover if mover != target.trace_id else None)


class Group(NamedTuple):
    """Metrics that are kept apart in the same ways."""

    values: Mapping[str, float | Sequence[float]]
    """By the metric's name, which ends in its unit; several where it was measured several times, at most 100."""
    by: Sequence[Sequence[str]]
    """Sets of facts. Each set with values of its own is a metric of its own, and costs like one."""


def measured(at: datetime, facts: Mapping[str, Any], *groups: Group) -> None:
    """Have CloudWatch measure values, in its embedded metric format, without a call:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

    Facts are in the line for whoever searches the logs; they are dimensions only where a group says so.
    """
    directives = [
        {
            "Namespace": NAMESPACE,
            "Dimensions": [sorted(one) for one in group.by],
            "Metrics": [{"Name": name, "Unit": _unit(name)} for name in sorted(group.values)],
        }
        for group in groups
    ]
    measures = {"Timestamp": round(at.timestamp() * 1000), "CloudWatchMetrics": directives}
    values = {name: value for group in groups for name, value in group.values.items()}
    shown = loggable({name: one for name, one in {**_bound.get(), **facts}.items() if one is not None})
    say({"_aws": measures, **shown, **values})


def _unit(name: str) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "None")


def say(said: Mapping[str, Any]) -> None:
    """Write one line, as of now. What cannot be said is left unsaid: nothing fails because of it."""
    with suppress(Exception):
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        sys.stdout.write(json.dumps({"at": at, **said}) + "\n")
        sys.stdout.flush()


def install(logger: logging.Logger | None = None) -> None:
    """Have what is logged come out as lines, too, in place of how Lambda would write it."""
    logger = logger or logging.getLogger()
    logger.handlers[:] = [_Lines()]
    logging.getLogger("chalicelib").setLevel(logging.INFO)


class Failed(Exception):
    """The invocation failed; a line says how."""


def unbroken(event: Any, go_on: Callable[[Any], Any]) -> Any:
    """What an invocation answers. Where it fails, a line says so, and Lambda is told no more than of what kind the
    failure was: it would write its words as they are."""
    try:
        return go_on(event)
    except Exception as failure:
        logging.getLogger(__name__).exception("invocation_failed")
        raise Failed(type(failure).__name__) from None


class _Lines(logging.Handler):
    """A record of Python's logging as a line: the message is the event, and `extra` its facts."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):
            extra = {name: one for name, one in vars(record).items() if name not in _STANDARD}
            facts = {"level": record.levelname.lower(), "logger": record.name, **_bound.get(), **extra}
            failure = record.exc_info[1] if record.exc_info else None
            failed = {"failure": chain(failure)} if failure else {}
            say({**loggable({"event": record.getMessage(), **facts}), **failed})


_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})


def chain(failure: BaseException | None) -> list[dict[str, Any]]:
    """A failure and what it came from: of what kind each is, and the way to where it began, without its words."""
    found = list[dict[str, Any]]()
    while failure and len(found) < FRAMES:
        said = loggable(str(failure)) if isinstance(failure, SPEAK) else getattr(failure, "code", None)
        shown = {"said": said} if isinstance(said, str) else {}
        found.append({"kind": type(failure).__name__, **loggable(shown), "way": _way(failure.__traceback__)})
        failure = failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__)
    return found


def _way(traceback: TracebackType | None) -> list[str]:
    way = list[str]()
    while traceback:
        code = traceback.tb_frame.f_code
        way.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return way[-FRAMES:]
