"""A workspace's brand kit: one row, read with every post that is made."""

from chalicelib.core.account import Account
from chalicelib.core.errors import Invalid
from chalicelib.core.kit import NO_KIT, Kit, faults
from chalicelib.core.review import ReviewPolicy
from chalicelib.ports import Item, Key, Put, World
from chalicelib.service import connect, records, review


def of(world: World, workspace_id: str) -> Kit:
    """The workspace's kit; one that allows everything where it has chosen none."""
    item = world.table.get(_key(workspace_id))
    return records.from_doc(Kit, item.doc) if item else NO_KIT


def with_accounts(
    world: World, workspace_id: str, account_ids: set[str]
) -> tuple[Kit, dict[str, Account], ReviewPolicy]:
    """The kit, those of the accounts that this workspace has, by id, and its policy of reviews; in one read."""
    kit, policy = _key(workspace_id), review.policy_key(workspace_id)
    items = world.table.get_many([kit, policy, *(connect.key(workspace_id, one) for one in sorted(account_ids))])
    found = {item.key: item for item in items}
    kits = [records.from_doc(Kit, found[kit].doc)] if kit in found else [NO_KIT]
    accounts = [connect.without_secrets(item) for item in items if item.key not in (kit, policy)]
    return kits[0], {one.id: one for one in accounts}, review.policy_in(found.get(policy))


def choose(world: World, workspace_id: str, kit: Kit) -> Kit:
    """Let this kit hold in place of what was before, for posts made or edited from now on; Invalid where it cannot."""
    if issues := faults(kit):
        raise Invalid(issues)
    world.table.write(Put(Item(_key(workspace_id), kit.model_dump(mode="json", exclude_unset=True)), expect=None))
    return kit


def _key(workspace_id: str) -> Key:
    return Key(records.workspace_pk(workspace_id), "BRAND")
