"""Forged calls, ten thousand for every network: each is made of a good one that is accepted, and each is refused.

What proves a call is what signing added to it. Where a network does not sign the body, or only a part of it, nothing
else of the body can be proved, and nothing else is forged here: such calls are as good as the network made them.
"""

import dataclasses
import json
import random
import re
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from chalicelib.callbacks import callbacks
from chalicelib.callbacks.base import Forged, Incoming, Keys
from chalicelib.callbacks.signatures import FRESH
from chalicelib.service.receive import REFUSED, receive
from tests.callbacks.cases import Case, another, load, networks_that_call
from tests.callbacks.signing import SIGN

CASES = 10_000
THROUGH_THE_RECEIVER = 250

TIMED = frozenset(networks_that_call()) - {
    "douyin", "facebook", "instagram", "linkedin", "mastodon", "telegram", "threads", "x", "youtube"
}  # fmt: skip
"""Those that sign a time, too."""
BODY_IS_NOT_SIGNED = frozenset({"telegram", "weibo"})
"""A token, and a signature of time and nonce."""
SEALED = re.compile(rb"<!\[CDATA\[([A-Za-z0-9+/=]{40,})\]\]>")
"""All that WeChat and WeCom sign of a body that is encrypted."""
NOT_PROVEN = {"wechat": frozenset({"encrypt_type", "openid"})}
"""What comes along, and is no proof. Beside `msg_signature`, `signature` is none either."""
DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclasses.dataclass(frozen=True)
class Good:
    """A call that is accepted, and where in it the proof is."""

    case: Case
    call: Incoming
    proof: tuple[tuple[str, str], ...]
    """`headers` or `query`, and the name."""
    signed: range
    """The bytes of the body that are signed."""

    def value(self, part: tuple[str, str]) -> str:
        """What stands there."""
        where, name = part
        return str(getattr(self.call, where)[name][0])

    def put(self, part: tuple[str, str], *values: str) -> Incoming:
        """The call with something else there; without it where nothing is given."""
        where, name = part
        there = {one: given for one, given in getattr(self.call, where).items() if one != name}
        changed: Any = {where: {**there, name: values} if values else there}
        return dataclasses.replace(self.call, **changed)

    def with_body(self, body: bytes) -> Incoming:
        """The call with another body."""
        return dataclasses.replace(self.call, body=body)


Forge = Callable[[Good, random.Random], tuple[Incoming, Keys] | Incoming | None]
"""A way to forge; None where it makes nothing of this call."""


@cache
def good(network: str) -> tuple[Good, ...]:
    """Every call on file that tells of something and is signed here."""
    telling = [case for case in load(network) if {"seen", "unreadable"} & case.about.keys()]
    return tuple(_good(case) for case in telling if not case.about.get("as_is"))


def _good(case: Case) -> Good:
    call = case.call()
    plain = case.as_is.call()
    added = [
        (where, name)
        for where in ("headers", "query")
        for name in getattr(call, where)
        if name not in NOT_PROVEN.get(case.network, ())
        and (name not in getattr(plain, where) or case.network == "standard")
    ]
    if ("query", "msg_signature") in added and ("query", "signature") in added:
        added.remove(("query", "signature"))
    return Good(case, call, tuple(added), _signed(case, call))


def _signed(case: Case, call: Incoming) -> range:
    if ("query", "msg_signature") in [("query", name) for name in call.query]:
        found = SEALED.search(call.body)
        assert found, "what is encrypted stands in the body"
        return range(*found.span(1))
    if case.network in BODY_IS_NOT_SIGNED or case.network == "wechat":
        return range(0)
    return range(len(call.body))


def a_bit_of_the_body(call: Good, chance: random.Random) -> Incoming | None:
    if not call.signed:
        return None
    body = bytearray(call.call.body)
    body[chance.choice(call.signed)] ^= 1 << chance.randrange(8)
    return call.with_body(bytes(body))


def a_body_cut_short(call: Good, chance: random.Random) -> Incoming | None:
    return call.with_body(call.call.body[: chance.choice(call.signed)]) if call.signed else None


def a_body_with_more(call: Good, chance: random.Random) -> Incoming | None:
    if not call.signed:
        return None
    at, more = chance.choice(call.signed), bytes(chance.choices(b' {}[]",:0aA\n\0', k=chance.randrange(1, 9)))
    return call.with_body(call.call.body[:at] + more + call.call.body[at:])


def no_body(call: Good, chance: random.Random) -> Incoming | None:
    return call.with_body(b"") if call.signed and call.call.body else None


def the_same_json_in_other_bytes(call: Good, chance: random.Random) -> Incoming | None:
    if len(call.signed) != len(call.call.body) or not call.call.body.startswith((b"{", b"[")):
        return None
    try:
        said = json.loads(call.call.body)
    except ValueError:
        return None
    separators = chance.choice([(",", ":"), (", ", ": "), (" ,", ":"), (",", " : ")])
    body = json.dumps(
        said,
        separators=separators,
        ensure_ascii=chance.random() < 0.5,
        sort_keys=chance.random() < 0.5,
        indent=chance.choice([None, 0, 1, 2, 4]),
    )
    return call.with_body(body.encode(errors="surrogatepass"))


