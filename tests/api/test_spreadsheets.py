"""Posts as a CSV file: every bad cell is named, and an export is no trap."""

import csv
import io
import json
import random
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.service import reading
from tests.api.client import Api, problem

Json = dict[str, Any]
LATER = "2027-05-03 09:00"


def imported(client: Api, text: str, **named: Any) -> list[Json]:
    answer = client.post("/v1/posts/import", {"csv": text, **named})
    assert answer.status_code == 200, answer.body
    return list(answer.json_body["data"])


def told(row: Json) -> list[tuple[str | None, str]]:
    return [(issue["column"], issue["code"]) for issue in row["issues"]]


def faults(answer: HTTPResponse) -> list[str]:
    assert {issue["path"] for issue in problem(answer, 422, "validation_failed")["issues"]} == {"csv"}
    return [issue["code"] for issue in answer.json_body["issues"]]


def exported(answer: HTTPResponse) -> list[dict[str, str]]:
    assert answer.headers["Content-Type"] == "text/csv"
    text = answer.body.decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def test_every_column_arrives(client: Api) -> None:
    account = client.account("Turm")
    text = (
        "key,text,accounts,scheduled_at,timezone,title,link,media,alt_texts,hashtags,first_comment,language,"
        "visibility,external_id,late_policy\r\n"
        f'a,"钟声，""九点""\r\n响起",Turm,{LATER},Asia/Shanghai,Bells,https://example.org/b,'
        "https://example.org/1.jpg|https://example.org/2.mp4,One|Two,#bells, First!,zh,unlisted,c-1,skip\r\n"
    )

    row = imported(client, text)[0]

    assert (row["line"], row["status"], row["key"]) == (2, 202, "a"), row
    post = client.get(f"/v1/posts/{row['post_id']}").json_body
    assert post["text"] == '钟声，"九点"\n响起'
    assert post["scheduled_at"] == "2027-05-03T01:00:00.000Z"
    assert post["link"]["url"] == "https://example.org/b"
    assert [(one["kind"], one["alt_text"]) for one in post["media"]] == [("image", "One"), ("video", "Two")]
    assert post["targets"][0]["account_id"] == account
    names = ("title", "hashtags", "first_comment", "language", "visibility", "external_id", "late_policy")
    assert [post[name] for name in names] == ["Bells", ["#bells"], " First!", "zh", "unlisted", "c-1", "skip"]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"], ids=["CRLF", "LF", "CR"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_files_of_every_spreadsheet_are_read_alike(client: Api, separator: str, end: str, mark: str) -> None:
    account = client.account()
    rows = [
        ["Text", "ACCOUNTS", "Scheduled at"],
        [f'"一,二;三\t四{end}五"', account, "2027/5/3 9:00"],
        ["", "", ""],
        ["Second", account, "2027-05-03T09:00:00Z"],
    ]

    data = imported(client, mark + end.join(separator.join(row) for row in rows) + end, timezone="UTC")

    assert [(row["line"], row["status"]) for row in data] == [(2, 202), (5, 202)], data
    first = client.get(f"/v1/posts/{data[0]['post_id']}").json_body
    assert first["text"] == "一,二;三\t四\n五"
    assert first["scheduled_at"] == "2027-05-03T09:00:00.000Z"


def test_every_bad_cell_is_named_by_line_and_column(client: Api) -> None:
    account, twin = client.account("Twin"), client.account("Twin")
    text = "\n".join(
        [
            "key,text,accounts,scheduled_at,timezone,link,language,publish,alt_texts,post_id",
            f"a,Fine,{account},{LATER},UTC,,,,,",
            "b,,nobody|Twin,03/04/2027 09:00,Mars/Base,nowhere,?,soon,Alt,",
            f"c,Short,{account}",
            f"d,No zone,{account},{LATER},,,,,,",
            f"e,Past,{account},2020-01-01T00:00:00Z,,,,,,",
            "f,Nowhere,,,,,,,,",
            f"a,Again,{account},{LATER},UTC,,,,,",
            f"g,An export,{account},,,,,,,post_1",
        ]
    )

    data = imported(client, text)

    assert [(row["line"], row["status"]) for row in data] == [(2, 202), *((line, 422) for line in range(3, 10))]
    assert told(data[1]) == [
        ("accounts", "unknown_account"),
        ("accounts", "ambiguous_account"),
        ("scheduled_at", "invalid_time"),
        ("alt_texts", "too_many_alt_texts"),
        ("link", "string_too_short"),
        ("language", "string_pattern_mismatch"),
        ("publish", "literal_error"),
    ]
    assert twin in data[1]["issues"][1]["message"]
    assert told(data[2]) == [(None, "wrong_cell_count")]
    assert told(data[3]) == [("scheduled_at", "timezone_required")]
    assert told(data[4]) == [("scheduled_at", "in_the_past")]
    assert told(data[5]) == [("accounts", "required")]
    assert told(data[6]) == [("key", "duplicate_key")]
    assert told(data[7]) == [("post_id", "already_there")]
    assert len(client.get("/v1/posts").json_body["data"]) == 1


