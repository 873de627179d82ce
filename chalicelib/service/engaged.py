"""Where what people did lies in the table.

    E#<workspace>#<account>      POST#<network's id>        a followed post with its counters
                                 DAY#<date>                 what the account's figures grew by, by hour, in UTC
                                 SPIKE                      when people last raised their voices, and how many
                                 MINUTE#<minute>            the events of that minute, without personal data
                                 UNDATED#<two digits>       what recognises events that do not say when they happened
                                 THING#<digest>             an item of the inbox, without what they wrote
                                 WORDS#<digest>             what they wrote, for as long as that may be kept
                                 SHARE#<share id>           the target that a person finishes in the network's app
                                 PEOPLE#<date>              who did something on a day that is over, by HMAC
    W#<workspace>                ACTORS                     the key of the HMAC that stands for people, sealed
                                 PRIVACY                    how long texts are kept, and who was erased

A minute with very many events has further rows, `MINUTE#<minute>#<letter>`.

The `listing` index holds items of the inbox under `IN#<workspace>#<state>`: those that wait by since when they do, the
others by the time they were last spoken in; and
the `open` index the followed posts whose figures are to be asked for, in shards of their own.

An item of the inbox lasts as long as the log, from when it was last written. Its words end by when they were said, and
never outlast it; whoever writes or deletes them does so to the item in the same transaction.
"""

import hashlib
from datetime import UTC, datetime
from zlib import crc32

from chalicelib.core.day import Day
from chalicelib.core.engagement import Seen
from chalicelib.core.event_log import KEPT, EventLog
from chalicelib.core.followed import Followed
from chalicelib.core.inbox import InboxItem, State, Words
from chalicelib.core.privacy import Privacy
from chalicelib.core.spikes import Spike
from chalicelib.core.target import Target
from chalicelib.core.timing import stamp
from chalicelib.ports import Item, Key, World
from chalicelib.service import records, sealing

POLL_SHARD_NAMES = tuple(f"POLL#{number:02d}" for number in range(records.SHARDS))
SPIKE = "SPIKE"
LONGEST_NAME = 200
POST, DAY, MINUTE, UNDATED, PEOPLE = "POST#", "DAY#", "MINUTE#", "UNDATED#", "PEOPLE#"
THING, WORDS = "THING#", "WORDS#"


def pk(workspace_id: str, account_id: str) -> str:
    """The partition of what happened to one account."""
    return f"E#{workspace_id}#{account_id}"


def workspace_in(key: Key) -> str:
    """Whose account it is that a row of this key is about."""
    return key.pk.split("#")[1]


def account_key(key: Key) -> Key:
    """Where the account lies that a row of this key is about."""
    _, workspace_id, account_id = key.pk.split("#")
    return Key(records.workspace_pk(workspace_id), f"{records.ACCOUNT_PREFIX}{account_id}")


def post_key(workspace_id: str, account_id: str, post: str) -> Key:
    """Where a followed post lies."""
    return Key(pk(workspace_id, account_id), f"{POST}{_name(post)}")


def parts_of(target: Target) -> tuple[str, ...]:
    """The network's ids of a target: a thread has several."""
    return target.part_ids or ((target.platform_post_id,) if target.platform_post_id else ())


def day_key(workspace_id: str, account_id: str, at: datetime) -> Key:
    """Where an account's day lies."""
    return Key(pk(workspace_id, account_id), f"{DAY}{at.astimezone(UTC):%Y-%m-%d}")


def spike_key(workspace_id: str, account_id: str) -> Key:
    """Where the account's latest spike lies."""
    return Key(pk(workspace_id, account_id), SPIKE)


def known_key(workspace_id: str, account_id: str, seen: Seen) -> Key:
    """Where an event is recognised: with those of its minute; without an instant of its own, with those of its id."""
    if seen.at is None:
        return Key(pk(workspace_id, account_id), f"{UNDATED}{_digest(seen.id)[:2]}")
    return minute_key(workspace_id, account_id, seen.at)


def minute_key(workspace_id: str, account_id: str, at: datetime) -> Key:
    """Where what happened in that minute is listed."""
    return Key(pk(workspace_id, account_id), f"{MINUTE}{minute_name(at)}")


def minute_name(at: datetime) -> str:
    """The minute as part of a key."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M}"


def further(key: Key, raw_id: str) -> Key:
    """Where an event lies whose minute has a full row already."""
    return Key(key.pk, f"{key.sk}#{raw_id[0]}")


def thing_key(workspace_id: str, account_id: str, thing: str) -> Key:
    """Where an item of the inbox lies, by the network's id of it."""
    return Key(pk(workspace_id, account_id), f"{THING}{_digest(thing)}")


def words_key(thing: Key) -> Key:
    """Where the words of the item lie that lies there."""
    return Key(thing.pk, f"{WORDS}{thing.sk.removeprefix(THING)}")


