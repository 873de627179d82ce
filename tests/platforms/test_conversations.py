"""Every platform says exactly what its data file says, and keeps the promises that the engine builds on."""

import base64
import dataclasses
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.conversation import Effect, Idempotency, Reply, Request, Safety
from chalicelib.core.errors import Invalid, Limited, PlatformAnswer, Rejected, Transient
from chalicelib.platforms import names, platform
from chalicelib.platforms.base import Platform
from chalicelib.platforms.words import MEANINGS
from chalicelib.service.publish import answer_of
from tests.platforms.cases import Case, every_error, load, platforms_with_data, read_reply, run, show, show_end

ENDS = ("raises", "published", "connected", "accounts", "secrets", "found", "metrics", "seconds", "copies")
PUBLISHED = [case for case in load("publish", "answer") if "published" in case.about]

every_case = pytest.mark.parametrize("case", load(), ids=str)
every_published = pytest.mark.parametrize("case", PUBLISHED, ids=str)


def expected_end(case: Case) -> dict[str, Any]:
    given = ("secrets",) if case.about["do"] == "accounts" else ()
    keys = (*ENDS, "code", "message", "until")
    return {key: case.about[key] for key in keys if key in case.about and key not in given}


def requests(case: Case, replies: list[Reply | None] | None = None) -> list[Request]:
    steps, _ = run(case.start(), case.replies if replies is None else replies)
    return [step for step in steps if isinstance(step, Request)]


def creates(case: Case) -> list[int]:
    """The places of the creating requests in the conversation."""
    steps, _ = run(case.start(), case.replies)
    return [place for place, step in enumerate(steps) if isinstance(step, Request) and step.effect is Effect.CREATE]


@every_case
def test_the_conversation_goes_as_written(case: Case) -> None:
    steps, end = run(case.start(), case.replies)
    written = [entry[0] if isinstance(entry, list) else entry for entry in case.talk]
    assert [show(step) for step in steps] == written
    assert show_end(end) == expected_end(case)


@every_published
def test_a_conversation_that_died_anywhere_goes_on_the_same_way(case: Case) -> None:
    steps, end = run(case.start(), case.replies)
    for died in range(len(steps) + 1):
        ledger = [
            recorded(step, reply) if place < died else reply
            for place, (step, reply) in enumerate(zip(steps, case.replies, strict=True))
        ]
        again, same_end = run(case.start(), ledger)
        assert [show(step) for step in again] == [show(step) for step in steps]
        assert same_end == end


def recorded(step: Any, reply: Reply | None) -> Reply | None:
    """What the ledger still knows of a reply."""
    if reply is None or not isinstance(step, Request) or step.effect is Effect.READ:
        return reply
    return answer_of(reply, step, datetime(2026, 11, 23, tzinfo=UTC)).reply


@every_published
def test_everything_is_ready_before_the_first_part_goes_out(case: Case) -> None:
    """But for a reply that a network wants prepared in the name of the post before it, and for what only reads."""
    made = requests(case)
    first = [request.effect for request in made].index(Effect.CREATE)
    behind = [request for request in made[first:] if request.effect is Effect.PREPARE]
    assert all(request.part > 0 and "replies_are_prepared" in case.about for request in behind)


@every_published
def test_preparations_are_told_apart(case: Case) -> None:
    """The ledger recalls them by what they ask: two that ask the same would be taken for one."""
    digests = [request.digest for request in requests(case) if request.effect is Effect.PREPARE]
    assert len(set(digests)) == len(digests)


@every_published
def test_every_part_is_created_once_and_in_order(case: Case) -> None:
    made = [request for request in requests(case) if request.effect is Effect.CREATE]
    assert [request.part for request in made] == list(range(len(made)))
    assert len(case.about["published"]["parts"]) == len(made)
    assert len({request.digest for request in made}) == len(made)


