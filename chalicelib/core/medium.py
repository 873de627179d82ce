"""A medium of a workspace's own: uploaded to us or fetched by us, looked at, and then ready to be used in posts."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.core.post import Media, MediaKind
from chalicelib.core.probing.source import Found
from chalicelib.core.variant import Variant

MOST_BYTES = 100 * 1024 * 1024
KEPT_FOR = timedelta(days=29)
"""How long a medium that no post uses can be used: its file is deleted a day later."""


class MediumState(StrEnum):
    """What became of a medium so far."""

    AWAITING_UPLOAD = "awaiting_upload"
    PROBING = "probing"
    READY = "ready"
    REFUSED = "refused"

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self in (MediumState.READY, MediumState.REFUSED)


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a medium was refused."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Medium:
    """One medium. Its figures are what its bytes say; before those were read there are none."""

    id: str
    workspace_id: str
    state: MediumState
    created_at: datetime
    source_url: str | None = None
    """Where we fetch it; None where it is uploaded."""
    declared_type: str | None = None
    declared_bytes: int | None = None
    address: str = ""
    """Where the file lies, once it is ready. Unguessable: whoever knows it may have it sent."""
    key: str = ""
    kind: MediaKind | None = None
    mime_type: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    duration_seconds: float | None = None
    variants: tuple[Variant, ...] = ()
    problems: tuple[Flaw, ...] = ()
    used: bool = False
    """Whether a post uses it, so that it is kept."""

    @property
    def upload_key(self) -> str:
        """Where its uploader may put it."""
        return f"uploads/{self.workspace_id}/{self.id}"

    @property
    def expires_at(self) -> datetime | None:
        """Until when it can be used for the first time."""
        return None if self.used else self.created_at + KEPT_FOR


def probed(medium: Medium, found: Found, size: int, key: str, address: str) -> Medium:
    """The medium, ready."""
    return replace(
        medium,
        state=MediumState.READY,
        key=key,
        address=address,
        kind=found.kind,
        mime_type=found.mime_type,
        width=found.width,
        height=found.height,
        bytes=size,
        duration_seconds=found.duration_seconds,
    )


def refused(medium: Medium, code: str, message: str) -> Medium:
    """The medium, never to be used."""
    return replace(medium, state=MediumState.REFUSED, problems=(Flaw(code, message),))


def versions(medium: Medium, wanted: Media) -> tuple[Media, ...]:
    """What may be sent instead where a network does not take the medium in its post: its variants, largest first."""
    home = medium.address.removesuffix(medium.key)
    return tuple(
        wanted.model_copy(
            update={
                "url": home + each.key,
                "mime_type": "image/jpeg",
                "width": each.width,
                "height": each.height,
                "bytes": each.bytes,
            }
        )
        for each in medium.variants
    )


def in_post(medium: Medium, wanted: Media) -> Media:
    """What a post says of the medium, with what we know of it better."""
    figures = {
        "url": medium.address,
        "kind": medium.kind or wanted.kind,
        "mime_type": medium.mime_type,
        "width": medium.width,
        "height": medium.height,
        "bytes": medium.bytes,
        "duration_seconds": medium.duration_seconds,
    }
    return wanted.model_copy(update=figures)
