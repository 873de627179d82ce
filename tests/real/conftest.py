"""Servers that are run from Debian's packages, and one service that publishes to all of them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from email.message import Message
from typing import Generic, Protocol, TypeVar

import pytest

from infra.emulator import HOST
from infra.local import running_service
from tests.e2e.tenant import Json, Tenant, tenant
from tests.real.bad_line import BadLine, Loss, Named, bad_line
from tests.real.debian_packages import Unavailable
from tests.real.mastodon_server import Account, MastodonServer, running_server
from tests.real.pictures import served
from tests.real.wordpress_site import WordPressSite, running_site


class Server(Protocol):
    """What is somewhere."""

    @property
    def place(self) -> str:
        """Its `host:port`."""


S = TypeVar("S", bound=Server)


@dataclass(frozen=True)
class Reached(Generic[S]):
    """A server, and another way to it, on which something may get lost."""

    server: S
    line: BadLine


@dataclass(frozen=True)
class Neighbours:
    """The servers, or why this machine cannot have them."""

    site: Reached[WordPressSite] | Unavailable
    server: Reached[MastodonServer] | Unavailable

    @property
    def places(self) -> list[str]:
        """Where they are, by every way."""
        there = [one for one in (self.site, self.server) if not isinstance(one, Unavailable)]
        return [place for one in there for place in (one.server.place, one.line.url.removeprefix("http://"))]


@pytest.fixture(scope="session")
def pictures() -> Iterator[str]:
    """Where a picture is served."""
    with served() as url:
        yield url


@pytest.fixture(scope="session")
def neighbours() -> Iterator[Neighbours]:
    with ExitStack() as stack:
        yield Neighbours(
            reached(stack, running_site, id_of_published_draft), reached(stack, running_server, key_of_status)
        )


def reached(stack: ExitStack, start: Callable[[], AbstractContextManager[S]], named: Named) -> Reached[S] | Unavailable:
    """A server and the line to it, or why this machine cannot have it."""
    try:
        server = stack.enter_context(start())
    except Unavailable as reason:
        return reason
    return Reached(server, stack.enter_context(bad_line(server.place, HOST, named)))


def id_of_published_draft(path: str, _: Message, body: bytes) -> str | None:
    """The id of the draft that a request publishes."""
    posts, _slash, identity = path.rpartition("/")
    return identity if posts == "/wp-json/wp/v2/posts" and b'"publish"' in body else None


def key_of_status(path: str, headers: Message, _: bytes) -> str | None:
    """The idempotency key of the status that a request makes."""
    return headers["Idempotency-Key"] if path == "/api/v1/statuses" else None


@pytest.fixture(scope="session")
def wordpress(neighbours: Neighbours) -> Reached[WordPressSite]:
    return there(neighbours.site, "WordPress")


@pytest.fixture(scope="session")
def mastodon(neighbours: Neighbours) -> Reached[MastodonServer]:
    return there(neighbours.server, "a server of Mastodon's family")


def there(found: Reached[S] | Unavailable, what: str) -> Reached[S]:
    """What was found; what this machine cannot have stays untested, and `make test-real` ends by saying so."""
    if isinstance(found, Unavailable):
        pytest.skip(f"NOT TESTED against {what}: {found}")
    return found


@pytest.fixture(scope="session")
def owner(neighbours: Neighbours, pictures: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    """Who publishes, at a service of their own that may call the servers."""
    places = ",".join([*neighbours.places, pictures.removeprefix("http://")])
    with (
        running_service(tmp_path_factory.mktemp("service"), {"AllowedPrivateHosts": places}) as service,
        tenant(service.url, service.workspace_id, service.key) as owner,
    ):
        yield owner


@pytest.fixture(scope="session")
def lost_on_mastodon(owner: Tenant, mastodon: Reached[MastodonServer]) -> dict[Loss, tuple[Account, Json]]:
    """A post whose answer was lost, and one that was lost itself, by their authors; they rest meanwhile."""
    losing: tuple[Loss, ...] = ("answer", "request")
    return {what: losing_once(owner, mastodon, what) for what in losing}


def losing_once(owner: Tenant, mastodon: Reached[MastodonServer], what: Loss) -> tuple[Account, Json]:
    """A post and its author, once this was lost of it."""
    author = mastodon.server.create_account(f"lost{what}")
    where = {"host": mastodon.line.url, "credentials": {"access_token": author.token}}
    account = owner.connect(platform="mastodon", name="Bell tower", **where)
    mastodon.line.lose(what, of_put=1)
    post = owner.post([account["id"]], text=f"九点钟了 https://example.org/?a=1&b=2 {what} <lost>", publish="now")
    owner.once(post, lambda _: bool(mastodon.line.puts))
    return author, post
