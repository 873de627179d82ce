"""WeCom: https://developer.work.weixin.qq.com/document/path/90930 and 90968 (read 2026-11-23).

A group's bot only speaks; it is an application of the same company that is told what people write to it. All is
encrypted, the handshake included.
"""

from chalicelib.callbacks.base import Forged, Incoming, Keys, Response
from chalicelib.callbacks.tencent import Tencent


class WeCom(Tencent):
    """What members write to an application of the company's own."""

    name = "wecom"
    title = "WeCom 企业微信"
    secrets = ("corp_id", "encoding_aes_key")
    receiver = "corp_id"
    setup = "work.weixin.qq.com: 应用管理, the application, 接收消息, 设置API接收; give its EncodingAESKey here as well"

    def challenge(self, call: Incoming, keys: Keys) -> Response:
        """What is encrypted in `echostr`."""
        try:
            return Response(body=self.decrypted(call, keys, call.param("echostr")).decode())
        except UnicodeDecodeError as no:
            raise Forged from no


callbacks = WeCom()
