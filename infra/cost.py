"""`python -m infra.cost POSTS=1000 EVENTS=50000`: what a month of Carillon costs in AWS, and why.

What an operation asks of AWS was counted by the service's own code over fakes (infra/counted.json, written by
`python -m tests.counted`); how long a function runs is an assumption, stated here. Prices are list prices in US dollars
for us-east-1 without discounts. Traffic to the internet and media in S3 are not in it, nor the networks' own
fees: these come below the bill, for PAID=… messages without a link and PAID_LINKS=… with one.
"""

import json
import math
import re
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cache
from pathlib import Path

from chalicelib.platforms import names, platform

ROOT = Path(__file__).resolve().parent.parent
COUNTED = ROOT / "infra" / "counted.json"
PAGE = ROOT / "docs" / "cost.md"
CONFIG = ROOT / ".chalice" / "config.json"

HOURS = 730
MINUTES = HOURS * 60
MILLION = 1_000_000
GOAL = 5.0
"""Dollars for a million published targets."""
LOG_BYTES = 2000
"""Assumption: what an invocation logs, Lambda's own lines (about 400 bytes) included."""
CANARY = ("idle_canary", "minute", "publish", "idle_canary_told", "idle_sandbox")
"""What one of the canary's posts is: a run, its alarm, its way out, and what comes of it."""
A_MINUTE = 1000
"""Assumption: targets that fall into one minute where they come together."""
POLLS_OF_A_QUEUE = 5 * 3
"""A minute: Lambda's five pollers ask an idle queue every 20 seconds, from memory:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html."""

Units = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Price:
    """What a unit costs. `free` units a month are free for every account for ever, not only in its first year."""

    service: str
    unit: str
    dollars: float
    per: int
    free: float
    source: str


AWS = "https://aws.amazon.com"
PRICES = {
    "read": Price("DynamoDB", "read units", 0.125, MILLION, 0, f"{AWS}/dynamodb/pricing/on-demand/"),
    "write": Price("DynamoDB", "write units", 0.625, MILLION, 0, f"{AWS}/dynamodb/pricing/on-demand/"),
    "stored": Price("DynamoDB", "GB-months stored", 0.25, 1, 25, f"{AWS}/dynamodb/pricing/on-demand/"),
    "backed_up": Price("DynamoDB", "GB-months of recovery", 0.20, 1, 0, f"{AWS}/dynamodb/pricing/on-demand/"),
    "calls": Price("Lambda", "invocations", 0.20, MILLION, MILLION, f"{AWS}/lambda/pricing/"),
    "gb_seconds": Price("Lambda", "GB-seconds", 16.6667, MILLION, 400_000, f"{AWS}/lambda/pricing/"),
    "queue": Price("SQS", "requests", 0.40, MILLION, MILLION, f"{AWS}/sqs/pricing/"),
    "alarms": Price("EventBridge Scheduler", "invocations", 1.00, MILLION, 14 * MILLION, f"{AWS}/eventbridge/pricing/"),
    "gateway": Price("API Gateway", "REST requests", 3.50, MILLION, 0, f"{AWS}/api-gateway/pricing/"),
    "kms": Price("KMS", "requests", 0.03, 10_000, 20_000, f"{AWS}/kms/pricing/"),
    "keys": Price("KMS", "keys", 1.00, 1, 0, f"{AWS}/kms/pricing/"),
    "log_gb": Price("CloudWatch", "GB of logs", 0.50, 1, 5, f"{AWS}/cloudwatch/pricing/"),
    "watched": Price("CloudWatch", "metrics of alarms", 0.10, 1, 10, f"{AWS}/cloudwatch/pricing/"),
    "composed": Price("CloudWatch", "composite alarms", 0.50, 1, 0, f"{AWS}/cloudwatch/pricing/"),
    "metrics": Price("CloudWatch", "metrics", 0.30, 1, 10, f"{AWS}/cloudwatch/pricing/"),
    "dashboards": Price("CloudWatch", "dashboards", 3.00, 1, 3, f"{AWS}/cloudwatch/pricing/"),
}
"""Looked up 2026-11-23 in what others quote of these pages in 2026; see docs/cost.md."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that the service does: which function does it, and how long that takes beside what it waits."""

    about: str
    function: str
    seconds: float
    """Assumption."""
    calls: float = 1
    """Invocations where it comes alone; the stream's records are counted instead where there are any."""
    share: int = 1
    """How many share an invocation where they come together: the batch sizes in app.py."""
    queued: bool = False
    """Whether a queue wakes the function: a batch is one request to receive it and one to delete it."""


