"""Whatever networks tell of people, nobody is in the table by the network's id of them."""

import json
import re
from collections.abc import Iterator

import pytest

from chalicelib.core.engagement import Seen
from chalicelib.service.ingest import count, read
from chalicelib.service.sheet import Event
from tests.callbacks.cases import Case, load, networks_with_data
from tests.service.ear import Ear, connected


def told(case: Case, ear: Ear) -> list[Event]:
    """What is counted of a call."""
    heard = ear.packed(case.network, case.plain)
    kept = {name.lower(): value for name, value in case.call().headers.items()}
    headers = json.dumps({name: values[0] for name, values in kept.items() if values})
    return read("1", heard._replace(headers=headers))[0]


def names(seen: Seen, remote_id: str) -> Iterator[str]:
    """What the network calls those who did it; the other side of a private conversation is somebody, too."""
    found = {seen.actor, seen.thing if seen.kind == "message" else None} - {None, remote_id}
    yield from (name for name in found if name and len(name) > 2)


@pytest.mark.parametrize("network", networks_with_data())
def test_nobody_is_in_the_table_by_name(network: str) -> None:
    ear, people = Ear(), set[str]()
    for number, case in enumerate(load(network)):
        events = told(case, ear) if case.about.get("seen") else []
        account = connected(ear.world, f"acc_{number}", network, case.file["remote_id"])
        people.update(name for one in events for name in names(one.seen, account.remote_id))
        if events:
            count(ear.world, account, events)

    kept = [item for item in ear.world.table.everything if item.key.pk.startswith("E#")]
    table = json.dumps([[item.key.sk, item.doc, item.listing, item.open] for item in kept], ensure_ascii=False)
    assert kept or not people
    assert {name for name in people if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", table)} == set()