def words_at(workspace_id: str, account_id: str, place: str) -> Key:
    """The same, by what an `Engagement` knows of the item."""
    return Key(pk(workspace_id, account_id), f"{WORDS}{place}")


def place_of(thing: str) -> str:
    """What an `Engagement` knows of a thing."""
    return _digest(thing)


def privacy_key(workspace_id: str) -> Key:
    """Where it says how long texts are kept, and who was erased."""
    return Key(records.workspace_pk(workspace_id), "PRIVACY")


def privacy_of(item: Item | None) -> Privacy:
    """What the workspace wants kept of people."""
    return records.from_doc(Privacy, item.doc) if item else Privacy()


def people_key(workspace_id: str, account_id: str, day: str) -> Key:
    """Where the people of a day lie."""
    return Key(pk(workspace_id, account_id), f"{PEOPLE}{day}")


def share_key(workspace_id: str, account_id: str, share_id: str) -> Key:
    """Where it says which target a share is of."""
    return Key(pk(workspace_id, account_id), f"SHARE#{_name(share_id)}")


def inbox_id(account_id: str, thing: str) -> str:
    """The item's own id, from which its place follows."""
    return f"inb_{account_id.removeprefix('acc_')}_{_digest(thing)}"


def inbox_key(workspace_id: str, id: str) -> Key | None:
    """Where the item of this id lies; None where it is no such id."""
    account, _, digest = id.removeprefix("inb_").rpartition("_")
    return Key(pk(workspace_id, f"acc_{account}"), f"{THING}{digest}") if account and digest else None


def post_item(workspace_id: str, post: Followed, rev: int) -> Item:
    """The row of a followed post."""
    place = None
    if post.next_at:
        shard = POLL_SHARD_NAMES[crc32(post.post.encode()) % records.SHARDS]
        place = Key(shard, f"{stamp(post.next_at)}#{post.account_id}#{_name(post.post)}")
    return Item(post_key(workspace_id, post.account_id, post.post), records.to_doc(post), rev=rev, open=place)


def post_of(item: Item) -> Followed:
    """The followed post in a row."""
    return records.from_doc(Followed, item.doc)


def inbox_pk(workspace_id: str, state: State) -> str:
    """The listing of the workspace's items in one state."""
    return f"IN#{workspace_id}#{state}"


def day_item(key: Key, day: Day, rev: int) -> Item:
    """The row of an account's day."""
    return Item(key, records.to_doc(day), rev=rev)


def day_of(item: Item) -> Day:
    """The day in a row."""
    return records.from_doc(Day, item.doc)


def spike_item(workspace_id: str, spike: Spike, rev: int) -> Item:
    """The row of an account's latest spike."""
    return Item(spike_key(workspace_id, spike.account_id), records.to_doc(spike), rev=rev)


def spike_of(item: Item) -> Spike:
    """The spike in a row."""
    return records.from_doc(Spike, item.doc)


def inbox_item(workspace_id: str, one: InboxItem, rev: int, now: datetime) -> Item:
    """The row of an item of the inbox, without its words."""
    since = one.waiting_since or one.at
    place = Key(inbox_pk(workspace_id, one.state), f"{stamp(since)}#{one.id}") if since and one.kind else None
    key = thing_key(workspace_id, one.account_id, one.thing)
    return Item(key, records.to_doc(one.wording(None)), rev=rev, listing=place, expires=now + KEPT)


def inbox_of(item: Item, words: Words | None = None) -> InboxItem:
    """The item of the inbox in a row, with its words where they are at hand."""
    return records.from_doc(InboxItem, item.doc).wording(words)


def words_item(key: Key, words: Words, rev: int) -> Item:
    """The row of an item's words."""
    return Item(key, records.to_doc(words), rev=rev, expires=words.until)


def words_of(item: Item | None, now: datetime) -> Words | None:
    """The words in a row; None where they may be kept no longer, though the row still lies there."""
    found = records.from_doc(Words, item.doc) if item else None
    return found if found and found.until > now else None


def log_item(key: Key, log: EventLog, rev: int, now: datetime) -> Item:
    """The row of a minute's events."""
    return Item(key, records.to_doc(log), rev=rev, expires=now + KEPT)


def log_of(item: Item) -> EventLog:
    """The events in a row."""
    return records.from_doc(EventLog, item.doc)


def actors_key(world: World, workspace_id: str) -> bytes:
    """The workspace's key for standing in for people; made at its first use."""
    return sealing.secret_in(world, workspace_id, Key(records.workspace_pk(workspace_id), "ACTORS")).encode()


def _name(post: str) -> str:
    """A network's id as part of a key, where DynamoDB would have it."""
    return post if post.isascii() and post.isprintable() and len(post) <= LONGEST_NAME else _digest(post)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:24]
