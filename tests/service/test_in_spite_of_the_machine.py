"""A person's wish is not lost to a step that the machine takes with a target at the same moment."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.errors import Stale
from chalicelib.core.post import NewPost, NewTarget, PostPatch
from chalicelib.core.timing import stamp
from chalicelib.ports import Delete, Put
from chalicelib.service import compose, connect, steer
from tests.fakes import FakeTable, FakeWorld, world


class Interrupted(FakeTable):
    """A table in which somebody else is first, so many times."""

    times = 0

    def write(self, *writes: Put | Delete) -> None:
        if self.times:
            self.times -= 1
            raise Stale("somebody else changed this first")
        super().write(*writes)


def planned() -> tuple[FakeWorld, str]:
    here = world(table=Interrupted())
    account = connect.connect(here, "ws_1", connect.NewAccount(platform="sandbox", name="one"))
    due: Any = stamp(here.clock.now() + timedelta(hours=1))
    new = NewPost(text="ding", targets=(NewTarget(account_id=account.id),), scheduled_at=due)
    return here, compose.create(here, "ws_1", new).post.id


@pytest.mark.parametrize("times", [1, 3])
def test_it_is_tried_again(times: int) -> None:
    here, post_id = planned()
    here.table.times = times  # type: ignore[attr-defined]
    edited = compose.edit(here, "ws_1", post_id, PostPatch(text="dong"))
    assert edited.post.content.text == "dong"
    here.table.times = times  # type: ignore[attr-defined]
    assert steer.cancel(here, "ws_1", post_id).status == "cancelled"
    here.table.times = times  # type: ignore[attr-defined]
    compose.delete(here, "ws_1", post_id)


def test_but_not_for_ever_and_not_where_another_version_was_meant() -> None:
    here, post_id = planned()
    here.table.times = 99  # type: ignore[attr-defined]
    with pytest.raises(Stale):
        compose.edit(here, "ws_1", post_id, PostPatch(text="dong"))
    assert here.table.times == 95  # type: ignore[attr-defined]
    with pytest.raises(Stale, match="version 1"):
        compose.edit(here, "ws_1", post_id, PostPatch(text="dong"), if_version=7)
    assert here.table.times == 95  # type: ignore[attr-defined]