def a_bit_of_the_proof(call: Good, chance: random.Random) -> Incoming:
    part = chance.choice(call.proof)
    letters = list(call.value(part))
    at = chance.randrange(len(letters))
    letters[at] = chr(ord(letters[at]) ^ 1 << chance.randrange(7))
    return call.put(part, "".join(letters))


def a_proof_cut_short(call: Good, chance: random.Random) -> Incoming:
    part = chance.choice(call.proof)
    value = call.value(part)
    at = chance.randrange(len(value))
    return call.put(part, value[:at] if chance.random() < 0.5 else value[at + 1 :])


def a_proof_with_more(call: Good, chance: random.Random) -> Incoming:
    part = chance.choice(call.proof)
    value, more = call.value(part), chance.choice(["\n", "\t", "0", "=", "\0", ",", "\ud800", "é", "\u200b"])
    if part[1] != "webhook-signature":  # a list of signatures, with spaces between
        more = chance.choice([" ", more])
    at = chance.choice([0, len(value), chance.randrange(len(value))])
    return call.put(part, value[:at] + more + value[at:])


def a_proof_of_something_else(call: Good, chance: random.Random) -> Incoming:
    return call.put(
        chance.choice(call.proof), "".join(chance.choices("0123456789abcdef", k=chance.choice([1, 40, 64])))
    )


def no_proof(call: Good, chance: random.Random) -> Incoming:
    part = chance.choice(call.proof)
    return call.put(part) if chance.random() < 0.5 else call.put(part, "")


def a_doubled_proof(call: Good, chance: random.Random) -> Incoming:
    part = chance.choice(call.proof)
    other = chance.choice([call.value(part), "", "x", call.value(part)[::-1]])
    return call.put(part, *chance.sample([call.value(part), other], 2))


def letters_of_the_other_case(call: Good, chance: random.Random) -> Incoming:
    part = chance.choice(call.proof)
    value = call.value(part)
    if chance.random() < 0.3:
        return call.put(part, chance.choice([value.upper(), value.lower(), value.swapcase()]))
    return call.put(part, "".join(one.swapcase() if chance.random() < 0.2 else one for one in value))


def digits_of_another_script(call: Good, chance: random.Random) -> Incoming:
    part = chance.choice(call.proof)
    return call.put(part, call.value(part).translate(chance.choice([DIGITS, WIDE])))


def a_time_moved(call: Good, chance: random.Random) -> Incoming | None:
    """What was signed long ago, or will be; the clock is ours."""
    if call.case.network not in TIMED:
        return None
    beyond = FRESH.total_seconds() + chance.choice([1, 2, 60, 3600, 86_400, 10_000_000]) * chance.uniform(1, 3)
    moved = timedelta(seconds=chance.choice([-1, 1]) * beyond)
    return dataclasses.replace(call.call, at=call.call.at + moved)


def letters_moved_between_parts(call: Good, chance: random.Random) -> Incoming | None:
    """Where parts are signed one after the other, with nothing between them."""
    if len(call.proof) < 2:
        return None
    one, other = chance.sample(call.proof, 2)
    many = chance.randrange(1, len(call.value(one)) + 1)
    left, gone = call.value(one)[:-many], call.value(one)[-many:]
    moved = chance.choice([gone + call.value(other), call.value(other) + gone])
    return dataclasses.replace(call, call=call.put(one, left or " ")).put(other, moved)


def the_proof_of_another_call(call: Good, chance: random.Random) -> Incoming | None:
    """A good signature again, under what it was not made for; or the other call's id or time for this one's."""
    other = chance.choice(good(call.case.network))
    if other.call.body == call.call.body or other.proof != call.proof:
        return None
    if call.signed and chance.random() < 0.5:
        return dataclasses.replace(other.call, body=call.call.body, at=call.call.at)
    later = SIGN[call.case.network](
        dataclasses.replace(call.case.call(), at=call.call.at + timedelta(seconds=chance.randrange(1, 99)), body=b"{}"),
        call.case.secrets,
    )
    part = chance.choice(call.proof)
    return call.put(part, *getattr(later, part[0])[part[1]])


def the_signature_of_another_network(call: Good, chance: random.Random) -> Incoming:
    """Its way of signing, with all of our secrets under its names."""
    secret, network = (
        chance.choice(list(call.case.secrets.values())),
        chance.choice(sorted(SIGN.keys() - HARD_TO_MIMIC)),
    )
    keys = dict.fromkeys(NAMES, secret if network != "standard" else "whsec_" + "A" * 32)
    signed = SIGN[network](dataclasses.replace(call.call, headers={}, query={}), keys)
    proofs = [value for values in (*signed.headers.values(), *signed.query.values()) for value in values]
    return call.put(chance.choice(call.proof), max(proofs, key=len))


HARD_TO_MIMIC = frozenset({"feishu", "wechat", "wecom"})
"""They change the body as well."""
NAMES = frozenset().union(*(case.secrets.keys() for name in networks_that_call() for case in load(name)[:1]))


