"""What a measurement says, beside what was hoped for."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report: what was measured, the figure with its unit, the goal, and whether it is met."""

    what: str
    value: str
    goal: str = ""
    met: bool | None = None
    """None where there is no goal."""

    @property
    def verdict(self) -> str:
        """The last word of the line."""
        return "" if self.met is None else "ok" if self.met else "MISSED"


def at_most(what: str, value: float, limit: float, unit: str) -> Figure:
    """A figure that should not be above a limit."""
    return Figure(what, shown(value, unit), f"≤ {shown(limit, unit)}", value <= limit)


def shown(value: float, unit: str) -> str:
    """A number with its unit, to three digits or to the whole."""
    return f"{value:,.0f} {unit}" if abs(value) >= 100 or value == int(value) else f"{value:.3g} {unit}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that this many percent of them do not exceed."""
    return sorted(values)[max(ceil(len(values) * percent / 100) - 1, 0)]


def table(figures: Sequence[Figure]) -> str:
    """The figures in aligned columns."""
    rows = [(one.what, one.value, one.goal, one.verdict) for one in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = (
        f"  {what:<{widths[0]}}  {value:>{widths[1]}}  {goal:>{widths[2]}}  {verdict}"
        for what, value, goal, verdict in rows
    )
    return "\n".join(line.rstrip() for line in lines)