OPERATIONS = {
    "post": Operation("a post with one target, over HTTP", "api_handler", 0.15),
    "another_target": Operation("each further target of a post", "api_handler", 0.02, calls=0),
    "minute": Operation("a minute in which one target is due", "dispatch", 0.3),
    "another_in_the_minute": Operation("each further target in it", "dispatch", 0.005, calls=0),
    "publish": Operation("publishing a target", "publish", 0.5, share=10, queued=True),
    "tell": Operation("noticing what became of it", "tell", 0.05, share=100),
    "figures": Operation("its figures, six times in 30 days", "measure", 3.0, calls=0),
    "webhook": Operation("telling a webhook of an event", "deliver", 0.5, share=10, queued=True),
    "callback": Operation("a network's call", "callbacks", 0.03),
    "event": Operation("counting an event, alone", "ingest", 0.1, queued=True),
    "event_of_many": Operation("counting an event, one of a hundred", "ingest", 0.2, calls=1 / 100, queued=True),
    "score": Operation("scoring a workspace of one account", "score", 0.5, calls=0),
    "idle_sweep": Operation("a sweep, every minute", "sweep", 0.2),
    "idle_measure": Operation("looking for figures, every minute", "measure", 0.2),
    "idle_score": Operation("looking for scores, every hour", "score", 0.2),
    "idle_recur": Operation("looking for schedules, every hour", "recur", 0.2),
    "idle_canary": Operation("a canary's run, every five minutes", "canary", 0.3),
    "idle_canary_told": Operation("the records of the stream that it makes", "tell", 0.02),
    "idle_sandbox": Operation("the sandbox takes its post", "api_handler", 0.1),
}


@dataclass(frozen=True, slots=True)
class Load:
    """A month: what is asked of the service."""

    posts: int = 0
    targets: int = 3
    """Of a post."""
    events: int = 0
    """That networks call about."""
    webhooks: int = 0
    """Events of a target that webhooks are told."""
    workspaces: int = 1
    measured: int = 1
    """Whether networks are asked for figures."""
    paid: int = 0
    """Messages on networks that charge for them, without a link; each part of a thread is one."""
    paid_links: int = 0
    """The same with a link."""

    @property
    def published(self) -> int:
        """Targets."""
        return self.posts * self.targets


@cache
def counted() -> dict[str, dict[str, float]]:
    """What each operation was counted to use."""
    found: dict[str, dict[str, float]] = json.loads(COUNTED.read_text())
    return found


def used(name: str, *, together: bool = False) -> Counter[str]:
    """What is charged for one such operation, by unit; `together` with as many others as an invocation takes."""
    operation, asked = OPERATIONS[name], dict(counted()[name])
    share = operation.share if together else 1
    calls = asked.pop("records", operation.calls) / share
    seconds = operation.seconds * (calls or 1 / share) + asked.pop("seconds", 0) / share
    asked["kms"] = asked.get("kms", 0) / share
    asked["queue"] = asked.get("queue", 0) + (2 * calls if operation.queued else 0)
    more = {"calls": calls, "gb_seconds": seconds * memory(operation.function), "log_gb": calls * LOG_BYTES / 1e9}
    return _counter({**asked, **more})


@cache
def memory(function: str) -> float:
    """The GB that a function is given."""
    config = json.loads(CONFIG.read_text())["stages"]["aws"]["lambda_functions"]
    return float(config[function]["lambda_memory_size"]) / 1024


def publishing(load: Load, *, together: bool = False) -> Counter[str]:
    """What publishing a month's targets uses, from the call of the API to the record of what became of them."""
    minutes = math.ceil(load.published / A_MINUTE) if together else min(load.posts, MINUTES)
    many = {
        "post": load.posts,
        "another_target": load.published - load.posts,
        "minute": minutes,
        "another_in_the_minute": load.published - minutes,
        "publish": load.published,
        "tell": load.published,
    }
    return _sum(many, together)


