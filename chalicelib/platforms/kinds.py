"""Networks of a kind: those where a person publishes, and those that take messages and say nothing of them."""

from abc import abstractmethod
from datetime import timedelta
from typing import ClassVar

from chalicelib.core.account import Account
from chalicelib.core.conversation import (
    Bundle,
    Connected,
    Conversation,
    Idempotency,
    Job,
    Published,
    Reply,
    Request,
    Safety,
)
from chalicelib.core.errors import Limited, PlatformAnswer, ReconnectNeeded, Rejected, Transient
from chalicelib.platforms.base import Auth, Platform
from chalicelib.platforms.words import answered_at, in_envelope, needed, speaking


class Assisted(Platform):
    """A network without an API for posts: a person publishes what we get ready."""

    publishing = "assisted"
    auth = Auth("none", ("handle",))
    tested = "nothing is sent"
    where: ClassVar[str] = ""
    """Where its authors write, by habit."""
    shares: ClassVar[bool] = False
    """Whether its app can be opened with a bundle under a share id, and its callback tells what became of that."""

    def bundle(self, job: Job) -> Bundle:
        """The post, as the person needs it."""
        rendition = job.rendition
        marked = [one.value for part in rendition.parts for one in part.markup if one.type == "hashtag"]
        tags = dict.fromkeys(tag.strip("#") for tag in (*rendition.tags, *marked))
        return Bundle(
            "\n\n".join(part.wire or part.text for part in rendition.parts),
            rendition.title,
            tuple(media.url for part in rendition.parts for media in part.media),
            tuple(tags),
            rendition.card.url if rendition.card else None,
            rendition.first_comment,
            self.where,
        )

    def idempotency(self, account: Account) -> Idempotency:
        """Nothing is sent, so nothing is safe to repeat."""
        return Idempotency(Safety.NONE, readable=False)

    def connect(self, host: str, credentials: dict[str, str]) -> Conversation[Connected]:
        """There is nothing to check: an account is what a person calls it."""
        (handle,) = needed(credentials, "handle")
        return Connected(handle, handle)
        yield

    def publish(self, job: Job) -> Conversation[Published]:
        """Refused: that is for a person."""
        raise Rejected("assisted", f"{self.title} takes posts from people only: publish by hand what is got ready")
        yield

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Not possible."""
        raise NotImplementedError(f"{self.name} cannot be read")
        yield


class OneWay(Platform):
    """A group's bot: its address takes messages, and gives no ids, nothing to read, and nothing to take back."""

    envelope: ClassVar[str] = "errcode"
    """Where an answer says how it went; 0 is well."""
    message: ClassVar[str] = "errmsg"
    pause: ClassVar[timedelta] = timedelta(minutes=1)
    """How long a bot that was too fast is not heard."""

    def idempotency(self, account: Account) -> Idempotency:
        """Nobody can find out whether a message arrived but the people in the group."""
        return Idempotency(Safety.NONE, readable=False)

    def refusal(self, reply: Reply) -> PlatformAnswer | None:
        """By the envelope's code."""
        no = in_envelope(self.errors, reply, self.envelope, self.message)
        if isinstance(no, Limited) and no.until is None and (at := answered_at(reply)):
            return Limited(no.code, no.message, at + self.pause)
        return no

    def publish(self, job: Job) -> Conversation[Published]:
        """One message after the other, once all are ready. The ids are ours: the network gives none."""
        ready = yield from self.requests(job)
        for request in ready:
            self.good((yield request))[self.envelope]
        ids = tuple(job.key(number) for number in range(len(ready)))
        return Published(ids[0], None, ids)

    @abstractmethod
    def requests(self, job: Job) -> Conversation[list[Request]]:
        """Every message as the request that sends it."""

    def find(self, job: Job, part: int) -> Conversation[Reply | None]:
        """Not possible."""
        raise NotImplementedError(f"{self.name} cannot be read")
        yield

    def probed(self, request: Request) -> Conversation[PlatformAnswer]:
        """What the address says to a message of no kind, which nobody will see: that it is wrong, if all is well."""
        with speaking(self.title):
            reply = yield request
            no = self.refusal(reply)
            if isinstance(no, Limited | Transient):
                raise no
            if isinstance(no, ReconnectNeeded):
                raise Rejected(no.code, no.message)
            reply.json[self.envelope]
            return no or Rejected("0")
