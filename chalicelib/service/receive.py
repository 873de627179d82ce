"""The receiver of callbacks: make sure that it is the network, queue what it says, and thank it; read it later.

Whatever is wrong with a call is answered alike, so that nobody learns which accounts there are, or
what was nearly right.
"""

import json
import logging
import zlib
from base64 import b64encode

from chalicelib.callbacks import callbacks, names
from chalicelib.callbacks.base import Callbacks, Forged, Incoming, Keys, Response, Told
from chalicelib.core.timing import stamp
from chalicelib.ports import Heard, World
from chalicelib.service.callback_secrets import Opened, opened

log = logging.getLogger(__name__)

MOST_BYTES = 256 * 1024
REFUSED = Response(401, '{"error":"unauthorized"}', "application/json")
TOO_LARGE = Response(413, '{"error":"too_large"}', "application/json")


def receive(world: World, network: str, account_id: str, call: Incoming) -> Response:
    """The answer to a network's call; a success only once what was said is in the queue."""
    if len(call.body) > MOST_BYTES:
        return TOO_LARGE
    found = opened(world, account_id, network) if network in names() and _is_id(account_id) else None
    if found is None or not found.keys:
        return REFUSED
    how = callbacks(network)
    for keys in found.keys:
        try:
            return _answered(world, how, found, account_id, keys, call)
        except Forged:
            continue
    log.warning("callback_refused", extra={"network": network, "account": account_id})
    return REFUSED


def _answered(world: World, how: Callbacks, found: Opened, account_id: str, keys: Keys, call: Incoming) -> Response:
    if call.method == "GET":
        return how.challenge(call, keys)
    body = how.verified(call, keys)
    kept = {name: call.headers[name][0] for name in how.keeps if call.headers.get(name)}
    told = Told(body, kept, call.at)
    if greeting := how.greeting(told, keys):
        return greeting
    packed = b64encode(zlib.compress(body)).decode()
    heard = Heard(found.workspace_id, account_id, how.name, stamp(call.at), json.dumps(kept), packed)
    world.heard.send([(heard, 0)])
    return how.thanks(told, keys)


def _is_id(text: str) -> bool:
    return text.isascii() and text.replace("_", "").isalnum()