@every_published
def test_parts_have_keys_of_their_own_where_keys_make_repeats_safe(case: Case) -> None:
    keys = [request.key for request in requests(case) if request.effect is Effect.CREATE]
    safe = platform(case.platform).idempotency(case.account).safety in (Safety.KEY, Safety.CONTENT_KEY)
    assert not safe or (None not in keys and len(set(keys)) == len(keys))


@every_published
@pytest.mark.parametrize("nonsense", [b"<html>Welcome!</html>", b"{}", b"[]", b""])
def test_a_creating_request_with_a_meaningless_answer_is_never_called_refused(case: Case, nonsense: bytes) -> None:
    # A PlatformAnswer would tell the engine that nothing was applied.
    first = creates(case)[0]
    replies = [*case.replies[:first], Reply(200, {}, nonsense)]
    with pytest.raises((KeyError, TypeError, ValueError)):
        run(case.start(), replies)


@every_published
def test_a_server_that_is_down_is_tried_again_later(case: Case) -> None:
    first = creates(case)[0]
    for place in range(first):
        if case.replies[place] is not None:
            _, end = run(case.start(), [*case.replies[:place], Reply(503, {}, b"Bad gateway")])
            assert isinstance(end, Transient)


@every_published
def test_a_rate_limit_is_waited_for_at_every_step(case: Case) -> None:
    headers = {"retry-after": "30", "date": "Mon, 23 Nov 2026 09:00:00 GMT"}
    for place, reply in enumerate(case.replies):
        if reply is not None:
            _, end = run(case.start(), [*case.replies[:place], Reply(429, headers, b"slow down")])
            assert isinstance(end, Limited)
            assert end.until is not None
            assert end.until.isoformat() == "2026-11-23T09:00:30+00:00"


@pytest.mark.parametrize(("name", "error"), every_error(), ids=lambda one: one if isinstance(one, str) else one["code"])
def test_an_error_code_means_what_its_network_says(name: str, error: dict[str, Any]) -> None:
    answer = platform(name).refusal(read_reply(error["reply"]))
    assert answer is not None
    assert (type(answer), answer.code) == (MEANINGS[error["means"]], error["code"])


@pytest.mark.parametrize("name", names())
def test_every_error_code_that_is_mapped_has_an_answer_to_show(name: str) -> None:
    assert {*platform(name).errors} <= {error["code"] for network, error in every_error() if network == name}


@every_case
def test_no_request_shows_a_secret(case: Case) -> None:
    # The secret of the tests' app is called as Kuaishou calls the parameter that it travels in.
    shown = " ".join(repr(request) for request in requests(case)).replace("'app_secret': ", "")
    assert not [secret for secret in case.secrets if secret in shown]


@every_published
def test_what_the_ledger_recognises_a_request_by_does_not_depend_on_secrets(case: Case) -> None:
    changed = dataclasses.replace(case.account, secrets=dict.fromkeys(case.account.secrets, "another"))
    other = dataclasses.replace(case, account=changed)
    assert [request.digest for request in requests(other)] == [request.digest for request in requests(case)]


@pytest.mark.parametrize("name", names())
def test_every_platform_that_publishes_has_a_data_file(name: str) -> None:
    assert platform(name).publishing != "api" or name in platforms_with_data()


@pytest.mark.parametrize("name", platforms_with_data())
def test_every_data_file_shows_how_to_connect_to_publish_and_to_read_back(name: str) -> None:
    cases = [case for case in load() if case.platform == name]
    # A group's bot gives nothing to read: it says so, and then nothing is looked up.
    readable = any(platform(name).idempotency(case.account).readable for case in cases)
    assert {"connect", "publish", *(["find"] if readable else [])} <= {case.about["do"] for case in cases}


@pytest.mark.parametrize("name", names())
def test_a_platform_that_takes_answers_shows_how_it_gives_and_finds_them(name: str) -> None:
    network, done = platform(name), {case.about["do"] for case in load() if case.platform == name}
    looks_up = type(network).find_answer is not Platform.find_answer
    assert bool(network.answerable) == ("answer" in done)
    assert (bool(network.answerable) and looks_up) == ("find_answer" in done)


