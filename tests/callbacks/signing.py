"""Signs calls as the networks do, each by its own documents and without the product's code; times are the calls'."""

import base64
import dataclasses
import hashlib
import hmac
import json
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.callbacks.base import Incoming
from tests.callbacks import sealing

Sign = Callable[[Incoming, dict[str, str]], Incoming]


def with_headers(call: Incoming, **headers: str) -> Incoming:
    """The call with more headers; `_` in a name stands for `-`."""
    more = {name.replace("_", "-"): (value,) for name, value in headers.items()}
    return dataclasses.replace(call, headers={**call.headers, **more})


def with_query(call: Incoming, **query: str) -> Incoming:
    """The call with more in its address."""
    return dataclasses.replace(call, query={**call.query, **{name: (value,) for name, value in query.items()}})


def seconds(call: Incoming) -> str:
    """When the call is sent, in seconds since 1970."""
    return str(int(call.at.timestamp()))


def mac(secret: str | bytes, said: bytes, algorithm: str = "sha256") -> hmac.HMAC:
    """An HMAC."""
    return hmac.new(secret.encode() if isinstance(secret, str) else secret, said, algorithm)


def x(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://docs.x.com/x-api/webhooks/introduction"""
    said = base64.b64encode(mac(keys["consumer_secret"], call.body).digest()).decode()
    return with_headers(call, x_twitter_webhooks_signature=f"sha256={said}")


def standard(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""
    id = call.headers.get("webhook-id", ("msg_1",))[0]
    key = base64.b64decode(keys["signing_secret"].removeprefix("whsec_"))
    said = mac(key, f"{id}.{seconds(call)}.".encode() + call.body).digest()
    signature = f"v1,{base64.b64encode(said).decode()}"
    return with_headers(call, webhook_id=id, webhook_timestamp=seconds(call), webhook_signature=signature)


def meta(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads"""
    return with_headers(call, x_hub_signature_256=f"sha256={mac(keys['app_secret'], call.body).hexdigest()}")


def wechat(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.md"""
    signature = sealing.sorted_sha1(keys["token"], seconds(call), "n1")
    plain = with_query(call, signature=signature, timestamp=seconds(call), nonce="n1", openid="o1")
    if "encoding_aes_key" not in keys:
        return plain
    return _encrypted(with_query(plain, encrypt_type="aes"), keys, keys["app_id"])


def wecom(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://developer.work.weixin.qq.com/document/path/90968"""
    return _encrypted(with_query(call, timestamp=seconds(call), nonce="n1"), keys, keys["corp_id"])


def _encrypted(call: Incoming, keys: dict[str, str], receiver: str) -> Incoming:
    sealed = sealing.tencent(call.body, keys["encoding_aes_key"], receiver)
    signature = sealing.sorted_sha1(keys["token"], seconds(call), "n1", sealed)
    body = f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    return dataclasses.replace(with_query(call, msg_signature=signature), body=body.encode())


def weibo(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://open.weibo.com/wiki/Messages_api_start"""
    milliseconds = f"{seconds(call)}250"
    signature = sealing.sorted_sha1(keys["app_secret"], milliseconds, "n1")
    return with_query(call, signature=signature, timestamp=milliseconds, nonce="n1")


def douyin(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://developer.open-douyin.com/docs/resource/zh-CN/dop/develop/webhooks/summarize"""
    said = hashlib.sha1(keys["client_secret"].encode() + call.body, usedforsecurity=False)
    return with_headers(call, x_douyin_signature=said.hexdigest())


def bilibili(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://bilibili.apifox.cn/doc-885734"""
    signed = {
        "x-bili-accesskeyid": "34c0f583f0414123",
        "x-bili-content-md5": hashlib.md5(call.body, usedforsecurity=False).hexdigest(),
        "x-bili-signature-method": "HMAC-SHA256",
        "x-bili-signature-nonce": "n1",
        "x-bili-signature-version": "2.0",
        "x-bili-timestamp": seconds(call),
    }
    said = mac(keys["app_secret"], "\n".join(f"{name}:{value}" for name, value in signed.items()).encode()).hexdigest()
    return with_headers(call, **signed, authorization=said)


def feishu(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://open.larkoffice.com/document/ukTMukTMukTM/uYDNxYjL2QTM24iN0EjN/event-subscription-configure-/"""
    body = json.dumps({"encrypt": sealing.feishu(call.body, keys["encrypt_key"])}).encode()
    said = hashlib.sha256(f"{seconds(call)}n1{keys['encrypt_key']}".encode() + body).hexdigest()
    signed = with_headers(
        call, x_lark_request_timestamp=seconds(call), x_lark_request_nonce="n1", x_lark_signature=said
    )
    return dataclasses.replace(signed, body=body)


def linkedin(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://learn.microsoft.com/linkedin/shared/api-guide/webhook-validation: the word goes before what is signed."""
    said = mac(keys["client_secret"], b"hmacsha256=" + call.body).hexdigest()
    return with_headers(call, x_li_signature=said)


def tiktok(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://developers.tiktok.com/doc/webhooks-verification"""
    said = mac(keys["client_secret"], f"{seconds(call)}.".encode() + call.body).hexdigest()
    return with_headers(call, tiktok_signature=f"t={seconds(call)},s={said}")


def youtube(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://www.w3.org/TR/websub/#signature-validation"""
    return with_headers(call, x_hub_signature=f"sha1={mac(keys['hub_secret'], call.body, 'sha1').hexdigest()}")


def telegram(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://core.telegram.org/bots/api#setwebhook"""
    return with_headers(call, x_telegram_bot_api_secret_token=keys["secret_token"])


def slack(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    said = mac(keys["signing_secret"], f"v0:{seconds(call)}:".encode() + call.body).hexdigest()
    return with_headers(call, x_slack_request_timestamp=seconds(call), x_slack_signature=f"v0={said}")


DISCORD = "a6fbf9fc39e1cd92a49b2e6860095d34a9047319ddd56904792e428da60f901b"
"""The public key on file."""


def discord(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://docs.discord.com/developers/interactions/overview, with the private key to the public one on file.

    The private key to any other is not known: such calls are signed with one that does not belong to it.
    """
    word = "discord" if keys["public_key"] == DISCORD else keys["public_key"]
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest())
    said = private.sign(seconds(call).encode() + call.body).hex()
    return with_headers(call, x_signature_timestamp=seconds(call), x_signature_ed25519=said)


def mastodon(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://docs.joinmastodon.org/admin/webhooks/"""
    return with_headers(call, x_hub_signature=f"sha256={mac(keys['secret'], call.body).hexdigest()}")


def ghost(call: Incoming, keys: dict[str, str]) -> Incoming:
    """https://github.com/TryGhost/Ghost, core/server/services/webhooks/webhook-trigger.js"""
    now = str(int(call.at.timestamp() * 1000))
    said = mac(keys["secret"], call.body + now.encode()).hexdigest()
    return with_headers(call, x_ghost_signature=f"sha256={said}, t={now}")


SIGN: dict[str, Sign] = {
    "bilibili": bilibili,
    "discord": discord,
    "douyin": douyin,
    "facebook": meta,
    "feishu": feishu,
    "ghost": ghost,
    "instagram": meta,
    "linkedin": linkedin,
    "mastodon": mastodon,
    "slack": slack,
    "standard": standard,
    "telegram": telegram,
    "threads": meta,
    "tiktok": tiktok,
    "wechat": wechat,
    "wecom": wecom,
    "weibo": weibo,
    "x": x,
    "youtube": youtube,
}
"""How the calls of each network are signed."""
