"""How early a target begins: by its media, and by what its network does with them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.lead import ALL, LEAST, LONGEST, Intake, lead
from chalicelib.core.post import Media
from chalicelib.core.target import Policy
from chalicelib.platforms import names, platform
from chalicelib.platforms.base import Platform
from chalicelib.service.schedule import MAX_DELAY_SECONDS

DAY = timedelta(days=1)
BOTH = Intake(ALL, ALL)
SENT, WORKED_ON = Intake(sent=ALL), Intake(worked_on=ALL)
MEDIA = st.lists(
    st.builds(
        Media, url=st.just("https://example.com/1"), kind=st.sampled_from(sorted(ALL)), bytes=st.integers(1, 10**9)
    ),
    max_size=5,
)
INTAKES = st.builds(Intake, st.frozensets(st.sampled_from(sorted(ALL))), st.frozensets(st.sampled_from(sorted(ALL))))


def film(size: int | None) -> Media:
    return Media(url="https://example.com/film.mp4", kind="video", bytes=size)


@pytest.mark.parametrize(
    ("media", "intake", "seconds"),
    [
        ([], BOTH, 0),
        ([film(100_000_000)], Intake(), 0),
        ([film(100_000_000)], Intake(sent=frozenset({"image"})), 0),
        ([film(100_000_000)], SENT, 100),
        ([film(100_000_000)], WORKED_ON, 160),
        ([film(100_000_000)], BOTH, 260),
        ([film(None)], BOTH, 260),
        ([film(4_000_000_000)], BOTH, 840),
        ([film(1), film(1)], WORKED_ON, 121),
        ([Media(url="https://example.com/1.jpg", bytes=900_000)], SENT, 0),
    ],
)
def test_a_lead_is_the_time_to_send_media_and_to_have_them_worked_on(
    media: list[Media], intake: Intake, seconds: int
) -> None:
    assert lead(media, intake, DAY) == timedelta(seconds=seconds)


@given(MEDIA, INTAKES, st.timedeltas(timedelta(minutes=1), DAY))
def test_a_lead_is_none_or_worth_it_and_never_longer_than_its_bounds(
    media: list[Media], intake: Intake, kept: timedelta
) -> None:
    needed = lead(media, intake, kept)
    assert not needed or LEAST <= needed <= min(LONGEST, kept / 2)


@given(MEDIA, INTAKES, st.data())
def test_more_media_never_have_a_shorter_lead(media: list[Media], intake: Intake, data: st.DataObject) -> None:
    fewer = media[: data.draw(st.integers(0, len(media)))]
    assert lead(fewer, intake, DAY) <= lead(media, intake, DAY)


def test_what_rests_after_the_longest_lead_can_still_rest_on_the_queue() -> None:
    assert Policy().arm < LEAST
    assert timedelta(seconds=MAX_DELAY_SECONDS) > LONGEST


@pytest.mark.parametrize("name", names())
def test_every_network_says_what_it_takes_of_media_that_it_allows(name: str) -> None:
    network = platform(name)
    allowed = {kind for kind in ALL if getattr(network.rules, kind).count != 0}
    named = network.intake.sent | network.intake.worked_on
    assert network.intake.sent == ALL or named <= allowed
    assert network.publishing == "api" or network.intake == Platform.intake


@pytest.mark.parametrize("name", ["youtube", "x", "tiktok", "linkedin", "mastodon", "instagram", "bilibili"])
def test_a_film_of_a_hundred_megabytes_begins_minutes_early(name: str) -> None:
    assert lead([film(100_000_000)], platform(name).intake, DAY) >= timedelta(seconds=100)


@pytest.mark.parametrize("name", ["telegram", "discord", "devto", "dingtalk"])
def test_what_a_network_fetches_or_is_sent_with_the_post_itself_needs_no_lead(name: str) -> None:
    assert not lead([film(100_000_000)], platform(name).intake, DAY)