def test_a_dry_run_tells_the_same_and_makes_nothing(client: Api) -> None:
    account = client.account()
    text = f"text,accounts,scheduled_at\nOne,{account},{LATER}\nTwo,{account},\nThree,nobody,\n"
    before = client.world.table.everything

    dry = imported(client, text, timezone="UTC", dry_run=True)
    assert client.world.table.everything == before
    wet = imported(client, text, timezone="UTC")
    after = imported(client, text, timezone="UTC", dry_run=True)

    assert dry == wet
    assert [row["status"] for row in dry] == [202, 201, 422]
    assert [row["replayed"] for row in after] == [True, True, False]


def test_the_same_file_again_makes_only_what_is_new_in_it(client: Api) -> None:
    account = client.account()
    head, one, two = "text,accounts,scheduled_at\n", f"One,{account},{LATER}\n", f"Two,{account},{LATER}\n"

    first = imported(client, head + one, timezone="UTC")
    second = imported(client, head + two + one + one, timezone="UTC")

    assert [(row["status"], row["replayed"]) for row in second] == [(202, False), (202, True), (422, False)]
    assert second[1]["post_id"] == first[0]["post_id"]
    assert told(second[2]) == [("key", "duplicate_key")]


def test_accounts_may_be_named_in_every_way(client: Api) -> None:
    account, other = client.account("Der Turm"), client.account("Other")
    text = f"text,accounts\n1,{account}\n2,der turm\n3,T1\n4,Der Turm|Other\n"

    data = imported(client, text, accounts={"t1": account})

    reached = [client.get(f"/v1/posts/{row['post_id']}").json_body["targets"] for row in data]
    assert [[one["account_id"] for one in targets] for targets in reached] == [[account]] * 3 + [[account, other]]


def test_another_tenants_account_is_nobody(client: Api) -> None:
    theirs = client.stranger().account("Theirs")

    data = imported(client, f"text,accounts\n1,{theirs}\n2,Theirs\n3,t\n", accounts={"t": theirs})

    assert [told(row)[0][1] for row in data] == ["unknown_account"] * 3


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (" ", ["empty_file"]),
        ("text\nDing", ["missing_column"]),
        ("text,accounts,text,txt,\nDing", ["unknown_column", "unknown_column", "duplicate_column"]),
        ('text,accounts\n"Ding,acc', ["broken_csv"]),
        ('text,accounts\n"Ding"dong,acc', ["broken_csv"]),
        ("text,accounts\n" + "Ding,acc\n" * 501, ["too_many_rows"]),
        ('text,accounts\n"' + "x" * 140_000 + '",acc\n', ["broken_csv"]),
    ],
    ids=["empty", "no accounts", "columns", "open quote", "stray quote", "long", "vast cell"],
)
def test_what_is_no_such_file_is_refused_whole(client: Api, text: str, codes: list[str]) -> None:
    assert faults(client.post("/v1/posts/import", {"csv": text})) == codes


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''+1", "＝1+1", "=cmd|' /C calc'!A0", "'tis", "1=1", "—"]


def test_no_exported_cell_is_a_formula_and_each_comes_back_as_it_was(client: Api) -> None:
    account = client.account("=Turm")
    for text in FORMULAS:
        client.created(text=text, title=text.strip(), targets=[{"account_id": account}])

    answer = client.get("/v1/posts/export")
    rows = exported(answer)

    assert not [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+-@\t\r＝＋－＠")]
    copy = [{**row, "post_id": ""} for row in rows]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(copy[0]))
    writer.writeheader()
    writer.writerows(copy)
    data = imported(client, file.getvalue())
    again = [client.get(f"/v1/posts/{row['post_id']}").json_body["text"] for row in data]
    assert sorted(again) == sorted(FORMULAS)


