"""WeChat Official Account: an article of less than 20,000 characters of HTML with a title of 32 and a cover.

Links in the body cannot be clicked; the article's own link is 阅读原文. Since 2025-07 only verified accounts may
publish by API; all may make drafts. So connecting asks whether the account may, and where it may not (or its owner
wants to look first: the credential `publish` is `draft`), publishing ends with the draft, which a person sends.

The first picture is the cover and opens the article, the others follow the text; WeChat drops pictures from elsewhere,
so all are uploaded. As a `newspic` it is the pictures that count, and the text under them is plain. What is published
here is not sent to followers: that is mass sending, which is rationed.
"""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html import escape, unescape
from typing import Any

from chalicelib.core import post
from chalicelib.core.account import Account, App
from chalicelib.core.conversation import (
    Connected,
    Conversation,
    Effect,
    Idempotency,
    Job,
    Published,
    Reply,
    Request,
    Safety,
    Secret,
    Wait,
)
from chalicelib.core.errors import PlatformAnswer, Rejected, Transient
from chalicelib.core.lead import ALL, Intake
from chalicelib.core.options import Check, Kind, of_length, one_of
from chalicelib.core.rules import Links, Media, Medium, Rules, Source, Text, Title
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import Meaning, as_reply, in_envelope, needed, speaking

DRAFTS = Source("https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_add", "2026-11-22")
CITED = Source(DRAFTS.url, "2026-11-22", "secondary")
HABIT = Source("common practice", "2026-11-22", "default")

Json = dict[str, Any]
Talk = Generator[Request, Reply, Json]

API = "https://api.weixin.qq.com/cgi-bin"
ANSWERS = Rules(platform="wechat", source=HABIT, text=Text(unit="utf8", limit=2048))
"""A message of customer service: https://developers.weixin.qq.com/doc/offiaccount/Message_Management/
Service_Center_messages.html; its length is known by habit only."""
INLINE_BYTES = 1_000_000
"""What `media/uploadimg` takes, JPEG and PNG only; a material may be larger, and a GIF. By habit."""
MAY_NOT = "48001"
GONE = frozenset({"40007", "53600"})
"""No such draft, no such article."""
PUBLISHED, PUBLISHING = 0, 1
"""https://developers.weixin.qq.com/doc/offiaccount/Publish/Get_status.html, read 2026-11-23; the rest are failures."""
POLL = timedelta(seconds=10)
CLOCK_SLACK = timedelta(seconds=30)
PAGE, PAGES = 20, 5

OPTIONS: dict[str, Kind] = {
    "author": Check(of_length(16), "a name of at most 16 characters"),
    "digest": Check(of_length(128), "a text of at most 128 characters"),
    "comments": Check(one_of("everyone", "followers", "nobody"), "everyone, followers or nobody"),
    "article_type": ("news", "newspic"),
}
"""`newspic` is a picture message: up to 20 pictures to leaf through, with plain text under them."""

ERRORS: dict[str, Meaning] = {
    "-1": "retry",
    "45009": "limited",
    "45011": "limited",
    "40001": "refresh",
    "40014": "refresh",
    "42001": "refresh",
    "40013": "reconnect",
    "40125": "reconnect",
    **dict.fromkeys(("40007", "40164", "45002", "45003", "45004", "45028", "48001", "53503", "53504"), "rejected"),
}
"""https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html, in copies, 2026-11-22."""


