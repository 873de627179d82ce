"""What is wrong with a plan: everything at once."""

from collections.abc import Iterator, Sequence

from chalicelib.core.business_hours import WEEKDAYS
from chalicelib.core.calendar import FESTIVALS, LUNAR, is_known, makes_up
from chalicelib.core.errors import Issue
from chalicelib.core.plan import Holidays, Plan
from chalicelib.core.timing import zone


def faults(plan: Plan) -> list[Issue]:
    """Every fault, with its path; none where the plan can hold."""
    return [*_of_timezone(plan), *_of_goal(plan), *_of_days(plan), *_of_blackouts(plan), *_of_holidays(plan)]


def _of_timezone(plan: Plan) -> Iterator[Issue]:
    try:
        zone(plan.timezone)
    except ValueError as unknown:
        yield _fault("unknown_timezone", "timezone", str(unknown))


def _of_goal(plan: Plan) -> Iterator[Issue]:
    if plan.goal.least < 0:
        yield _fault("negative_goal", "goal.least", "cannot be less than none")
    if plan.goal.most < plan.goal.least:
        yield _fault("most_below_least", "goal.most", f"must be {plan.goal.least} or more, as `least` is")
    if plan.mix and not sum(plan.mix.values()) > 0:
        yield _fault("empty_mix", "mix", "gives no platform a share: leave it out, or give one more than 0")
    for name, share in plan.mix.items():
        if share < 0:
            yield _fault("negative_share", f"mix.{name}", "cannot be less than none")


def _of_days(plan: Plan) -> Iterator[Issue]:
    yield from _doubles("doubled_day", "skip_days", plan.skip_days)
    yield from _doubles("doubled_slot", "slots", [slot.label for slot in plan.slots])
    if set(plan.skip_days) == set(WEEKDAYS):
        yield _fault("never_open", "skip_days", "skips every day: nothing could ever go out")
    makes_up_somewhere = any(_may_make_up(each) for each in plan.holidays)
    for number, slot in enumerate(plan.slots):
        if slot.day in plan.skip_days and not makes_up_somewhere:
            said = f"the plan skips every {slot.day}, and names no calendar in which one may be a working day"
            yield _fault("slot_on_skipped_day", f"slots[{number}].day", said)


def _may_make_up(each: Holidays) -> bool:
    return (
        each.effect != "keep" and is_known(each.country, each.subdivision) and makes_up(each.country, each.subdivision)
    )


def _of_blackouts(plan: Plan) -> Iterator[Issue]:
    for number, black in enumerate(plan.blackouts):
        path = f"blackouts[{number}]"
        offsets = [name for name in ("start", "end") if getattr(black, name).tzinfo]
        for name in offsets:
            said = "is a time by the wall clock of the plan's `timezone`, and takes no offset"
            yield _fault("offset_not_wanted", f"{path}.{name}", said)
        if not offsets and black.end <= black.start:
            yield _fault("ends_too_early", f"{path}.end", "must be later than `start`")


def _of_holidays(plan: Plan) -> Iterator[Issue]:
    yield from _doubles("doubled_calendar", "holidays", [(each.country, each.subdivision) for each in plan.holidays])
    for number, each in enumerate(plan.holidays):
        yield from _of_calendar(each, f"holidays[{number}]")


def _of_calendar(each: Holidays, path: str) -> Iterator[Issue]:
    if not is_known(each.country):
        said = f"{each.country!r} is neither a country that we know, such as CN, nor {LUNAR!r}"
        yield _fault("unknown_country", f"{path}.country", said)
    elif not is_known(each.country, each.subdivision):
        known = f"; there are {', '.join(FESTIVALS)}" if each.country == LUNAR else ""
        said = f"{each.subdivision!r} is nothing that we know in {each.country}{known}"
        yield _fault("unknown_subdivision", f"{path}.subdivision", said)
    if each.effect == "raise" and each.extra < 1:
        yield _fault("nothing_raised", f"{path}.extra", "must be at least 1: by so much the goal rises")
    if each.effect != "raise" and each.extra:
        yield _fault("extra_without_raise", f"{path}.extra", f"means nothing with the effect {each.effect!r}")


def _doubles(code: str, path: str, names: Sequence[object]) -> Iterator[Issue]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield _fault(code, f"{path}[{number}]", "is there already")


def _fault(code: str, path: str, message: str) -> Issue:
    return Issue(code, "error", path, message)
