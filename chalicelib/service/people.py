"""People, as we may know them: by stand-ins, under a key of the workspace's own.

What a network needs, so that a person can be answered, is sealed under the same key, always in the same way: so it
can name a row, and nobody reads it in the table.
"""

import dataclasses
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.core.engagement import Seen, actor_hash, digest
from chalicelib.core.inbox import InboxItem
from chalicelib.core.rendition import Rendition, ReplyTo
from chalicelib.ports import World
from chalicelib.service import engaged

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

SEALED = "sealed."


class Trace(NamedTuple):
    """What somebody is known by in an account's rows."""

    person: str
    """Their stand-in."""
    name: str
    """Their name, sealed: a private conversation bears it."""


@dataclass(frozen=True)
class People:
    """How a workspace knows people."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, world: World, workspace_id: str) -> "People":
        """With the workspace's key, which is made at its first use."""
        return cls(engaged.actors_key(world, workspace_id))

    def hash(self, platform: str, actor: str) -> str:
        """Who did something, for nobody to know."""
        return actor_hash(self.key, platform, actor)

    def trace(self, platform: str, actor: str) -> Trace:
        """What somebody is known by."""
        return Trace(self.hash(platform, actor), self.sealed(actor))

    def mark(self, person: str) -> str:
        """What recognises somebody who was erased, whose own stand-in is kept nowhere."""
        return actor_hash(self.key, "erased", person)

    def raw_id(self, account_id: str, seen: Seen) -> str:
        """What recognises an event."""
        return digest(self.key, account_id, seen)

    def masked(self, seen: Seen) -> Seen:
        """What was seen, fit to be stored: some conversations and addresses bear the name of the other side."""
        thing, url = seen.thing, seen.url
        if thing and seen.kind == "message":
            thing = self.sealed(thing)
        if url and seen.actor and seen.actor in url:
            url = self.sealed(url)
        ref = {name: self.sealed(value) for name, value in seen.ref.items()}
        return dataclasses.replace(seen, thing=thing, url=url, ref=ref)

    def hidden(self, about: ReplyTo) -> ReplyTo:
        """Whom an answer answers, fit to be stored."""
        thing = self.sealed(about.thing) if about.kind == "message" else about.thing
        ref = {name: self.sealed(value) for name, value in about.ref.items()}
        return dataclasses.replace(about, thing=thing, ref=ref)

    def plain(self, item: InboxItem) -> InboxItem:
        """An item of the inbox as its network knows it, to answer it; never to be stored."""
        ref = {name: self.opened(value) for name, value in item.ref.items()}
        url = self.opened(item.url) if item.url else None
        return dataclasses.replace(item, thing=self.opened(item.thing), url=url, ref=ref)

    def sealed(self, text: str) -> str:
        """The text for nobody to read; the same text gives the same."""
        said = self._cipher.encrypt(text.encode(errors="surrogatepass"), None)
        return SEALED + urlsafe_b64encode(said).decode().rstrip("=")

    def opened(self, text: str) -> str:
        """What was sealed; any other text is itself."""
        if not text.startswith(SEALED):
            return text
        said = text.removeprefix(SEALED)
        plain = self._cipher.decrypt(urlsafe_b64decode(said + "=" * (-len(said) % 4)), None)
        return plain.decode(errors="surrogatepass")

    @cached_property
    def _cipher(self) -> "AESSIV":
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # only where there is something to seal

        return AESSIV(hashlib.sha512(b"carillon: what answers a person\n" + self.key).digest())


def addressed(world: World, workspace_id: str, rendition: Rendition) -> Rendition:
    """An answer with whom it answers, as its network knows them: never to be stored. Any other stays as it is."""
    about = rendition.reply_to
    if about is None:
        return rendition
    people = People.of(world, workspace_id)
    ref = {name: people.opened(value) for name, value in about.ref.items()}
    plain = dataclasses.replace(about, thing=people.opened(about.thing), ref=ref)
    return dataclasses.replace(rendition, reply_to=plain)
