"""Public holidays of countries, and the festivals of the Chinese lunar calendar.

They come from the package `holidays` (https://github.com/vacanza/holidays, MIT). It is imported when a plan names a
calendar, so that no cold start waits for it; functions that may meet one find it in a layer of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

LUNAR = "lunar"
"""The country of what is kept wherever the Chinese calendar is: festivals that need be nobody's public holiday."""
FESTIVALS = {
    "laba": "Laba Festival",
    "new_year_eve": "Lunar New Year's Eve",
    "new_year": "Lunar New Year",
    "lantern": "Lantern Festival",
    "qingming": "Qingming Festival",
    "dragon_boat": "Dragon Boat Festival",
    "qixi": "Qixi Festival",
    "mid_autumn": "Mid-Autumn Festival",
    "double_ninth": "Double Ninth Festival",
    "winter_solstice": "Winter Solstice",
}
"""By the name that a plan gives as `subdivision` where it means one alone."""
LANGUAGE = "en_US"
SOME_YEARS = range(2024, 2028)
"""Whoever has make-up working days at all had one in these."""

TABLES = {
    "qixi": "08-29 08-19 08-08 08-26 08-16 08-05 08-24 08-12 08-01 08-20 08-10 08-28 08-17 08-07 08-26 08-14",
    "laba": "01-07 01-26 01-15 01-04 01-22 01-11 01-01 01-20 01-08 01-27 01-16 01-05 01-23 01-12 01-02 01-21",
}
"""The seventh day of the seventh month and the eighth of the twelfth, of 2025 to 2040: what the package cannot tell.
Computed with lunar_python 1.4.8 (MIT) on 2026-11-23; the tests hold them against the moon."""
FIRST_TOLD = 2025


@dataclass(frozen=True, slots=True)
class Calendar:
    """One year of a country, or of a part of it."""

    holidays: Mapping[date, str]
    """Names by day; several of one day are joined by `; `."""
    workdays: frozenset[date]
    """Days of a weekend on which people work, to make up for a holiday beside one."""


@lru_cache(maxsize=512)
def calendar(country: str, subdivision: str | None, year: int) -> Calendar:
    """The calendar of a year; LookupError where there is no such country or subdivision."""
    return _lunar(subdivision, year) if country == LUNAR else _public(country, subdivision, year)


def is_known(country: str, subdivision: str | None = None) -> bool:
    """Whether there is such a calendar."""
    try:
        return bool(calendar(country, subdivision, SOME_YEARS[0]))
    except LookupError:
        return False


def makes_up(country: str, subdivision: str | None) -> bool:
    """Whether the calendar ever has working days at a weekend."""
    return any(calendar(country, subdivision, year).workdays for year in SOME_YEARS)


def _public(country: str, subdivision: str | None, year: int) -> Calendar:
    import holidays

    try:
        found = holidays.country_holidays(country, subdiv=subdivision, years=year, expand=False, language=LANGUAGE)
    except NotImplementedError as unknown:
        raise LookupError(str(unknown)) from unknown
    workdays = frozenset(day for day in found.weekend_workdays if day.year == year)
    return Calendar({day: name for day, name in found.items() if day.year == year}, workdays)


def _lunar(festival: str | None, year: int) -> Calendar:
    if festival is not None and festival not in FESTIVALS:
        raise LookupError(f"there is no festival {festival!r}; there are {', '.join(FESTIVALS)}")
    wanted = [festival] if festival else list(FESTIVALS)
    days = _festival_days(year)
    return Calendar({days[one]: FESTIVALS[one] for one in wanted if one in days}, frozenset())


def _festival_days(year: int) -> dict[str, date]:
    from holidays.calendars.chinese import _ChineseLunisolar

    moon = _ChineseLunisolar()
    found = {name: getattr(moon, f"{name}_date")(year)[0] for name in ("dragon_boat", "mid_autumn", "double_ninth")}
    found |= {name: getattr(moon, f"{name}_date")(year)[0] for name in ("qingming", "winter_solstice")}
    if new_year := moon.lunar_new_year_date(year)[0]:
        days = {"new_year_eve": -1, "new_year": 0, "lantern": 14}
        found |= {name: new_year + timedelta(days=offset) for name, offset in days.items()}
    for name, table in TABLES.items():
        if 0 <= year - FIRST_TOLD < len(table.split()):
            found[name] = date.fromisoformat(f"{year}-{table.split()[year - FIRST_TOLD]}")
    return {name: day for name, day in found.items() if day}