def test_an_export_is_what_an_import_made(client: Api) -> None:
    rows = exported(client.get("/v1/posts/export"))
    assert rows == []
    account = client.account()
    imported(client, f"text,accounts,scheduled_at,hashtags\n钟声,{account},{LATER},a b\n", timezone="Asia/Shanghai")

    row = exported(client.get("/v1/posts/export"))[0]

    assert row["text"] == "钟声"
    assert row["scheduled_at"] == "2027-05-03T01:00:00.000Z"
    assert (row["accounts"], row["platforms"], row["status"]) == (account, "sandbox", "scheduled")
    assert (row["hashtags"], row["timezone"], row["left_out"]) == ("a b", "Asia/Shanghai", "")


def test_a_picture_without_a_text_keeps_its_place(client: Api) -> None:
    pictures = [{"url": f"https://example.org/{number}.jpg"} for number in range(3)]
    client.created(media=[pictures[0], {**pictures[1], "alt_text": "The bell"}, pictures[2]])

    row = exported(client.get("/v1/posts/export"))[0]
    text = f"text,accounts,media,alt_texts\nDing,{row['accounts']},{row['media']},{row['alt_texts']}\n"
    copy = client.get(f"/v1/posts/{imported(client, text)[0]['post_id']}").json_body

    assert [one["alt_text"] for one in copy["media"]] == [None, "The bell", None]


def test_what_no_column_can_say_is_named(client: Api) -> None:
    account = client.account()
    client.created(
        poll={"options": ["Ding", "Dong"]},
        link={"url": "https://example.org/b", "title": "Bells"},
        targets=[{"account_id": account, "overrides": {"text": "Dong"}}],
    )

    assert exported(client.get("/v1/posts/export"))[0]["left_out"] == "link.title poll targets.overrides"


def test_what_an_import_would_read_otherwise_is_named(client: Api) -> None:
    client.created(
        grace_seconds=60,
        hashtags=["bells,tower"],
        media=[
            {"url": "https://example.org/film", "kind": "video", "duration_seconds": 9},
            {"url": "https://example.org/1|2.jpg"},
        ],
    )
    client.created(grace_seconds=300, media=[{"url": "https://example.org/film.mp4", "kind": "video"}])

    named = sorted(row["left_out"] for row in exported(client.get("/v1/posts/export")))

    assert named == ["", "grace_seconds hashtags media media.duration_seconds media.kind"]


def test_pages_hold_every_post_of_the_range_once(client: Api) -> None:
    account = client.account()
    minutes = list(range(10, 80, 10))
    random.Random(8).shuffle(minutes)
    for minute in minutes:
        client.created(text=f"{minute}", scheduled_at=client.later(minute), targets=[{"account_id": account}])

    path: str | None = f"/v1/posts/export?from={client.later(20)}&to={client.later(60)}&limit=2"
    seen: list[str] = []
    while path:
        answer = client.get(path)
        seen += [row["text"] for row in exported(answer)]
        link = answer.headers.get("Link", "")
        path = link.partition("<https://carillon.test/api")[2].partition(">")[0] or None

    assert seen == ["60", "50", "40", "30", "20"]


def test_a_page_is_no_larger_than_lambda_may_answer(client: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    account, most, text = client.account(), 20_000, "钟" * 1000
    monkeypatch.setattr(reading, "MOST_BYTES", most)
    for _ in range(10):
        client.created(text=text, targets=[{"account_id": account}])

    path, sizes = "/v1/posts/export", list[int]()
    while path:
        answer = client.get(path)
        assert len(json.dumps(answer.body.decode())) < most + len(json.dumps(text)) + 1000, "one post more at most"
        sizes.append(len(exported(answer)))
        path = answer.headers.get("Link", "").partition("<https://carillon.test/api")[2].partition(">")[0]

    assert sum(sizes) == 10
    assert max(sizes) > 1


def test_a_stranger_exports_nothing_of_ours(client: Api) -> None:
    client.created()

    assert exported(client.stranger().get("/v1/posts/export")) == []
