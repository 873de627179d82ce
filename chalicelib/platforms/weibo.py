"""Weibo, the ordinary share interface: 140 Han characters (half-widths count half), no #话题#, never without a link.

The link must be on a domain that is bound to the app: the credential `domains` names them, with commas. Several
pictures are for apps with the advanced interface `statuses/upload_url_text`: the credential `pictures` says how many,
up to 9. Every post must name the IP address of its author (`rip`): the option or the credential `ip`. A token ends
after days or years, by the grade of the app, and cannot be refreshed.
"""

import re
from collections.abc import Generator
from datetime import datetime, timedelta
from html import unescape
from ipaddress import ip_address
from typing import Any

from chalicelib.core.account import Account
from chalicelib.core.conversation import (
    Connected,
    Conversation,
    Effect,
    Idempotency,
    Job,
    Metrics,
    Published,
    Reply,
    Request,
    Safety,
    Secret,
)
from chalicelib.core.engagement import IN_PUBLIC
from chalicelib.core.errors import (
    Invalid,
    Issue,
    Limited,
    PlatformAnswer,
    Rejected,
    Transient,
)
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.options import Check, Kind
from chalicelib.core.rendition import Part
from chalicelib.core.rules import Comment, Hashtags, Links, Media, Medium, Mentions, Rules, Source, Text
from chalicelib.platforms.base import Auth, OAuth, Platform
from chalicelib.platforms.words import (
    Meaning,
    answered_at,
    as_reply,
    by_code,
    given,
    messages,
    needed,
    retry_at,
    said,
    speaking,
)

SHARE = Source("https://open.weibo.com/wiki/2/statuses/share", "2026-11-22")
COUNTING = Source("Sina's STK.kit.extra.count, the web composer's (about 2012)", "2026-11-22", "unknown")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]
Talk = Generator[Request, Reply, Json]

API = "https://api.weibo.com/2"
KEPT = ("id", "idstr", "created_at")
CLOCK_SLACK = timedelta(seconds=30)
"""How far Weibo's clock may be behind ours."""
PAGE = 100
LATE = "20032"
"""Posted, and shown a little later: no failure, but no id either, so the post is looked up. See `ERRORS`."""
GONE = "20101"
"""The post does not exist (any more): https://open.weibo.com/wiki/Error_code, by habit."""
HOURLY = frozenset({"10022", "10023", "10024"})
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

RETRY: tuple[str, ...] = ("10001", "10002", "10003", "10009", "10010", "10011")
REJECTED: tuple[str, ...] = (
    *("10004", "10005", "10006", "10008", "10012", "10013", "10014", "10016", "10017", "10018", "10020", "10021"),
    *("20005", "20006", "20008", "20012", "20031"),
)
EXPIRED: tuple[str, ...] = ("21314", "21315", "21316", "21317", "21327", "21332")
ERRORS: dict[str, Meaning] = {
    **dict.fromkeys(RETRY, "retry"),
    **dict.fromkeys((*sorted(HOURLY), "20016"), "limited"),
    **dict.fromkeys(("20017", "20019", "20111"), "already_there"),
    **dict.fromkeys(REJECTED, "rejected"),
    **dict.fromkeys(EXPIRED, "reconnect"),
}
"""https://open.weibo.com/wiki/Error_code, read in copies 2026-11-22."""


def _is_ip(text: object) -> bool:
    try:
        return isinstance(text, str) and bool(ip_address(text))
    except ValueError:
        return False


OPTIONS: dict[str, Kind] = {"ip": Check(_is_ip, "the author's IP address")}


