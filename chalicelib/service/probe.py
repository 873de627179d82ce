"""Look at a medium: get its bytes, say what they are, take the place out of them, and keep that copy for posts."""

import dataclasses
import logging
from tempfile import TemporaryFile
from typing import IO

from chalicelib.core.errors import Refused, Stale, TransportFailure, UnusableMedium
from chalicelib.core.medium import MOST_BYTES, Medium, probed, refused
from chalicelib.core.probe import EXTENSIONS, Found, probe
from chalicelib.core.variant import Variant, wished
from chalicelib.ports import Probe, World
from chalicelib.service import media, records

log = logging.getLogger(__name__)

FETCH_SECONDS = 60.0


def look(world: World, message: Probe) -> None:
    """Do what this message asks for, if nobody has yet."""
    item = world.table.get(media.key(*message))
    medium = records.from_doc(Medium, item.doc) if item else None
    if item is None or medium is None or medium.state.ended:
        return
    with TemporaryFile() as file:
        try:
            if not _fetched(world, medium, file):
                return  # promised and not uploaded: its uploader may yet come
            end = _kept(world, medium, file)
        except UnusableMedium as no:
            end = refused(medium, no.code, no.message)
        except TransportFailure as failure:
            end = refused(medium, "not_fetched", str(failure))
    try:
        media.save(world, end, expect=item.rev)
    except Stale:
        log.info("overtaken", extra={"medium": medium.id})


def _fetched(world: World, medium: Medium, file: IO[bytes]) -> bool:
    if medium.source_url:
        world.web.download(medium.source_url, file, FETCH_SECONDS)
        return True
    return world.files.fetch(medium.upload_key, file, MOST_BYTES)


def _kept(world: World, medium: Medium, file: IO[bytes]) -> Medium:
    """The medium, its cleaned copy stored under a key that nobody can guess and no uploader can write to."""
    if file.tell() > MOST_BYTES:
        raise UnusableMedium("too_large", f"has more than {MOST_BYTES:,} bytes")
    found = probe(file)
    size = _clean(file, found)
    key = f"media/{medium.workspace_id}/{world.chance.secret()}.{EXTENSIONS[found.mime_type]}"
    world.files.store(key, found.mime_type, file)
    ready = probed(medium, found, size, key, world.files.address(key))
    return dataclasses.replace(ready, variants=_variants(world, ready))


def _variants(world: World, medium: Medium) -> tuple[Variant, ...]:
    """Smaller pictures, where they can be had; without them the medium is as good as it is."""
    wishes = wished(medium.mime_type or "", medium.width or 0, medium.height or 0, medium.bytes or 0)
    if not wishes:
        return ()
    try:
        return tuple(world.pictures.variants(medium.key, [wish.name for wish in wishes]))
    except Refused:
        log.warning("no_variants", exc_info=True, extra={"medium": medium.id})
        return ()


def _clean(file: IO[bytes], found: Found) -> int:
    """Takes the place out of the file; gives its size."""
    for patch in found.patches:
        file.seek(patch.offset)
        file.write(patch.new)
    if found.end is not None:
        file.truncate(found.end)
    return file.seek(0, 2)
