"""`python -m infra.capacity [NAME=VALUE …]`: how late very many targets go out that are due at once, by AWS's quotas.

A simulation of this product, not of services in general: one alarm wakes one dispatcher, which queues the targets of
its minute shard by shard; a queue's pollers hand them to publishers, ten at a time; each gets ready up to four seconds
early, waits for the instant, and writes to one table and its index. Nothing here is measured in AWS: quotas are what
AWS says, durations are assumptions, and each has its name, so that another can be put in its place. Networks' own
limits are left out: they are by account, and no account posts a million times a minute.
"""

import json
import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from heapq import heapreplace
from itertools import count
from pathlib import Path
from statistics import NormalDist

from chalicelib.ports import Settings
from chalicelib.service.records import SHARDS
from chalicelib.service.schedule import POLICY
from infra import cost

PAGE = Path(__file__).resolve().parent.parent / "docs" / "capacity.md"
DOCS = "https://docs.aws.amazon.com"
VCPU_MB = 1769
"""Memory that comes with a whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html."""
SEED = 1
SIMULATED = 20_000
"""Targets; more would take longer and say the same."""
NORMAL = NormalDist()
SHARED = (
    *("targets", "concurrency", "environments_in_ten_seconds", "pollers_at_first", "pollers_a_minute"),
    *("pollers_at_most", "table_writes", "table_writes_at_most", "partition_writes", "kms_requests"),
    *("dispatch_threads", "dispatch_mb"),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the simulation depends on. Rates are a second unless they say otherwise."""

    targets: float = 1_000_000
    spread_seconds: float = 0.0
    # What AWS allows
    concurrency: float = 1000
    environments_in_ten_seconds: float = 1000
    pollers_at_first: float = 5
    pollers_a_minute: float = 300
    pollers_at_most: float = 1250
    table_writes: float = 4000
    table_writes_at_most: float = 40_000
    partition_writes: float = 1000
    kms_requests: float = 10_000
    alarm_late_seconds: float = 30.0
    # How the product is
    lead_seconds: float = float(Settings().alarm_lead_seconds)
    arm_seconds: float = POLICY.arm.total_seconds()
    shards: float = float(SHARDS)
    batch: float = 10
    dispatch_threads: float = 10
    dispatch_mb: float = 512
    writes: float = 9
    shard_writes: float = 2
    kms_share: float = 0.1
    # Assumptions
    send_seconds: float = 0.012
    send_cpu_seconds: float = 0.0025
    own_seconds: float = 0.5
    cold_seconds: float = 1.0
    network_seconds: float = 0.4
    network_sigma: float = 0.6


ABOUT: dict[str, tuple[str, str]] = {
    "targets": ("due in one minute", "asked"),
    "spread_seconds": ("over which they are due; 0 is one instant, the worst", "asked"),
    "concurrency": (
        "invocations at once that Publish may have: the account's, shared with all functions",
        f"{DOCS}/lambda/latest/dg/gettingstarted-limits.html",
    ),
    "environments_in_ten_seconds": (
        "new containers of one function in ten seconds",
        f"{DOCS}/lambda/latest/dg/scaling-behavior.html",
    ),
    "pollers_at_first": (
        "batches that a queue hands out at once",
        f"{DOCS}/lambda/latest/dg/services-sqs-scaling.html",
    ),
    "pollers_a_minute": ("more of them each minute", f"{DOCS}/lambda/latest/dg/services-sqs-scaling.html"),
    "pollers_at_most": ("and no more", f"{DOCS}/lambda/latest/dg/services-sqs-scaling.html"),
    "table_writes": (
        "write units that a new table, paid by request, has at once",
        f"{DOCS}/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html",
    ),
    "table_writes_at_most": (
        "write units of one table",
        f"{DOCS}/amazondynamodb/latest/developerguide/ServiceQuotas.html",
    ),
    "partition_writes": (
        "write units of one partition, in an index, too",
        "https://repost.aws/knowledge-center/on-demand-table-throttling-dynamodb",
    ),
    "kms_requests": (
        "decryptions; more in large regions (from memory)",
        f"{DOCS}/kms/latest/developerguide/requests-per-second.html",
    ),
    "alarm_late_seconds": (
        "an alarm rings within its minute (from memory): half of that",
        f"{DOCS}/scheduler/latest/UserGuide/schedule-types.html",
    ),
    "lead_seconds": ("how long before its minute an alarm rings", "AlarmLeadSeconds"),
    "arm_seconds": ("how early a publisher gets ready", "chalicelib/core/target.py"),
    "shards": ("of the index of what is open", "chalicelib/service/records.py"),
    "batch": ("targets of one invocation", "app.py"),
    "dispatch_threads": ("shards that are queued side by side", "chalicelib/aws/events.py"),
    "dispatch_mb": ("of the dispatcher", ".chalice/config.json"),
    "writes": ("write units of publishing a target", "infra/counted.json"),
    "shard_writes": ("of these, in one shard of the index", "chalicelib/service/records.py"),
    "kms_share": ("decryptions of a target: one a batch, where its workspaces are known", "assumption"),
    "send_seconds": ("for a batch of ten to reach the queue", "assumption"),
    "send_cpu_seconds": ("of a whole processor for it", "assumption"),
    "own_seconds": ("an invocation takes beside waiting and the network", "infra/cost.py"),
    "cold_seconds": ("for a container to start", "assumption"),
    "network_seconds": ("a network takes to answer, median", "assumption"),
    "network_sigma": ("the scatter of its logarithm: 1 in 100 takes four times as long", "assumption"),
}
"""What each is, and where it was read (2026-11-23) or stands."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulation says: seconds of lateness, seconds until all were out, and what was the narrowest."""

    p50: float
    p95: float
    p99: float
    drained: float
    narrowest: str


def facts(**chosen: float) -> Facts:
    """The product as it is built, with what was counted of it, but for what is `chosen`."""
    found = {
        "dispatch_mb": cost.memory("dispatch") * 1024,
        "writes": cost.counted()["publish"]["write"],
        "own_seconds": cost.OPERATIONS["publish"].seconds,
        "batch": float(cost.OPERATIONS["publish"].share),
    }
    return Facts(**found | chosen)


def dispatched_a_second(known: Facts) -> float:
    """How many targets a second are put on the queue: as fast as its threads wait, or its processor works."""
    waiting = known.dispatch_threads / known.send_seconds
    working = known.dispatch_mb / VCPU_MB / known.send_cpu_seconds
    return 10 * min(waiting, working)


def written_a_second(known: Facts) -> dict[str, float]:
    """How many targets a second what they share lets through, by what it is."""
    return {
        "the table's write units": min(known.table_writes, known.table_writes_at_most) / known.writes,
        "partitions of the index": known.shards * known.partition_writes / known.shard_writes,
        "KMS": known.kms_requests / known.kms_share,
    }


def publishers(known: Facts, first: float) -> list[float]:
    """When each publisher that there can be takes its first batch, of a queue that has work from `first` on."""
    most = int(min(known.concurrency, known.pollers_at_most))
    return [first + _wait(known, number) for number in range(most)]


def _wait(known: Facts, number: int) -> float:
    more = max(number + 1 - known.pollers_at_first, 0)
    return max(more * 60 / known.pollers_a_minute, number * 10 / known.environments_in_ten_seconds)


def simulate(known: Facts, seed: int = SEED) -> Outcome:
    """Every batch, one after the other as they become visible. Seconds count from the first due instant.

    Of very many, a part is simulated, with that part of everything that they share: it takes as long.
    """
    found = narrowest(known)
    known = _smaller(known, max(1.0, known.targets / SIMULATED))
    dice, rate = random.Random(seed), dispatched_a_second(known)  # noqa: S311
    shared = min(written_a_second(known).values())
    begun = known.alarm_late_seconds - known.lead_seconds
    first = max(-known.arm_seconds, begun + known.batch / rate)
    free = publishers(known, first)  # sorted, and so a heap
    cold = set(free)
    late, last, turn = list[float](), 0.0, -math.inf
    for number, due in _batches(known):
        visible = max(begun + number * known.batch / rate, math.ceil(due - known.arm_seconds))
        taken = max(free[0], visible)
        ready = taken + known.own_seconds / 2 + (known.cold_seconds if free[0] in cold else 0)
        turn = max(turn + known.batch / shared, ready)
        fired = max(due, turn)
        slowest, one = _answer(known, dice, known.batch), _answer(known, dice, 1)
        heapreplace(free, fired + known.own_seconds / 2 + slowest)
        late.append(fired + one - due)
        last = max(last, fired + slowest)
    late.sort()
    p50, p95, p99 = (late[math.ceil(len(late) * percent / 100) - 1] for percent in (50, 95, 99))
    return Outcome(p50, p95, p99, last, found)


def _smaller(known: Facts, times: float) -> Facts:
    """So many times less of everything that a target shares with others."""
    return replace(known, **{name: getattr(known, name) / times for name in SHARED})


def _batches(known: Facts) -> Iterator[tuple[int, float]]:
    """Each batch by its number, and when it is due."""
    many = math.ceil(known.targets / known.batch)
    return ((number, number * known.spread_seconds / many) for number in range(many))


def _answer(known: Facts, dice: random.Random, of: float) -> float:
    """How long the slowest of so many answers takes."""
    return known.network_seconds * math.exp(known.network_sigma * NORMAL.inv_cdf(dice.random() ** (1 / of)))


def narrowest(known: Facts) -> str:
    """What takes longest to let all of them through, were it alone."""
    alone = {what: known.targets / rate for what, rate in written_a_second(known).items()}
    begun = known.lead_seconds - known.alarm_late_seconds
    alone["the dispatcher"] = known.targets / dispatched_a_second(known) - begun
    alone["publishers at once"] = _published_alone(known)
    alone["the network's answer"] = known.network_seconds + known.spread_seconds
    return max(alone, key=lambda what: alone[what])


def _published_alone(known: Facts) -> float:
    """Seconds until so many publishers, as fast as they may grow in number, had sent everything."""
    slowest = known.network_seconds * math.exp(known.network_sigma * NORMAL.inv_cdf(0.5 ** (1 / known.batch)))
    batches, takes = known.targets / known.batch, known.own_seconds + slowest
    starts = publishers(known, 0.0)
    for second in count(1):
        done = sum(max(0.0, second - start) / takes for start in starts)
        if done >= batches:
            return float(second)
    raise AssertionError("counting never ends")


Chosen = dict[str, float]
WARM: Chosen = {"table_writes": 40_000}
AHEAD: Chosen = {**WARM, "lead_seconds": 600}
LARGE: Chosen = {**AHEAD, "dispatch_mb": 1769}
POLLED: Chosen = {**LARGE, "pollers_at_first": 200, "pollers_a_minute": 1000, "pollers_at_most": 20_000}
MANY: Chosen = {**POLLED, "concurrency": 3000}
WIDE: Chosen = {**MANY, "table_writes": 160_000, "table_writes_at_most": 160_000, "shards": 64}
READY: Chosen = {**WIDE, "pollers_at_first": 2000}
SCENARIOS: dict[str, Chosen] = {
    "1,000 at one instant": {"targets": 1000},
    "10,000": {"targets": 10_000},
    "100,000": {"targets": 100_000},
    "**1,000,000, a new table, no quota raised**": {},
    "the same, due over the minute and not at once": {"spread_seconds": 60},
    "1. the table warmed to 40,000 write units": WARM,
    "as 1, with a dispatcher that queues one by one (before 2026-11-23)": {**WARM, "dispatch_threads": 1},
    "2. alarms ten minutes ahead (`AlarmLeadSeconds=600`), too": AHEAD,
    "3. a dispatcher of 1,769 MB, too": LARGE,
    "4. 20 pollers provisioned, of ten batches each, too": POLLED,
    "5. 3,000 invocations at once, too": MANY,
    "6. 160,000 write units, and 64 shards (a change of ours), too": WIDE,
    "7. 200 pollers provisioned, too": READY,
}
"""What the page shows: first what is there, then what each step buys, on top of those above it."""


def table(rows: dict[str, Chosen]) -> str:
    """The scenarios and what came of each, in Markdown."""
    lines = ["| | p50 | p95 | p99 | all out after | narrowest |", "|---|---|---|---|---|---|"]
    for what, chosen in rows.items():
        found = simulate(facts(**chosen))
        times = " | ".join(map(_shown, (found.p50, found.p95, found.p99, found.drained)))
        lines.append(f"| {what} | {times} | {found.narrowest} |")
    return "\n".join(lines)


def assumptions() -> str:
    """Every fact, its value, and where it is from, in Markdown."""
    lines = ["| name | value | what it is | where from |", "|---|---|---|---|"]
    known = facts()
    for name, (about, source) in ABOUT.items():
        place = f"[AWS]({source})" if source.startswith("http") else f"`{source}`" if "." in source else source
        lines.append(f"| `{name}` | {getattr(known, name):,g} | {about} | {place} |")
    return "\n".join(lines)


def _shown(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:,.0f} s"


def with_tables(page: str) -> str:
    """The page with its tables as they are now."""
    made = {"scenarios": table(SCENARIOS), "assumptions": assumptions()}
    for name, text in made.items():
        begin, end = f"<!-- {name}: `python -m infra.capacity page` -->\n", "\n<!-- end -->"
        before, _, rest = page.partition(begin)
        page = before + begin + text + end + rest.partition(end)[2]
    return page


def main(words: Sequence[str]) -> int:
    """Print what was asked for, or write the page's tables."""
    if list(words) == ["page"]:
        PAGE.write_text(with_tables(PAGE.read_text()))
        return 0
    names = {one.name for one in fields(Facts)}
    given = dict(word.partition("=")[::2] for word in words)
    try:
        chosen = {name: float(value) for name, value in given.items()}
    except ValueError as wrong:
        sys.exit(f"NAME=VALUE, where a value is a number: {wrong}")
    if unknown := sorted(chosen.keys() - names):
        sys.exit(f"there is no {', '.join(unknown)}; there are {', '.join(sorted(names))}")
    print(table({"1,000,000, no quota raised": {}, **({json.dumps(given): chosen} if chosen else {})}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
