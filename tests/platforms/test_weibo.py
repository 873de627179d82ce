"""What Weibo alone does: an error code that is none, addresses of posts, options."""

import pytest

from chalicelib.core.conversation import Reply
from chalicelib.core.errors import Invalid
from chalicelib.platforms import platform
from tests.platforms.cases import load, run

WEIBO = platform("weibo")
ONE_POST = next(case for case in load("publish") if case.platform == "weibo")


def test_posted_but_shown_later_is_neither_refused_nor_done_so_that_the_post_is_looked_up() -> None:
    late = Reply(400, {}, b'{"error": "sync delayed", "error_code": 20032}')
    assert WEIBO.refusal(late) is None
    with pytest.raises(KeyError, match="id"):
        run(ONE_POST.start(), [late])


@pytest.mark.parametrize(
    ("options", "codes"),
    [({}, []), ({"ip": "203.0.113.9"}, []), ({"ip": "home"}, ["invalid_option"]), ({"at": 1}, ["unknown_option"])],
)
def test_the_options_are_the_authors_address(options: dict[str, object], codes: list[str]) -> None:
    assert [issue.code for issue in WEIBO.check_options(options)] == codes


@pytest.mark.parametrize("wrong", [{"ip": "home"}, {"pictures": "12"}, {"pictures": "many"}])
def test_what_a_person_says_of_an_app_is_checked(wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        next(WEIBO.connect("", {"access_token": "2.00", **wrong}))


def test_what_a_person_says_of_an_app_changes_the_rules() -> None:
    told = next(case for case in load("connect") if case.platform == "weibo" and "limits" in case.about["connected"])
    rules = WEIBO.rules.with_limits(told.about["connected"]["limits"])
    assert (rules.links.domains, rules.image.count) == (("carillon.example", "tower.example"), 9)