@pytest.mark.parametrize("name", names())
def test_a_platform_that_is_audited_shows_what_it_finds(name: str) -> None:
    done = {case.about["do"] for case in load() if case.platform == name}
    assert platform(name).audited == ("copies" in done)


@pytest.mark.parametrize("name", names())
def test_a_platform_is_what_its_file_is_called(name: str) -> None:
    network = platform(name)
    assert (network.name, network.rules.platform) == (name, name)
    assert network is platform(name)


def test_a_platform_that_does_not_exist_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match="friendster"):
        platform("friendster")


@pytest.mark.parametrize("name", platforms_with_data())
def test_connecting_without_credentials_names_all_that_is_missing(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        next(platform(name).connect("https://example.com", {}))
    assert {issue.code for issue in refused.value.issues} == {"required"}
    assert all(issue.path.startswith("credentials.") for issue in refused.value.issues)


@pytest.mark.parametrize("name", platforms_with_data())
@pytest.mark.parametrize("page", [b"<html>Hello</html>", b"{}", b"[]"])
def test_connecting_to_some_other_server_says_so(name: str, page: bytes) -> None:
    given = next(case.about["credentials"] for case in load("connect") if case.platform == name)
    conversation = platform(name).connect("https://example.com", given)
    _, end = run(conversation, [Reply(200, {}, page)] * 3)
    assert isinstance(end, Rejected)
    assert end.code == "wrong_server"


@pytest.mark.parametrize("case", load("find"), ids=str)
@pytest.mark.parametrize("nonsense", [b"<html>Welcome!</html>", b"{}", b"null", b""])
def test_a_read_back_with_a_meaningless_answer_proves_nothing(case: Case, nonsense: bytes) -> None:
    # Taken for "it is not there", it would be sent again.
    steps, _ = run(case.start(), case.replies)
    for place, step in enumerate(steps):
        if isinstance(step, Request) and step.method != "HEAD":
            try:
                _, end = run(case.start(), [*case.replies[:place], Reply(200, {}, nonsense)])
            except (KeyError, TypeError, ValueError, AttributeError):
                continue
            assert isinstance(end, PlatformAnswer), (place, end)


REFRESHED = [case for case in load("refresh") if "secrets" in case.about and "raises" not in case.about]


@pytest.mark.parametrize("case", REFRESHED, ids=str)
@pytest.mark.parametrize("nonsense", [b"<html>Welcome!</html>", b"{}", b""])
def test_a_refresh_with_a_meaningless_answer_loses_no_account(case: Case, nonsense: bytes) -> None:
    for place, reply in enumerate(case.replies):
        if reply is not None:
            try:
                _, end = run(case.start(), [*case.replies[:place], Reply(200, reply.headers, nonsense)])
            except (KeyError, TypeError, ValueError):
                continue
            assert isinstance(end, Transient)


@pytest.mark.parametrize("name", platforms_with_data())
def test_an_error_is_mapped_unless_its_status_says_it_all(name: str) -> None:
    shown = {error["code"] for network, error in every_error() if network == name and not error.get("by_status")}
    assert shown == {*platform(name).errors}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("tiktok", "spam_risk_too_many_posts"),
        ("tiktok", "spam_risk_too_many_pending_share"),
        ("tiktok", "reached_active_user_cap"),
        ("youtube", "dailyLimitExceeded"),
        ("youtube", "quotaExceeded"),
    ],
)
def test_what_is_counted_over_a_day_says_when_to_ask_again(name: str, code: str) -> None:
    error = next(error for network, error in every_error() if (network, error["code"]) == (name, code))
    dated = dataclasses.replace(read_reply(error["reply"]), headers={"date": "Mon, 23 Nov 2026 09:00:00 GMT"})
    answer = platform(name).refusal(dated)
    assert isinstance(answer, Limited)
    assert answer.until is not None


