"""The sandbox network without HTTP: its own service code behind the `Web` port, on the virtual clock."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

from chalicelib.core.conversation import Reply, Request
from chalicelib.core.errors import MaybeSent, NotFound, NotSent
from chalicelib.ports import World
from chalicelib.service import sandbox


@dataclass(eq=False)
class SandboxWeb:
    """Answers what is asked of the sandbox's routes; can be unplugged."""

    world: World = field(init=False)
    down: bool = False
    sent: list[Request] = field(default_factory=list)

    def warm(self) -> None:
        """Nothing here takes time."""

    def objection(self, url: str) -> str | None:
        """Nothing is out of reach."""
        return None

    def send(self, request: Request) -> Reply:
        """The sandbox's answer, or a time-out where it takes longer than the caller waits."""
        self.sent.append(request)
        if self.down:
            raise NotSent("the sandbox is down")
        answer = self._answer(request)
        patience = min(answer.delay_seconds, request.timeout)
        self.world.clock.sleep_until(self.world.clock.now() + timedelta(seconds=patience))
        if answer.delay_seconds > request.timeout:
            raise MaybeSent("the sandbox did not answer in time")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        headers["date"] = format_datetime(self.world.clock.now(), usegmt=True)
        return Reply(answer.status, headers, json.dumps(answer.body).encode())

    def _measured(self, post_id: str) -> sandbox.SandboxReply:
        try:
            return sandbox.SandboxReply(200, sandbox.measured(self.world, post_id))
        except NotFound:
            return sandbox.SandboxReply(404, {"code": "not_found"})

    def _answer(self, request: Request) -> sandbox.SandboxReply:
        post_id = urlsplit(request.url).path.partition("/sandbox/v1/posts")[2]
        if post_id:
            return self._measured(post_id.removeprefix("/"))
        if request.method == "GET":
            found = sandbox.posts(self.world, request.params["account"], request.params.get("reference"))
            return sandbox.SandboxReply(200, {"data": found})
        token = request.headers["Authorization"].removeprefix("Bearer ")
        return sandbox.post(self.world, token, sandbox.SandboxPost.model_validate(request.json))