class WeChat(Platform):
    """Articles of an official account."""

    name = "wechat"
    title = "WeChat 微信公众号"
    auth = Auth("api_key", ("app_id", "app_secret", "publish?"))
    tested = "recorded answers"
    errors = ERRORS
    options = OPTIONS
    removable = True
    answerable = ("message",)
    answers_within = timedelta(hours=48)
    """https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Service_Center_messages.html, by habit."""
    intake = Intake(sent=ALL)
    rules = Rules(
        platform="wechat",
        source=DRAFTS,
        text=Text(unit="html", limit=19_999, markup="wechat_html"),
        title=Title(mode="required", limit=32),
        links=Links(inline="text", card="field", card_with_media=True, length=1024),
        media=Media(required=True, total=20),
        image=Medium(count=20, bytes=10_000_000, types=("jpeg", "png")),
        gif=Medium(count=20, bytes=10_000_000),
        sources={"links.inline": HABIT, "image": CITED, "gif": HABIT, "media.total": CITED},
    )

    def idempotency(self, account: Account) -> Idempotency:
        """That a draft can be published only once is not documented. Publishing takes minutes; the bounds are ours."""
        lag = timedelta(seconds=5) if _drafts_only(account) else timedelta(minutes=30)
        return Idempotency(Safety.READBACK, readback_lag=lag, prepared_lifetime=timedelta(days=1))

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """Whether `app_id` and `app_secret` get a token, and whether the account may publish by API."""
        app_id, app_secret = needed(credentials, "app_id", "app_secret")
        with speaking(self.title):
            token = yield from self._token(app_id, app_secret)
            drafts = credentials.get("publish") == "draft" or not (yield from self._may_publish(token))
            secrets = {"app_secret": app_secret, **token}
            return Connected(app_id, app_id, secrets=secrets, settings={"drafts_only": drafts})

    def refresh(self, account: Account, app: App) -> Conversation[dict[str, str]]:
        """The app's id and secret get a token at any time, and the same one again until shortly before its end.

        https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/getStableAccessToken.html, by habit.
        """
        return {
            **account.secrets,
            **(yield from self._token(account.remote_id, account.secrets["app_secret"])),
        }

    def publish(self, job: Job) -> Conversation[Published]:
        """The pictures, the draft, and unless drafts are all there may be, its publication."""
        article = yield from self._article(job)
        if _drafts_only(job.account):
            draft = self.good((yield _add(job, article, Effect.CREATE)))
            return Published(draft["media_id"], None, (draft["media_id"],))
        draft = self.good((yield _add(job, article, Effect.PREPARE)))
        made = self.good((yield _submit(job, draft["media_id"])))
        if "article_id" not in made:
            made = yield from self._settled(job, made["publish_id"])
        return Published(made["article_id"], made["article_url"], (made["article_id"],))

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """What has the title and is younger than the due time: among the drafts, or among what is published."""
        drafts = _drafts_only(job.account)
        found = yield from self._listed(job, "draft" if drafts else "freepublish")
        if found is None:
            return None
        if drafts:
            return as_reply(200, {"media_id": found["media_id"]})
        url = found["content"]["news_item"][0].get("url")
        return as_reply(200, {"article_id": found["article_id"], "article_url": url})

    def answer_rules(self, account: Account) -> Rules:
        """A message of customer service is plain text; an article is not."""
        return ANSWERS

    def answer(self, job: Job) -> Conversation[Published]:
        """A message of customer service. WeChat gives no id for it, and nothing to look it up by."""
        said = {"touser": job.reply_to.thing, "msgtype": "text", "text": {"content": job.rendition.parts[0].text}}
        reply = yield _call(job.account, "message/custom/send", said, effect=Effect.CREATE, keep=("errcode", "errmsg"))
        self.good(reply)["errcode"]
        return Published(job.key(0), None, (job.key(0),))

    def remove(self, account: Account, post_id: str) -> Conversation[None]:
        """Delete the draft, or what was published: .../doc/offiaccount/Publish/Delete_posts.html, by habit."""
        what = {"media_id": post_id} if _drafts_only(account) else {"article_id": post_id, "index": 0}
        reply = yield _call(account, f"{_box(account)}/delete", what, effect=Effect.PREPARE)
        self.gone(reply, *GONE)

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By `errcode`, which good answers leave out or have as 0."""
        return in_envelope(self.errors, reply, "errcode", "errmsg")

    def _token(self, app_id: str, app_secret: str) -> Generator[Request, Reply, dict[str, str]]:
        asked = {"grant_type": "client_credential", "appid": app_id, "secret": Secret(app_secret)}
        reply = yield Request("POST", f"{API}/stable_token", json=asked, effect=Effect.PREPARE)
        about = self.good(reply)
        ends = parsedate_to_datetime(reply.headers["date"]) + timedelta(seconds=about["expires_in"])
        return {"access_token": about["access_token"], "expires_at": ends.isoformat()}

    def _may_publish(self, token: dict[str, str]) -> Generator[Request, Reply, bool]:
        reply = yield _call(token, "freepublish/batchget", {"offset": 0, "count": 1, "no_content": 1})
        return not self.gone(reply, MAY_NOT) and reply.json["total_count"] >= 0

    def _article(self, job: Job) -> Talk:
        """The draft's article: https://developers.weixin.qq.com/doc/service/api/draftbox/draftmanage/api_draft_add."""
        rendition, options = job.rendition, job.rendition.options
        leafed = options.get("article_type") == "newspic"
        comments = options.get("comments", "nobody")
        article = {
            "article_type": "newspic" if leafed else "news",
            "title": rendition.title,
            "author": options.get("author"),
            "digest": options.get("digest"),
            **((yield from self._leafed(job)) if leafed else (yield from self._read(job))),
            "content_source_url": rendition.card.url if rendition.card else None,
            "need_open_comment": int(comments != "nobody"),
            "only_fans_can_comment": int(comments == "followers"),
        }
        return {name: value for name, value in article.items() if value is not None}

    def _read(self, job: Job) -> Talk:
        """What an article shows: its cover, and the pictures in its text."""
        part = job.rendition.parts[0]
        cover = self.good((yield _material(job, part.media[0])))["media_id"]
        pictures: list[str] = []
        for media in part.media:
            pictures += [self.good((yield _inline(job, media)))["url"]]
        content = "".join((_picture(pictures[0]), part.wire or part.text, *map(_picture, pictures[1:])))
        return {"content": content, "thumb_media_id": cover}

    def _leafed(self, job: Job) -> Talk:
        """What a picture message shows: its pictures, of which the first is the cover, and plain text."""
        part = job.rendition.parts[0]
        pictures: list[Json] = []
        for media in part.media:
            pictures += [{"image_media_id": self.good((yield _material(job, media)))["media_id"]}]
        return {"content": part.text, "image_info": {"image_list": pictures}}

    def _settled(self, job: Job, publish_id: str) -> Generator[Request | Wait, Any, Json]:
        """What became of it, once WeChat has made up its mind."""
        while True:
            about = self.good((yield _call(job.account, "freepublish/get", {"publish_id": publish_id})))
            if about["publish_status"] == PUBLISHED:
                (article,) = about["article_detail"]["item"]
                return {"article_id": about["article_id"], "article_url": article["article_url"]}
            if about["publish_status"] != PUBLISHING:
                raise Rejected(f"publish_status_{about['publish_status']}", "WeChat did not publish the draft")
            yield Wait(POLL)

    def _listed(self, job: Job, box: str) -> Generator[Request, Reply, Json | None]:
        """The newest first; never half of what is younger than the due time."""
        since = job.due - CLOCK_SLACK
        for page in range(PAGES):
            asked = {"offset": page * PAGE, "count": PAGE, "no_content": 1}
            items: list[Json] = self.good((yield _call(job.account, f"{box}/batchget", asked)))["item"]
            fresh = [one for one in items if datetime.fromtimestamp(one["update_time"], UTC) >= since]
            found = next((one for one in fresh if _title(one) == job.rendition.title), None)
            if found or len(fresh) < PAGE:
                return found
        raise Transient("too_much_to_read", f"more than {PAGES * PAGE} articles since {since.isoformat()}")


