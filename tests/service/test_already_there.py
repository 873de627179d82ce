"""A network that says "you have that already" about a post that a read-back did not see is believed, and read again."""

import json
from datetime import timedelta
from typing import Any

from chalicelib.core.conversation import Connected, Reply, Request
from chalicelib.core.errors import MaybeSent
from chalicelib.core.target import State
from chalicelib.ports import World
from chalicelib.service import connect, reading
from tests.service.conftest import Stage
from tests.service.sandbox_web import SandboxWeb

TEXT = "Nine o'clock, and all is well."
DUPLICATE = {"title": "Forbidden", "detail": "You are not allowed to create a Tweet with duplicate content."}


class LateTimeline(SandboxWeb):
    """X, which takes the first post without an answer, shows it only after a while, and takes nothing twice."""

    shown_after = timedelta(minutes=4)

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.posts: list[Any] = []

    def send(self, request: Request) -> Reply:
        """What X answers."""
        if request.url.endswith("/2/users/1/tweets"):
            seen = [post for at, post in self.posts if self.world.clock.now() - at > self.shown_after]
            return _reply(200, {"data": seen, "meta": {"result_count": len(seen)}})
        if not request.url.endswith("/2/tweets"):
            return super().send(request)
        if self.posts:
            return _reply(403, {**DUPLICATE, "type": "about:blank", "status": 403})
        now = self.world.clock.now()
        made = {"id": "2124790056139882009", "text": request.json["text"], "created_at": now.isoformat()}
        self.posts.append((now, made))
        raise MaybeSent("api.x.com: no answer")


def _reply(status: int, body: Any) -> Reply:
    return Reply(status, {"date": "Sun, 22 Nov 2026 09:00:00 GMT"}, json.dumps(body).encode())


def test_it_is_found_by_the_next_look_and_not_called_failed(stage: Stage) -> None:
    web = LateTimeline(stage.world)
    object.__setattr__(stage.world, "web", web)
    found = Connected("@brand", "1", "", {"access_token": "token"})
    account = connect.keep(stage.world, stage.workspace_id, "x", "Brand", found)
    post = stage.create(due_in=10, text=TEXT, targets=[{"account_id": account.id}])
    stage.let_pass(1200)

    (target,) = reading.post(stage.world, stage.workspace_id, post.post.id).targets
    assert (target.state, target.platform_post_id) == (State.PUBLISHED, "2124790056139882009")
    assert len(web.posts) == 1