@pytest.mark.parametrize("name", platforms_with_data())
def test_every_option_that_is_sent_is_one_that_is_known(name: str) -> None:
    cases = [case for case in load("publish") if case.platform == name]
    options = [dict(case.about["rendition"].get("options", {})) for case in cases]
    found = {(issue.code, issue.path) for one in options for issue in platform(name).check_options(one)}
    assert not {one for one in found if one[0] in ("unknown_option", "invalid_option")}


def test_a_read_back_that_could_not_see_everything_proves_nothing() -> None:
    case = next(case for case in load("find") if case.platform == "mastodon")
    noise = {"created_at": "2026-11-23T09:00:01Z", "content": "<p>Noise.</p>"}
    pages: list[Reply | None] = [
        Reply(200, {}, json.dumps([{**noise, "id": str(1000 * page + n)} for n in range(40)]).encode())
        for page in range(10)
    ]
    steps, end = run(case.start(), pages)
    assert isinstance(end, Transient)
    assert len(steps) == 10


def test_posts_that_are_due_on_one_account_at_the_same_moment_have_different_keys() -> None:
    case = next(case for case in PUBLISHED if case.platform == "bluesky")
    jobs = [dataclasses.replace(case.job(), target_id=f"tgt_{number}") for number in range(200)]
    keys = {next(platform("bluesky").publish(job)).key for job in jobs}  # type: ignore[union-attr]
    assert len(keys) == len(jobs)


def test_the_parts_of_a_thread_sort_in_their_order() -> None:
    thread = next(
        case for case in PUBLISHED if case.platform == "bluesky" and len(case.about["rendition"]["parts"]) == 3
    )
    made = [request for request in requests(thread) if request.effect is Effect.CREATE]
    keys = [request.key or "" for request in made]
    times = [request.json["record"]["createdAt"] for request in made]
    assert (keys, times) == (sorted(keys), sorted(times))
    assert all(re.fullmatch("[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}", key) for key in keys)


def test_the_access_token_says_when_it_ends() -> None:
    case = next(case for case in PUBLISHED if case.platform == "bluesky")
    claims = base64.urlsafe_b64encode(json.dumps({"exp": 1795424700}).encode()).decode().rstrip("=")
    account = dataclasses.replace(case.account, secrets={"access": f"eyJ0eXAiOiJhdCtqd3QifQ.{claims}.c2ln"})
    ends = platform("bluesky").expires_at(account)
    assert ends is not None
    assert ends.isoformat() == "2026-11-23T09:05:00+00:00"


def test_a_token_that_is_no_jwt_says_nothing() -> None:
    case = next(case for case in PUBLISHED if case.platform == "bluesky")
    assert platform("bluesky").expires_at(case.account) is None


def test_the_idempotency_key_counts_on_mastodon_itself_only() -> None:
    mastodon, other = (dataclasses.replace(PUBLISHED[0].account, settings={"is_mastodon": it}) for it in (True, False))
    assert platform("mastodon").idempotency(mastodon).safety is Safety.KEY
    assert platform("mastodon").idempotency(mastodon).key_lifetime == timedelta(hours=1)
    assert platform("mastodon").idempotency(other).safety is Safety.READBACK