def _drafts_only(account: Account) -> bool:
    return bool(account.settings.get("drafts_only"))


def _box(account: Account) -> str:
    return "draft" if _drafts_only(account) else "freepublish"


def _title(item: Json) -> str:
    return unescape(item["content"]["news_item"][0]["title"])


def _add(job: Job, article: Json, effect: Effect) -> Request:
    return _call(job.account, "draft/add", {"articles": [article]}, effect=effect, keep=("media_id",))


def _submit(job: Job, draft: str) -> Request:
    """https://developers.weixin.qq.com/doc/subscription/api/public/api_freepublish_submit.html, read 2026-11-23."""
    keep = ("publish_id", "article_id", "article_url")
    return _call(job.account, "freepublish/submit", {"media_id": draft}, effect=Effect.CREATE, keep=keep)


def _material(job: Job, media: post.Media) -> Request:
    """Kept for ever: a cover has to be."""
    return _upload(job, "material/add_material", media, ("media_id", "url"), type="image")


def _inline(job: Job, media: post.Media) -> Request:
    """A picture in the text; as a material where the upload for that would not take it."""
    if media.kind == "gif" or (media.bytes or 0) > INLINE_BYTES:
        return _material(job, media)
    return _upload(job, "media/uploadimg", media, ("url",))


def _upload(job: Job, path: str, media: post.Media, keep: tuple[str, ...], **params: str) -> Request:
    return Request(
        "POST",
        f"{API}/{path}",
        params={**_auth(job.account.secrets), **params},
        files={"media": media},
        effect=Effect.PREPARE,
        keep=keep,
        timeout=30.0,
    )


def _call(whose: Account | dict[str, str], path: str, body: Json, **more: Any) -> Request:
    secrets = whose.secrets if isinstance(whose, Account) else whose
    return Request("POST", f"{API}/{path}", params=_auth(secrets), json=body, **more)


def _auth(secrets: dict[str, str]) -> dict[str, str]:
    return {"access_token": Secret(secrets["access_token"])}


def _picture(url: str) -> str:
    return f'<p><img src="{escape(url)}"></p>'


platform = WeChat()