class Weibo(Platform):
    """Posts by `statuses/share`."""

    name = "weibo"
    title = "Weibo 微博"
    auth = Auth("oauth2", ("access_token", "ip?", "domains?", "pictures?"))
    oauth = OAuth(
        "https://api.weibo.com/oauth2/authorize",
        "https://api.weibo.com/oauth2/access_token",
        ("all",),
        pkce=False,
        separator=",",
    )
    tested = "recorded answers"
    errors = ERRORS
    options = OPTIONS
    removable = True
    measurable = True
    answerable = IN_PUBLIC
    intake = Intake(sent=ALL)
    rules = Rules(
        platform="weibo",
        source=SHARE,
        text=Text(unit="weibo", limit=140),
        hashtags=Hashtags(style="forbidden"),
        mentions=Mentions(style="at", handle=r"[\w-]{2,30}"),
        links=Links(card="auto", bare=False, required=True),
        comment=Comment(mode="comment", limit=140),
        media=Media(total=1),
        image=Medium(count=1, bytes=4_999_999, types=("jpeg", "gif", "png")),
        gif=Medium(count=1, bytes=4_999_999),
        sources={"text.unit": COUNTING, "mentions": HABIT, "comment": HABIT},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """No keys; a post in a queue of Weibo's own (20032) is shown within minutes. Both times are ours."""
        return Idempotency(Safety.READBACK, readback_lag=timedelta(minutes=3))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whose `access_token` it is; the other credentials are what Weibo does not say of the app."""
        (token,) = needed(credentials, "access_token")
        settings, limits = _told(credentials)
        with speaking(self.title):
            about = yield from self._asked(token, "POST", "https://api.weibo.com/oauth2/get_token_info")
            owner = yield from self._asked(token, "GET", f"{API}/users/show.json", uid=str(about["uid"]))
            return Connected(
                owner["screen_name"],
                str(about["uid"]),
                secrets={"access_token": token, **given(credentials, "expires_at")},
                limits=limits,
                settings=settings,
            )

    def publish(self, job: Job) -> Conversation[Published]:
        """The post, and the author's comment under it."""
        post, *comments = messages(job.rendition)
        pictures = (yield from self._uploaded(job, post)) if len(post.media) > 1 else ""
        done = [(yield from self._created(_several(job, post, pictures) if pictures else _share(job, post)))]
        for number, comment in enumerate(comments, start=1):
            done += [(yield from self._created(_comment(job, number, comment, _id(done[0]))))]
        ids = tuple(_id(one) for one in done)
        made = _time(done[0]["created_at"]) if "created_at" in done[0] else None
        return Published(ids[0], _url(job.account, ids[0]), ids, made)

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """The post among the account's own since it was due, or the comment under it."""
        found = yield from self._posted(job)
        if found and part:
            found = yield from self._commented(job, part, _id(found))
        return as_reply(200, {name: found[name] for name in KEPT if name in found}) if found else None

    def answer(self, job: Job) -> Conversation[Published]:
        """A reply to their comment, or a comment on their post."""
        made = yield from self._created(_answer(job))
        at = _time(made["created_at"]) if "created_at" in made else None
        return Published(_id(made), None, (_id(made),), at)

    def find_answer(self, job: Job) -> Conversation[Reply | None]:
        """The account's own comment under that post with this text."""
        found = yield from self._commented(job, 0, _on(job))
        return as_reply(200, {name: found[name] for name in KEPT if name in found}) if found else None

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete a post; one that is gone is gone."""
        form = {**_auth(account), "id": post_id}
        reply = yield Request("POST", f"{API}/statuses/destroy.json", form=form, effect=Effect.PREPARE)
        self.gone(reply, GONE)

    def measure(self, account: Account, post_id: str) -> Conversation[Metrics | None]:
        """Comments, reposts and likes: https://open.weibo.com/wiki/2/statuses/count, by habit."""
        params = {**_auth(account), "ids": post_id}
        reply = yield Request("GET", f"{API}/statuses/count.json", params=params)
        if self.gone(reply, GONE) or not reply.json:
            return None
        (figures,) = reply.json
        return Metrics(likes=figures.get("attitudes"), replies=figures.get("comments"), reposts=figures.get("reposts"))

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By `error_code`, whatever the status; limits end with the hour."""
        about = said(reply)
        code, message = str(about.get("error_code", "")), str(about.get("error", ""))
        if code == LATE or (reply.ok and not code):
            return None
        if code in HOURLY:
            return Limited(code, message, retry_at(reply) or _next_hour(reply))
        return by_code(self.errors, code, message, reply)

    def _asked(self, token: str, method: str, url: str, **params: str) -> Talk:
        """What Weibo says of a token that may be good."""
        named = {"access_token": Secret(token), **params}
        request = Request(method, url, form=named) if method == "POST" else Request(method, url, params=named)
        return self.good((yield request))

    def _uploaded(self, job: Job, part: Part) -> Generator[Request, Reply, str]:
        """The pictures' ids: https://open.weibo.com/wiki/2/statuses/upload_pic, by habit."""
        ids = []
        for media in part.media:
            reply = yield Request(
                "POST",
                f"{API}/statuses/upload_pic.json",
                form=_auth(job.account),
                files={"pic": media},
                effect=Effect.PREPARE,
                keep=("pic_id",),
                timeout=30.0,
            )
            ids += [self.good(reply)["pic_id"]]
        return ",".join(ids)

    def _created(self, request: Request) -> Talk:
        made = self.good((yield request))
        _id(made)
        return made

    def _posted(self, job: Job) -> Generator[Request, Reply, Json | None]:
        """The post among those since it was due. An ordinary app is shown the newest few only: never half of them."""
        since = job.due - CLOCK_SLACK
        params = {**_auth(job.account), "uid": job.account.remote_id, "count": str(PAGE)}
        page = self.good((yield Request("GET", f"{API}/statuses/user_timeline.json", params=params)))
        statuses: list[Json] = page["statuses"]
        fresh = [one for one in statuses if _time(one["created_at"]) >= since]
        post = messages(job.rendition)[0]
        found = next((one for one in fresh if _comparable(one["text"]) == _comparable(post.text)), None)
        if found is None and len(fresh) == len(statuses) < page["total_number"]:
            raise Transient("too_much_to_read", f"more posts since {since.isoformat()} than Weibo shows")
        return found

    def _commented(self, job: Job, part: int, post_id: str) -> Generator[Request, Reply, Json | None]:
        params = {**_auth(job.account), "id": post_id, "count": "200"}
        page = self.good((yield Request("GET", f"{API}/comments/show.json", params=params)))
        wanted = _comparable(messages(job.rendition)[part].text)
        mine = [one for one in page["comments"] if str(one["user"]["id"]) == job.account.remote_id]
        return next((one for one in mine if _comparable(one["text"]) == wanted), None)


def _told(credentials: dict[str, str]) -> tuple[Json, Json]:
    """The account's settings and limits, from what a person says of it."""
    ip, pictures = (credentials.get(name, "").strip() for name in ("ip", "pictures"))
    if ip and not _is_ip(ip):
        raise Invalid([Issue("invalid", "error", "credentials.ip", "ip is the author's IP address")])
    if pictures and pictures not in tuple("123456789"):
        raise Invalid([Issue("invalid", "error", "credentials.pictures", "pictures is a number from 1 to 9")])
    domains = [one.strip() for one in credentials.get("domains", "").split(",") if one.strip()]
    limits: Json = {"links.domains": domains} if domains else {}
    if pictures:
        limits |= {"image.count": int(pictures), "media.total": int(pictures)}
    return ({"ip": ip} if ip else {}), limits


def _share(job: Job, part: Part) -> Request:
    return Request(
        "POST",
        f"{API}/statuses/share.json",
        form={**_auth(job.account), "status": part.text, **_rip(job)},
        files={"pic": part.media[0]} if part.media else {},
        effect=Effect.CREATE,
        keep=KEPT,
        timeout=30.0 if part.media else 10.0,
    )


def _several(job: Job, part: Part, pictures: str) -> Request:
    """Up to nine pictures: https://open.weibo.com/wiki/2/statuses/upload_url_text, read 2026-11-22."""
    return Request(
        "POST",
        f"{API}/statuses/upload_url_text.json",
        form={**_auth(job.account), "status": part.text, "pic_id": pictures, **_rip(job)},
        effect=Effect.CREATE,
        keep=KEPT,
    )


def _comment(job: Job, number: int, part: Part, post_id: str) -> Request:
    """https://open.weibo.com/wiki/2/comments/create, read 2026-11-22."""
    return Request(
        "POST",
        f"{API}/comments/create.json",
        form={**_auth(job.account), "id": post_id, "comment": part.text, **_rip(job)},
        effect=Effect.CREATE,
        part=number,
        keep=KEPT,
    )


def _answer(job: Job) -> Request:
    """https://open.weibo.com/wiki/C/2/comments/reply/biz, read 2026-11-23; the same for ordinary apps, by habit."""
    about, part = job.reply_to, job.rendition.parts[0]
    if _on(job) == about.thing:
        return _comment(job, 0, part, about.thing)
    return Request(
        "POST",
        f"{API}/comments/reply.json",
        form={**_auth(job.account), "cid": about.thing, "id": _on(job), "comment": part.text, **_rip(job)},
        effect=Effect.CREATE,
        keep=KEPT,
    )


def _on(job: Job) -> str:
    """The post that an answer is under: for a mention or a quote theirs."""
    about = job.reply_to
    if about.kind in ("mention", "quote"):
        return about.thing
    if about.post is None:
        raise Rejected("no_post", "Weibo did not say what post this was said about")
    return about.post


def _auth(account: Account) -> dict[str, str]:
    return {"access_token": Secret(account.secrets["access_token"])}


def _rip(job: Job) -> dict[str, str]:
    ip = job.rendition.options.get("ip") or job.account.settings.get("ip")
    return {"rip": str(ip)} if ip else {}


def _id(made: Json) -> str:
    return str(made.get("idstr") or made["id"])


def _time(text: str) -> datetime:
    """`Tue May 31 17:46:55 +0800 2011`."""
    return datetime.strptime(text, "%a %b %d %H:%M:%S %z %Y")


def _next_hour(reply: Reply) -> datetime | None:
    now = answered_at(reply)
    return now.replace(minute=0, second=0) + timedelta(hours=1) if now else None


def _comparable(text: str) -> str:
    """Text without what Weibo changes: links become t.cn's, signs may be escaped, an invisible space may end it, and a
    reply says to whom."""
    plain = re.sub(r"^回复@[^:：]{1,40}[:：]", "", unescape(text))
    return " ".join(re.sub(r"https?://[!-~]+|\u200b", " ", plain).split())


def _url(account: Account, post_id: str) -> str:
    """Where a post is: its number in base 62, seven digits at a time, by habit."""
    groups = [post_id[max(0, end - 7) : end] for end in range(len(post_id), 0, -7)][::-1]
    words = [_base62(int(group)) for group in groups]
    return f"https://weibo.com/{account.remote_id}/{words[0]}{''.join(word.rjust(4, '0') for word in words[1:])}"


def _base62(number: int) -> str:
    word = ""
    while number or not word:
        number, digit = divmod(number, 62)
        word = LETTERS[digit] + word
    return word


platform = Weibo()
