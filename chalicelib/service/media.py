"""Media of a workspace's own: promise to take or fetch one, tell of it, and put it into posts by its id."""

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from chalicelib.core.errors import Invalid, Issue, NotFound
from chalicelib.core.medium import MOST_BYTES, Medium, MediumState, in_post, versions
from chalicelib.core.post import Content, Media, NewPost, Url, Value
from chalicelib.core.timing import milliseconds
from chalicelib.ports import Item, Key, Probe, Put, Upload, World
from chalicelib.service import records

PREFIX = "MEDIUM#"
Type = Literal[
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "video/mp4",
    "video/quicktime",
    "audio/mp4",
    "application/pdf",
]
TYPES: tuple[str, ...] = get_args(Type)


class NewMedium(Value):
    """A medium to fetch from a `url`, or to be uploaded: then its `content_type` and its exact size in `bytes`."""

    url: Url | None = None
    content_type: Type | None = None
    bytes: Annotated[int, Field(gt=0, le=MOST_BYTES)] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A medium that we have promised to take, and how to upload it where it is not fetched."""

    medium: Medium
    upload: Upload | None = None


def take(world: World, workspace_id: str, new: NewMedium, seed: str | None = None) -> Taken:
    """A new medium, to be uploaded or fetched. The same `seed` makes the same medium once."""
    _check(world, new)
    medium_id = f"med_{seed or world.chance.token().lower()}"
    medium = find(world, workspace_id, medium_id) if seed else None
    if medium is None:
        state = MediumState.PROBING if new.url else MediumState.AWAITING_UPLOAD
        now = milliseconds(world.clock.now())
        medium = Medium(medium_id, workspace_id, state, now, new.url, new.content_type, new.bytes)
        save(world, medium, expect=0)
    if medium.source_url:
        world.probes.send([(Probe(workspace_id, medium_id), 0)])
        return Taken(medium)
    size, mime_type = medium.declared_bytes or 0, medium.declared_type or ""
    return Taken(medium, world.files.upload(medium.upload_key, mime_type, size))


def get(world: World, workspace_id: str, medium_id: str) -> Medium:
    """The medium; NotFound where this workspace has none of that id, or it was never used and is gone."""
    found = find(world, workspace_id, medium_id)
    if found is None:
        raise NotFound(f"there is no medium {medium_id}")
    return found


def find(world: World, workspace_id: str, medium_id: str) -> Medium | None:
    """The medium, or None."""
    return find_many(world, workspace_id, {medium_id}).get(medium_id)


def find_many(world: World, workspace_id: str, medium_ids: set[str]) -> dict[str, Medium]:
    """Those of the media that this workspace has, by id."""
    items = world.table.get_many([key(workspace_id, one) for one in sorted(medium_ids)])
    now, media = world.clock.now(), [records.from_doc(Medium, item.doc) for item in items]
    return {one.id: one for one in media if one.expires_at is None or now < one.expires_at}


def save(world: World, medium: Medium, expect: int | None) -> None:
    """Write the medium's row."""
    place = key(medium.workspace_id, medium.id)
    world.table.write(Put(Item(place, records.to_doc(medium), expires=medium.expires_at), expect=expect))


def key(workspace_id: str, medium_id: str) -> Key:
    """Where a medium's row lies."""
    return Key(records.workspace_pk(workspace_id), f"{PREFIX}{medium_id}")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A post whose media are all there, what is wrong with those that are not, and those to keep."""

    new: NewPost
    issues: tuple[Issue, ...] = ()
    used: tuple[Medium, ...] = ()

    def versions(self, content: Content) -> dict[str, tuple[Media, ...]]:
        """What may be sent instead of the content's media, by their URL."""
        found = {one.id: one for one in self.used}
        return {one.url: versions(found[one.id], one) for one in content.media if one.id in found}


def resolve(world: World, workspace_id: str, new: NewPost) -> Resolved:
    """The post with everything that is known of the media it names by id."""
    contents: dict[str, Content] = {"": new}
    for number, target in enumerate(new.targets):
        if target.overrides:
            contents[f"targets[{number}].overrides."] = target.overrides
    wanted = {one.id for content in contents.values() for one in content.media if one.id}
    if not wanted:
        return Resolved(new)
    found = find_many(world, workspace_id, wanted)
    issues = [issue for path, content in contents.items() for issue in _issues(path, content, found)]
    targets = [
        target.model_copy(update={"overrides": _filled(target.overrides, found)}) if target.overrides else target
        for target in new.targets
    ]
    filled = _filled(new, found).model_copy(update={"targets": tuple(targets)})
    return Resolved(filled, tuple(issues), tuple(found.values()))


def keep(world: World, used: tuple[Medium, ...]) -> None:
    """See to it that media which a post uses do not vanish."""
    for medium in used:
        if not medium.used:
            for each in (medium.key, *(variant.key for variant in medium.variants)):
                world.files.keep(each)
            save(world, dataclasses.replace(medium, used=True), expect=None)


def _check(world: World, new: NewMedium) -> None:
    """Raises Invalid with everything that is wrong."""
    issues = []
    if new.url is None:
        missing = [name for name in ("content_type", "bytes") if getattr(new, name) is None]
        issues = [Issue("required", "error", name, "is required where there is no `url`") for name in missing]
    else:
        given = [name for name in ("content_type", "bytes") if getattr(new, name) is not None]
        issues = [Issue("contradiction", "error", name, "is ours to find out of what is at a `url`") for name in given]
        if objection := world.web.objection(new.url):
            issues.append(Issue("unreachable_url", "error", "url", f"nothing can be fetched there: {objection}"))
    if issues:
        raise Invalid(issues)


def _filled(content: Any, found: dict[str, Medium]) -> Any:
    """The content with what is known of its media; nothing else is marked as given."""
    if not any(one.id in found for one in content.media):
        return content
    return content.model_copy(update={"media": tuple(_medium(one, found) for one in content.media)})


def _medium(wanted: Media, found: dict[str, Medium]) -> Media:
    known = found.get(wanted.id or "")
    return in_post(known, wanted) if known else wanted


def _issues(path: str, content: Content, found: dict[str, Medium]) -> list[Issue]:
    issues = []
    for number, one in enumerate(content.media):
        fault = _fault(one.id, found.get(one.id)) if one.id else None
        if fault:
            issues.append(Issue(fault[0], "error", f"{path}media[{number}].id", fault[1]))
    return issues


def _fault(medium_id: str, medium: Medium | None) -> tuple[str, str] | None:
    """Why the medium cannot be sent, if it cannot."""
    if medium is None:
        return "unknown_media", f"there is no medium {medium_id}"
    if medium.state is MediumState.REFUSED:
        return "media_refused", f"the medium {'; '.join(flaw.message for flaw in medium.problems)}"
    if medium.state is not MediumState.READY:
        return "media_not_ready", f"the medium is {medium.state}: GET /v1/media/{medium_id} says when it is ready"
    return None