def beside(load: Load, *, together: bool = False) -> Counter[str]:
    """What goes with it: figures, webhooks, events, scores, and what CloudWatch measures of one network."""
    many = {
        "figures": load.published * load.measured,
        "webhook": load.published * load.webhooks,
        "callback": load.events,
        "event_of_many" if together else "event": load.events,
        "score": min(load.posts + load.events, HOURS * load.workspaces),
    }
    said = counted()["metrics"]
    return _sum(many, together) + _counter({"metrics": said["all"] - said["idle"] if load.posts else 0})


def kept(load: Load) -> Counter[str]:
    """What a month's targets take in the table, each month that they are kept."""
    size = load.published * counted()["keep"]["bytes"] / 1e9
    return _counter({"stored": size, "backed_up": size})


def idle() -> Counter[str]:
    """What a month costs in which nothing happens."""
    looking = {"idle_sweep": MINUTES, "idle_measure": MINUTES, "idle_score": HOURS, "idle_recur": HOURS}
    looking |= dict.fromkeys(CANARY, MINUTES // 5)
    template = "".join(path.read_text() for path in sorted((ROOT / "infra").glob("*.yaml")))
    queues = len(re.findall(r"^@app\.on_sqs_message", (ROOT / "app.py").read_text(), re.MULTILINE))
    there = {
        "keys": _resources(template, "KMS::Key"),
        "watched": len(re.findall(r"^      MetricName:|\bMetricStat:", template, re.MULTILINE)),
        "composed": _resources(template, "CloudWatch::CompositeAlarm"),
        "dashboards": _resources(template, "CloudWatch::Dashboard"),
        "metrics": len(set(re.findall(r"MetricName: (\w+), MetricValue", template))) + counted()["metrics"]["idle"],
        "queue": queues * POLLS_OF_A_QUEUE * MINUTES,
    }
    return _sum(looking, together=False) + _counter(there)


def _resources(template: str, kind: str) -> int:
    return len(re.findall(rf"Type: \"?AWS::{kind}\b\"?\s*$", template, re.MULTILINE))


def _sum(many: Mapping[str, float], together: bool) -> Counter[str]:
    total = Counter[str]()
    for name, times in many.items():
        total += _counter({unit: units * times for unit, units in used(name, together=together).items()})
    return total


def _counter(units: Units) -> Counter[str]:
    counter = Counter[str]()
    counter.update(units)
    return counter


def dollars(units: Units, *, free: bool = False) -> float:
    """The price of it; `free` takes off what is free each month."""
    return sum(bill(units, free=free).values())


def bill(units: Units, *, free: bool = False) -> Counter[str]:
    """The price of it, by service."""
    total = Counter[str]()
    for unit, many in units.items():
        price = PRICES[unit]
        paid = max(0.0, many - price.free) if free else many
        total.update({price.service: paid * price.dollars / price.per})
    return total


def per_million(targets: int = 3, *, together: bool = False) -> float:
    """Dollars for publishing a million targets, in posts of so many each."""
    some = Load(posts=MILLION, targets=targets)
    return dollars(publishing(some, together=together)) * MILLION / some.published


def fees(load: Load) -> list[str]:
    """What the networks that charge for messages want for the month's, each as if all were there."""
    lines = []
    for name in sorted(names()):
        rules = platform(name).rules
        if rules.price.per_message is None:
            continue
        plain = Decimal(rules.price.per_message)
        linked = Decimal(rules.price.per_message_with_link or plain)
        source = rules.sources["price"]
        lines += [
            f"fees of {name}: {load.paid} messages at {plain} $ and {load.paid_links} with a link at {linked} $: "
            f"{load.paid * plain + load.paid_links * linked:.2f} $ ({source.url}, {source.checked})"
        ]
    return lines


def report(load: Load) -> str:
    """A month in words."""
    sparse, dense = (publishing(load, together=way) + beside(load, together=way) for way in (False, True))
    nothing, rest = idle(), kept(load)
    columns = [sparse + nothing, dense + nothing]
    services = sorted({price.service for price in PRICES.values()})
    lines = [f"{load.posts:,} posts, {load.published:,} published targets, {load.events:,} events a month, us-east-1"]
    lines += ["", f"{'':24}{'spread out':>12}{'together':>12}{'idle':>12}"]
    bills = [bill(units) for units in (*columns, nothing)]
    lines += [_line(service, *(one[service] for one in bills)) for service in services]
    lines += [_line("all, at list price", *(dollars(units) for units in (*columns, nothing)))]
    lines += [_line("after what is free", *(dollars(units, free=True) for units in (*columns, nothing)))]
    lines += [_line("kept, each month more", *[dollars(rest)] * 2, 0), ""]
    ways = {"spread out": False, "together": True}
    for way, together in ways.items():
        lines.append(_against_goal(way, per_million(load.targets, together=together)))
    return "\n".join([*lines, *fees(load)])


def _line(about: str, *amounts: float) -> str:
    return f"{about:24}" + "".join(f"{amount:>11.2f} $" for amount in amounts).replace(" $", "")


def _against_goal(way: str, cost: float) -> str:
    said = "within" if cost <= GOAL else f"{cost / GOAL:.1f} times"
    return f"a million published targets, {way}: {cost:.2f} $, {said} the goal of {GOAL:.0f} $"


BEGIN, END = "<!-- written by `python -m tests.counted` -->\n", "<!-- end -->\n"
COLUMNS = {"read": "read", "write": "write", "queue": "SQS", "kms": "KMS", "calls": "calls", "gb_seconds": "GB-s"}


def with_tables(page: str) -> str:
    """The page with its tables as they should be."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + tables() + END + rest.split(END)[1]


def tables() -> str:
    """What every operation uses where it comes alone, and what a million cost; then the price of publishing."""
    heads = ["Operation", *COLUMNS.values(), "$ a million", "together"]
    rows = [heads, ["---"] * len(heads), *(_row(name) for name in OPERATIONS)]
    text = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    goals = "".join(f"| {n} | {per_million(n):.2f} | {per_million(n, together=True):.2f} |\n" for n in (1, 3, 10))
    goal = f"| Targets of a post | $ a million, spread out | together |\n|---|---|---|\n{goals}"
    stays, size = dollars(kept(Load(posts=MILLION, targets=1))), counted()["keep"]["bytes"] / 1000
    said = f"A published target takes {size:.1f} KB of the table: ${stays:.2f} a month for a million that are kept."
    return f"{text}\n{goal}\n{said}\n\n{_idle_table()}"


def _idle_table() -> str:
    """A month in which nothing happens, dearest service first."""
    listed, paid = bill(idle()), bill(idle(), free=True)
    rows = [(service, amount, paid[service]) for service, amount in listed.most_common() if amount >= 0.005]
    rows.append(("all", sum(listed.values()), sum(paid.values())))
    cells = "".join(f"| {name} | {amount:.2f} | {rest:.2f} |\n" for name, amount, rest in rows)
    return f"| $ of a month in which nothing happens | at list price | after what is free |\n|---|---|---|\n{cells}"


def _row(name: str) -> list[str]:
    units = used(name)
    cells = [f"{units[unit]:g}" if units[unit] else "–" for unit in COLUMNS]
    costs = [dollars(used(name, together=way)) * MILLION for way in (False, True)]
    return [OPERATIONS[name].about, *cells, *(f"{cost:.2f}" for cost in costs)]


def load_of(words: list[str]) -> Load:
    """The load that words like `POSTS=1000` ask for; ValueError for any that is none."""
    names = {one.name.upper(): one.name for one in fields(Load)}
    given = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in names or not re.fullmatch(r"[0-9]{1,12}", value):
            raise ValueError(f"{word!r} is none of {', '.join(f'{one}=number' for one in names)}")
        given[names[name]] = int(value)
    return replace(Load(), **given)


if __name__ == "__main__":
    try:
        print(report(load_of(sys.argv[1:])))
    except ValueError as wrong:
        sys.exit(str(wrong))
