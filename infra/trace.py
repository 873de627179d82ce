"""`python -m infra.trace POST [--stage prod]`: a post's whole life by the logs, from the API call to what people did.

Of the service that `make run` runs; of a stage in AWS it says how to ask CloudWatch Logs Insights for the same.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local import STAGE
from infra.redrive import NoService, stack_of

SHOWN_APART = frozenset({"at", "event", "workspace", "post", "trace_id", "level", "logger"})
"""Facts that have a place of their own in what is printed."""


@dataclass(frozen=True)
class Line:
    """One line of a function's log."""

    function: str
    said: dict[str, Any]

    @property
    def post(self) -> str | None:
        """The post that it is about."""
        return self.said.get("post")

    @property
    def traces(self) -> set[str]:
        """The trace that it belongs to, and that of who had it happen."""
        return {self.said[name] for name in ("trace_id", "by_trace_id") if name in self.said}


def life(logs: Any, stage: str, post_id: str) -> list[Line]:
    """Everything that a stage's logs say of a post, in order: what names it, and what its traces say of no other."""
    named = [line for line in saying(logs, stage, post_id) if line.post == post_id]
    traced = [line for trace in sorted(_traces(named)) for line in saying(logs, stage, trace)]
    whole = {json.dumps(one.said): one for one in [*named, *traced] if one.post in (post_id, None)}
    return sorted(whole.values(), key=lambda one: str(one.said["at"]))


def _traces(lines: Iterable[Line]) -> set[str]:
    return set[str]().union(*(line.traces for line in lines))


def saying(logs: Any, stage: str, word: str) -> Iterator[Line]:
    """The lines of all functions that hold a word, without those that only measure."""
    place = f"/carillon/{stage}/"
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=place)
        for group in page["logGroups"]
    ]
    for group in groups:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=f'"{word}"'):
            for event in page["events"]:
                said = read(event["message"])
                if said and "_aws" not in said:
                    yield Line(group.removeprefix(place), said)


def read(message: str) -> dict[str, Any] | None:
    """What a line of ours says; None of what Lambda itself wrote."""
    try:
        said = json.loads(message)
    except ValueError:
        return None
    return said if isinstance(said, dict) and "at" in said else None


def told(lines: list[Line], post_id: str) -> str:
    """The life as people read it."""
    if not lines:
        return f"The logs say nothing of {post_id}: is it of this service, and not older than the logs are kept?"
    workspace = next((line.said["workspace"] for line in lines if "workspace" in line.said), "?")
    own = next((line.said.get("trace_id") for line in lines if line.post), None)
    head = [f"{post_id} of {workspace}", f"trace {own}" if own else "made before there were traces", ""]
    return "\n".join([*head, *_rows(lines, own)])


def _rows(lines: list[Line], own: str | None) -> Iterator[str]:
    day = ""
    for line in lines:
        date, _, time = str(line.said["at"]).rstrip("Z").partition("T")
        if date != day:
            day = date
            yield f"{date}, UTC"
        facts = {name: value for name, value in line.said.items() if name not in SHOWN_APART}
        other = {"trace": line.said["trace_id"]} if line.said.get("trace_id", own) != own else {}
        said = ", ".join(f"{name} {_shown(value)}" for name, value in {**facts, **other}.items())
        yield f"{time}  {line.function:<10} {line.said.get('event', '?'):<14} {said}".rstrip()


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def question(stage: str, post_id: str) -> str:
    """How to have CloudWatch Logs Insights tell the same."""
    return f"""In CloudWatch Logs Insights, choose the log groups /carillon/{stage}/* and ask:

  fields @timestamp, @log, event, target, attempt, status, code, lateness_ms, @message
  | filter post = "{post_id}" or trace_id = "TRACE"
  | sort @timestamp asc
  | limit 10000

TRACE is the `trace_id` of GET /v1/posts/{post_id}: the request's own line, which names no post, is under it as well."""


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("post")
    parser.add_argument("--stage")
    asked = parser.parse_args()
    if asked.stage:
        print(question(asked.stage, asked.post))
        return
    try:
        print(told(life(stack_of(None).client("logs"), STAGE, asked.post), asked.post))
    except (NoService, ClientError, BotoCoreError) as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