def test_what_a_mastodon_server_says_of_its_limits_changes_our_rules() -> None:
    connected = next(case for case in load("connect") if "limits" in case.about.get("connected", {}))
    account = dataclasses.replace(connected.account, limits=connected.about["connected"]["limits"])
    rules = platform("mastodon").account_rules(account)
    assert (rules.text.limit, rules.image.count, rules.image.types) == (5000, 6, ("jpeg", "png", "gif"))


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({}, []),
        ({"fault": "slow"}, []),
        ({"fault": "earthquake"}, [("unknown_fault", "fault")]),
        ({"fault": 7, "colour": "red"}, [("unknown_option", "colour"), ("unknown_fault", "fault")]),
        ({"fault": ["slow"]}, [("unknown_fault", "fault")]),
    ],
)
def test_the_sandbox_checks_its_options(options: dict[str, object], faults: list[tuple[str, str]]) -> None:
    assert [(issue.code, issue.path) for issue in platform("sandbox").check_options(options)] == faults


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({"silent": True, "protect": False, "link_preview": False, "topic_id": 5}, []),
        ({"silent": 1, "topic_id": True}, [("invalid_option", "silent"), ("invalid_option", "topic_id")]),
        ({"loud": True}, [("unknown_option", "loud")]),
    ],
)
def test_telegram_checks_its_options(options: dict[str, object], faults: list[tuple[str, str]]) -> None:
    assert [(issue.code, issue.path) for issue in platform("telegram").check_options(options)] == faults


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({"silent": True, "mentions": ["users", "roles"], "thread_id": "900", "applied_tags": ["77"]}, []),
        ({"silent": "yes", "mentions": ["everybody"]}, [("invalid_option", "silent"), ("invalid_option", "mentions")]),
        ({"loud": True, "thread_id": 900}, [("unknown_option", "loud"), ("invalid_option", "thread_id")]),
    ],
)
def test_discord_checks_its_options(options: dict[str, object], faults: list[tuple[str, str]]) -> None:
    assert [(issue.code, issue.path) for issue in platform("discord").check_options(options)] == faults


@pytest.mark.parametrize("address", ["https://discord.com/api/webhooks/", "https://evil.example/api/webhooks/1/t", "t"])
def test_what_is_no_webhook_of_discords_is_refused(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        next(platform("discord").connect("", {"webhook_url": address}))
    assert [(issue.code, issue.path) for issue in refused.value.issues] == [
        ("wrong_webhook_url", "credentials.webhook_url")
    ]


def test_only_a_bot_on_discord_has_a_nonce_that_counts() -> None:
    bot, hook = (dataclasses.replace(PUBLISHED[0].account, settings=one) for one in ({}, {"webhook_id": "1"}))
    assert platform("discord").idempotency(bot).safety is Safety.KEY
    assert platform("discord").idempotency(hook) == Idempotency(Safety.NONE, readable=False)


def test_an_app_that_may_not_read_a_slack_channel_looks_nothing_up() -> None:
    reader, writer = (dataclasses.replace(PUBLISHED[0].account, settings={"reads": it}) for it in (True, False))
    assert platform("slack").idempotency(reader).safety is Safety.READBACK
    assert platform("slack").idempotency(writer) == Idempotency(Safety.NONE, readable=False)


@pytest.mark.parametrize("error", ["internal_error", "fatal_error"])
def test_what_slack_may_have_done_is_never_called_refused(error: str) -> None:
    case = next(case for case in PUBLISHED if case.platform == "slack")
    with pytest.raises(ValueError, match="may or may not"):
        run(case.start(), [Reply(200, {}, json.dumps({"ok": False, "error": error}).encode())])


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({"link_preview": False, "username": "Carillon", "icon_emoji": ":bell:"}, []),
        ({"link_preview": "no", "loud": True}, [("invalid_option", "link_preview"), ("unknown_option", "loud")]),
    ],
)
def test_slack_checks_its_options(options: dict[str, object], faults: list[tuple[str, str]]) -> None:
    assert [(issue.code, issue.path) for issue in platform("slack").check_options(options)] == faults


@pytest.mark.parametrize("key", ["6489:xyz", "6489", "6489:001", ":00"])
def test_what_is_no_key_of_ghosts_is_refused(key: str) -> None:
    with pytest.raises(Invalid) as refused:
        next(platform("ghost").connect("belfry.example", {"admin_key": key}))
    assert [issue.code for issue in refused.value.issues] == ["wrong_admin_key"]


def test_a_token_of_ghosts_lasts_five_minutes_by_the_clock_of_the_server() -> None:
    case = next(case for case in PUBLISHED if case.platform == "ghost")
    _, claims, _ = requests(case)[1].headers["Authorization"].removeprefix("Ghost ").split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert said == {"iat": 1795424400, "exp": 1795424700, "aud": "/admin/"}