def another_tenants_secret(call: Good, chance: random.Random) -> tuple[Incoming, Keys]:
    keys = {name: _turned(secret, chance) for name, secret in call.case.secrets.items()}
    return call.call, keys


def an_empty_secret(call: Good, chance: random.Random) -> tuple[Incoming, Keys]:
    """Signed with nothing, for a callback that has nothing to compare it with."""
    proving = [name for name in call.case.secrets if _signs(call, name)]
    if not proving or chance.random() < 0.3:
        return call.call, chance.choice([{}, dict.fromkeys(call.case.secrets, "")])
    keys = {**call.case.secrets, chance.choice(proving): ""}
    try:
        return SIGN[call.case.network](call.case.as_is.call(), keys), keys
    except ValueError:  # nothing can be encrypted with nothing
        return call.call, keys


def _signs(call: Good, name: str) -> bool:
    """Whether it takes this secret to sign."""
    try:
        SIGN[call.case.network](
            call.case.as_is.call(), {one: value for one, value in call.case.secrets.items() if one != name}
        )
    except KeyError:
        return True
    return False


def _turned(secret: str, chance: random.Random) -> str:
    """A secret of the same form: some letters are others."""
    prefix = "whsec_" if secret.startswith("whsec_") else ""
    letters = list(secret.removeprefix(prefix))
    for at in chance.sample(range(len(letters) - 2), min(3, len(letters) - 2)):
        letters[at] = another(letters[at])
    return prefix + "".join(letters)


WAYS: tuple[Forge, ...] = (
    a_bit_of_the_body,
    a_bit_of_the_body,
    a_body_cut_short,
    a_body_with_more,
    no_body,
    the_same_json_in_other_bytes,
    a_bit_of_the_proof,
    a_bit_of_the_proof,
    a_proof_cut_short,
    a_proof_with_more,
    a_proof_of_something_else,
    no_proof,
    a_doubled_proof,
    letters_of_the_other_case,
    digits_of_another_script,
    a_time_moved,
    letters_moved_between_parts,
    the_proof_of_another_call,
    the_signature_of_another_network,
    another_tenants_secret,
    an_empty_secret,
)


@cache
def forgeries(network: str) -> tuple[tuple[str, Good, Incoming, Keys], ...]:
    """The forged calls: how, of which, and the secrets of the callback that they are sent to."""
    chance, calls, made = random.Random(network), good(network), list[tuple[str, Good, Incoming, Keys]]()
    number = 0
    while len(made) < CASES:
        way, call = WAYS[number % len(WAYS)], chance.choice(calls)
        number += 1
        forged = way(call, chance)
        forged, keys = forged if isinstance(forged, tuple) else (forged, call.case.secrets)
        if forged is not None and (forged != call.call or keys != call.case.secrets):
            made.append((way.__name__, call, forged, keys))
    return tuple(made)


@pytest.mark.parametrize("network", networks_that_call())
def test_what_is_forged_is_made_of_calls_that_are_accepted(network: str) -> None:
    how = callbacks(network)
    assert good(network)
    for call in good(network):
        assert how.verified(call.call, call.case.secrets)
        assert call.proof


@pytest.mark.parametrize("network", networks_that_call())
def test_no_forged_call_is_taken_for_the_networks(network: str) -> None:
    how, accepted = callbacks(network), list[str]()
    for way, _, call, keys in forgeries(network):
        try:
            how.verified(call, keys)
        except Forged:
            continue
        accepted.append(f"{way}: {call}")
    assert accepted == []


@pytest.mark.parametrize("network", networks_that_call())
def test_ways_to_forge_are_all_tried(network: str) -> None:
    tried = {way for way, *_ in forgeries(network)}
    missing = {way.__name__ for way in WAYS} - tried
    assert missing <= _impossible(network)


def _impossible(network: str) -> set[str]:
    """What cannot be forged of such calls, because nothing of it is signed, or there is only one part."""
    body = {a_bit_of_the_body, a_body_cut_short, a_body_with_more, no_body}
    found: set[Forge] = set() if any(call.signed for call in good(network)) else {*body, the_same_json_in_other_bytes}
    found |= set() if network in TIMED else {a_time_moved}
    found |= {letters_moved_between_parts} if all(len(call.proof) < 2 for call in good(network)) else set()
    found |= {the_proof_of_another_call} if network == "telegram" else set()
    found |= {the_same_json_in_other_bytes} if network in ("wechat", "wecom", "youtube") else set()
    return {way.__name__ for way in found}


@pytest.mark.parametrize("network", networks_that_call())
def test_every_forged_call_has_the_same_answer(network: str) -> None:
    for _, good_call, call, keys in random.Random(7).sample(forgeries(network), THROUGH_THE_RECEIVER):
        world, account_id = dataclasses.replace(
            good_call.case, about={**good_call.case.about, "secrets": dict(keys)}
        ).stage()
        assert receive(world, network, account_id, call) == REFUSED
        assert world.heard.receive() == []
