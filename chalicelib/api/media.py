"""/v1/media: media of your own, uploaded here or fetched once, looked at, and used in posts by their id."""

from typing_extensions import TypedDict

from chalicelib.api.route import Answer, Call, route
from chalicelib.core.medium import Medium, MediumState
from chalicelib.core.post import MediaKind
from chalicelib.core.timing import stamp, stamp_of
from chalicelib.ports import Upload
from chalicelib.service import media
from chalicelib.service.media import NewMedium


class FlawAnswer(TypedDict):
    """Why a medium was refused."""

    code: str
    message: str


class UploadAnswer(TypedDict):
    """The one request that uploads the medium: with these headers exactly, and the bytes as its body."""

    method: str
    url: str
    headers: dict[str, str]
    expires_at: str


class MediumAnswer(TypedDict):
    """A medium. Its figures are read out of its bytes; before that they are null."""

    id: str
    state: MediumState
    kind: MediaKind | None
    mime_type: str | None
    width: int | None
    height: int | None
    bytes: int | None
    duration_seconds: float | None
    problems: list[FlawAnswer]
    source_url: str | None
    created_at: str
    expires_at: str | None


class TakenAnswer(MediumAnswer):
    """A medium just promised, and how to upload it where it is not fetched."""

    upload: UploadAnswer | None


@route("POST", "/v1/media", needs="posts:write", answers={201: TakenAnswer, 202: TakenAnswer}, kept=True, sealed=True)
def create_medium(call: Call, body: NewMedium) -> Answer:
    """Promise a medium: 202 where we fetch it from its `url`, 201 where you upload it."""
    taken = media.take(call.world, call.workspace_id, body, call.seed)
    headers = {"Location": f"{call.base}/v1/media/{taken.medium.id}"}
    return Answer(201 if taken.upload else 202, {**_medium(taken.medium), "upload": _upload(taken.upload)}, headers)


@route("GET", "/v1/media/{medium_id}", needs="posts:read", answers={200: MediumAnswer})
def get_medium(call: Call, medium_id: str) -> Answer:
    """One medium, with what was found in it."""
    return Answer(200, _medium(media.get(call.world, call.workspace_id, medium_id)))


def _medium(medium: Medium) -> MediumAnswer:
    return {
        "id": medium.id,
        "state": medium.state,
        "kind": medium.kind,
        "mime_type": medium.mime_type,
        "width": medium.width,
        "height": medium.height,
        "bytes": medium.bytes,
        "duration_seconds": medium.duration_seconds,
        "problems": [{"code": flaw.code, "message": flaw.message} for flaw in medium.problems],
        "source_url": medium.source_url,
        "created_at": stamp(medium.created_at),
        "expires_at": stamp_of(medium.expires_at),
    }


def _upload(upload: Upload | None) -> UploadAnswer | None:
    if upload is None:
        return None
    return {"method": "PUT", "url": upload.url, "headers": upload.headers, "expires_at": stamp(upload.until)}
