"""WeChat Official Account: https://developers.weixin.qq.com/doc/subscription/guide/dev/push/, read 2026-11-23.

With an EncodingAESKey every call must be encrypted and signed as a whole by `msg_signature`. Without, `signature`
covers only the token and when it was sent, and not what is said: whoever has seen one call can say anything for five
minutes. WeChat tells nothing of likes, reads and comments.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from chalicelib.callbacks.base import Incoming, Keys, Response, Told
from chalicelib.callbacks.signatures import fresh, needed, same, sorted_sha1
from chalicelib.callbacks.tencent import Tencent
from chalicelib.core.engagement import Seen

PUBLISHED, DELETED, BANNED = "0", "5", "6"
"""https://developers.weixin.qq.com/doc/offiaccount/Publish/Callback_on_finish.html, read 2026-11-23."""
SENT = frozenset({"send success", "sendsuccess"})


class WeChat(Tencent):
    """Messages, following, and what became of articles."""

    name = "wechat"
    title = "WeChat 微信公众号"
    secrets = ("app_id", "encoding_aes_key?")
    receiver = "app_id"
    setup = (
        "mp.weixin.qq.com: 设置与开发, 基本配置, 服务器配置; choose 安全模式 and give its EncodingAESKey here as well"
    )

    def challenge(self, call: Incoming, keys: Keys) -> Response:
        """`echostr`, whatever the mode."""
        _signed(call, keys)
        return Response(body=call.param("echostr"))

    def verified(self, call: Incoming, keys: Keys) -> bytes:
        """Encrypted where there is a key for it, and nothing else then; as it is where there is none."""
        if keys.get("encoding_aes_key"):
            return super().verified(call, keys)
        _signed(call, keys)
        return call.body

    def thanks(self, told: Told, keys: Keys) -> Response:
        """What keeps WeChat from calling again."""
        return Response(body="success")

    def happened(self, event: Any, id: str, at: datetime) -> Iterator[Seen]:
        """An article was published, taken away, or sent to followers."""
        if event["Event"] == "PUBLISHJOBFINISH":
            job = event["PublishEventInfo"]
            article, status = str(job.get("article_id", "")).strip(), str(job["publish_status"])
            if article and status == PUBLISHED:
                yield Seen("published", id, at, article, url=_first(job["article_detail"]["item"])["article_url"])
            elif article and status in (DELETED, BANNED):
                yield Seen("removed", id, at, article)
        elif event["Event"] == "MASSSENDJOBFINISH" and event["Status"] in SENT:
            sent = event.get("ArticleUrlResult") or {}
            items = (sent.get("ResultList") or {}).get("item")
            yield Seen("published", id, at, url=_first(items)["ArticleUrl"] if items else None)


def _signed(call: Incoming, keys: Keys) -> None:
    timestamp = call.param("timestamp")
    same(call.param("signature"), sorted_sha1(needed(keys, "token"), timestamp, call.param("nonce")))
    fresh(timestamp, call.at)


def _first(items: Any) -> Any:
    """Of one article there is one item, of several a list."""
    return items[0] if isinstance(items, list) else items


callbacks = WeChat()
