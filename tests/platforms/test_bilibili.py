"""What Bilibili alone does: signatures over headers, reprints, the ends of tokens, tokens without a way to renew."""

import dataclasses
import hashlib
import hmac

import pytest

from chalicelib.core.conversation import Request
from chalicelib.platforms import platform
from tests.platforms.cases import Case, load, run

BILIBILI = platform("bilibili")
FILMS = [case for case in load("publish") if case.platform == "bilibili" and "published" in case.about]
OPEN = {"content-type", "authorization", "access-token"}


def signed_by(request: Request, secret: str) -> str:
    """The signature as the documentation has it: the x-bili- lines in order, joined by line ends."""
    lines = sorted(f"{name}:{value}" for name, value in request.headers.items() if name not in OPEN)
    return hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("case", FILMS, ids=str)
def test_every_call_is_signed_over_its_body_and_by_a_nonce_of_its_own(case: Case) -> None:
    steps, _ = run(case.start(), case.replies)
    calls = [step for step in steps if isinstance(step, Request) and "x-bili-timestamp" in step.headers]
    for call in calls:
        assert call.headers["x-bili-content-md5"] == hashlib.md5(call.content or b"", usedforsecurity=False).hexdigest()
        assert call.headers["authorization"] == signed_by(call, case.account.secrets["app_secret"])
    assert len({call.headers["x-bili-signature-nonce"] for call in calls}) == len(calls) >= 3


def test_the_pieces_of_a_film_are_all_of_it() -> None:
    steps, _ = run(FILMS[0].start(), FILMS[0].replies)
    spans = [step.span for step in steps if isinstance(step, Request) and step.span]
    assert [first for first, _ in spans] == [0, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == FILMS[0].job().rendition.parts[0].media[0].bytes


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({"copyright": 1, "tid": 130}, []),
        ({"copyright": 2}, [("required", "source")]),
        ({"copyright": 2, "source": "https://tower.example"}, []),
        (
            {"copyright": True, "tid": "130", "cover": "ftp://x"},
            [("invalid_option", name) for name in ("copyright", "tid", "cover")],
        ),
    ],
)
def test_a_reprint_names_its_source(options: dict[str, object], faults: list[tuple[str, str]]) -> None:
    assert [(issue.code, issue.path) for issue in BILIBILI.check_options(options)] == faults


def test_only_a_refresh_token_renews_a_token() -> None:
    account = FILMS[0].account
    alone = dataclasses.replace(account, secrets={**account.secrets, "refresh_token": ""})
    assert (BILIBILI.renewable(account), BILIBILI.renewable(alone)) == (True, False)
