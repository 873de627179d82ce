"""A workspace's posts as a spreadsheet, and a spreadsheet as posts to make."""

from collections import defaultdict

from chalicelib.core.post import Media, NewPost, Post
from chalicelib.core.spreadsheet import BETWEEN, Wish, medium, read, wish, write
from chalicelib.core.target import Target
from chalicelib.core.timing import stamp_of
from chalicelib.ports import World
from chalicelib.service import batch, connect, reading
from chalicelib.service.reading import Page, PostFilter, Whole


def wishes(world: World, workspace_id: str, text: str, timezone: str | None, mapping: dict[str, str]) -> list[Wish]:
    """What the rows of a file ask for; Invalid where it is no such file. `mapping` has account ids by other names."""
    names: dict[str, set[str]] = defaultdict(set)
    for account in connect.every(world, workspace_id):
        for name in (account.id, account.name, account.handle, f"{account.platform}:{account.handle}"):
            names[name.casefold()].add(account.id)
    accounts = {name: sorted(ids) for name, ids in names.items() if name}
    accounts |= {name.casefold(): [account_id] for name, account_id in mapping.items()}
    return [wish(row, accounts, timezone) for row in read(text, batch.MOST)]


def export(world: World, workspace_id: str, wanted: PostFilter, limit: int, cursor: str | None) -> Page[str]:
    """A page of posts as CSV, latest due first: `data` is the one file."""
    page = reading.posts(world, workspace_id, wanted, limit, cursor, shown=cells)
    return Page([write([cells(whole) for whole in page.data])], page.next_cursor)


def cells(whole: Whole) -> dict[str, str]:
    """A post as the cells of its row, by column."""
    post, content = whole.post, whole.post.content
    return {
        "post_id": post.id,
        "status": whole.status,
        "text": content.text,
        "accounts": BETWEEN.join(ref.account_id for ref in post.targets),
        "scheduled_at": stamp_of(post.scheduled_at) or "",
        "timezone": post.timezone or "",
        "title": content.title or "",
        "link": content.link.url if content.link else "",
        "media": BETWEEN.join(one.id or one.url for one in content.media),
        "alt_texts": BETWEEN.join(one.alt_text or "" for one in content.media).rstrip(BETWEEN),
        "hashtags": " ".join(content.hashtags),
        "first_comment": content.first_comment or "",
        "language": content.language or "",
        "visibility": content.visibility,
        "external_id": post.external_id or "",
        "late_policy": post.late_policy,
        **_fates(whole.targets),
        "left_out": " ".join(left_out(post)),
    }


def _fates(targets: tuple[Target, ...]) -> dict[str, str]:
    return {
        "platforms": BETWEEN.join(one.platform for one in targets),
        "published_at": BETWEEN.join(stamp_of(one.published_at) or "" for one in targets).rstrip(BETWEEN),
        "urls": BETWEEN.join(one.url or "" for one in targets).rstrip(BETWEEN),
    }


_CARRIED = {"text", "title", "link", "media", "hashtags", "first_comment", "language", "visibility"}


def left_out(post: Post) -> list[str]:
    """What the post says that no column can: an export leaves nothing out without a word."""
    said = post.content.model_dump(exclude_defaults=True)
    names = set(said) - _CARRIED
    names |= {f"link.{name}" for name in said.get("link", {}) if name != "url"}
    names |= {f"media.{name}" for one in post.content.media for name in _unsaid(one)}
    if any(BETWEEN in (one.alt_text or "") for one in post.content.media):
        names.add("alt_texts")
    if any(BETWEEN in one.url for one in post.content.media if not one.id):
        names.add("media")
    if any("," in tag for tag in post.content.hashtags):
        names.add("hashtags")
    if post.grace_seconds != NewPost.model_fields["grace_seconds"].default:
        names.add("grace_seconds")
    for name in ("overrides", "options", "scheduled_at"):
        if any(getattr(ref, name) for ref in post.targets):
            names.add(f"targets.{name}")
    names |= {name for name in ("expires_at", "source_event_at", "requires_approval") if getattr(post, name)}
    return sorted(names)


def _unsaid(one: Media) -> set[str]:
    """What is known of a medium that an import of its URL alone would not know; of an uploaded one its file tells."""
    told = one if one.id else Media.model_validate(medium(one.url))
    return {name for name in Media.model_fields if name != "alt_text" and getattr(one, name) != getattr(told, name)}
