"""Compose posts: check everything at once, adapt to every target, and write all of it or nothing."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from chalicelib.core.account import Account
from chalicelib.core.adapt import adapt
from chalicelib.core.brand import check_post
from chalicelib.core.errors import Conflict, Invalid, Issue, NotFound, RuleRef, Stale
from chalicelib.core.lead import lead
from chalicelib.core.post import NewPost, NewTarget, Post, PostPatch, TargetRef, content_of
from chalicelib.core.publishing import editable, edited, gets_ready, scheduled
from chalicelib.core.rendition import Rendition
from chalicelib.core.review import ReviewPolicy, needs
from chalicelib.core.target import State, Target, noted
from chalicelib.core.timing import milliseconds, resolve, zone
from chalicelib.core.trace import trace_id_of
from chalicelib.platforms import names, platform
from chalicelib.ports import Delete, Put, World
from chalicelib.service import brand, journal, media, reading, records, review, schedule, slots
from chalicelib.service.access import Caller
from chalicelib.service.media import Resolved
from chalicelib.service.reading import Whole
from chalicelib.service.records import TargetKey
from chalicelib.service.slots import FreeSlot

PAST_SLACK = timedelta(seconds=10)
"""A time that passed while the request was on its way is not the author's fault."""
FARTHEST = timedelta(days=5 * 366)
SLOT_TRIES = 50
"""How often a post tries for a slot that others take before it; each time one of them has got theirs."""

DST_NOTES = {
    "dst_gap": "this wall-clock time does not exist there: clocks move forward; the post goes out that much later",
    "dst_overlap": "this wall-clock time happens twice there; the post goes out the first time",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What one target would send."""

    account_id: str | None
    rendition: Rendition


@dataclass(frozen=True, slots=True)
class Planned:
    """One target as it will be: where, when and what."""

    wanted: NewTarget
    account: Account | None
    due: datetime | None
    rendition: Rendition | None

    @property
    def lead(self) -> timedelta:
        """How long before it is due its media begin on their way."""
        if self.account is None or self.rendition is None:
            return timedelta()
        network = platform(self.account.platform)
        media = [medium for part in self.rendition.parts for medium in part.media]
        return lead(media, network.intake, network.idempotency(self.account).prepared_lifetime)


@dataclass
class Plan:
    """A post worked out against a workspace: its targets, and every issue found on the way."""

    resolved: Resolved
    """The post with all that is known of its media."""
    due: datetime | None = None
    targets: list[Planned] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    slot: FreeSlot | None = None
    """The slot that it takes, where that decides when it is due."""
    reviewed: bool = False
    """Whether a reviewer has to say yes to it."""

    def add(self, code: str, path: str, message: str, severity: Any = "error", rule: RuleRef | None = None) -> None:
        """Note one issue."""
        self.issues.append(Issue(code, severity, path, message, rule))

    def insist(self) -> None:
        """Raise everything where anything is an error."""
        if any(issue.severity == "error" for issue in self.issues):
            raise Invalid(self.issues)


def check(world: World, workspace_id: str, new: NewPost, by: Caller | None = None) -> list[Issue]:
    """Everything wrong or worth knowing about a post, without storing anything."""
    return _plan(world, workspace_id, new, now=world.clock.now(), by=by).issues


def rehearse(world: World, workspace_id: str, new: NewPost, by: Caller | None = None) -> None:
    """Raise what `create` would raise, and store nothing."""
    plan = _plan(world, workspace_id, new, now=world.clock.now(), by=by)
    _require_accounts(plan)
    plan.insist()


def preview(world: World, workspace_id: str, new: NewPost) -> list[Preview]:
    """What each target would send; a target may be a bare platform. Raises Invalid where a target is nobody's."""
    plan = _plan(world, workspace_id, new, now=None)
    unknown = [issue for issue in plan.issues if issue.code in UNADAPTABLE]
    if unknown:
        raise Invalid(unknown)
    return [Preview(one.wanted.account_id, one.rendition) for one in plan.targets if one.rendition]


@dataclass(frozen=True, slots=True)
class Occasion:
    """Which time of a schedule a post is for, and what is written together with it, or not at all."""

    schedule_id: str
    occurrence: str
    progress: Put
    written_by: tuple[str, ...] = ()
    """The keys that made or changed the schedule."""


def create(
    world: World,
    workspace_id: str,
    new: NewPost,
    seed: str | None = None,
    occasion: Occasion | None = None,
    note: Put | None = None,
    by: Caller | None = None,
) -> Whole:
    """Store a post and see to it that its targets will be published. The same `seed` makes the same post once.

    A `note` of its author's is written together with it, or not at all. `by` is None for the machine, and the operator.
    """
    if new.publish != "next_slot":
        return _create(world, workspace_id, new, seed, occasion, note, by)
    for _ in range(SLOT_TRIES - 1):
        try:
            return _made(world, workspace_id, seed) or _create(world, workspace_id, new, seed, occasion, note, by)
        except Stale:
            continue
    return _made(world, workspace_id, seed) or _create(world, workspace_id, new, seed, occasion, note, by)


def _made(world: World, workspace_id: str, seed: str | None) -> Whole | None:
    """What the same request made before: it must not be told that the slot it took is gone."""
    try:
        return reading.post(world, workspace_id, id_of(seed)) if seed else None
    except NotFound:
        return None


def id_of(seed: str) -> str:
    """The id of the post that a seed makes."""
    return f"post_{seed}"


def _create(
    world: World,
    workspace_id: str,
    new: NewPost,
    seed: str | None,
    occasion: Occasion | None,
    note: Put | None,
    by: Caller | None,
) -> Whole:
    now = milliseconds(world.clock.now())
    plan = _plan(world, workspace_id, new, now, by=by)
    _require_accounts(plan)
    plan.insist()
    media.keep(world, plan.resolved.used)
    return store(world, workspace_id, plan, now, seed, occasion=occasion, note=note, by=by)


def store(
    world: World,
    workspace_id: str,
    plan: Plan,
    now: datetime,
    seed: str | None,
    in_reply_to: str | None = None,
    occasion: Occasion | None = None,
    note: Put | None = None,
    by: Caller | None = None,
) -> Whole:
    """Store what was planned, and see to it that it will be published: a post, or an answer to an inbox's item."""
    post_id = id_of(seed or world.chance.token().lower())
    refs = [_ref(post_id, one) for one in plan.targets]
    post = _post(plan.resolved.new, workspace_id, post_id, refs, plan.due, now)
    origin: dict[str, Any] = {"in_reply_to": in_reply_to, "requires_approval": plan.reviewed}
    origin |= {"written_by": (by.key_id,)} if by else {}
    origin["trace_id"] = journal.trace_id() or trace_id_of(post_id)
    if occasion:
        origin |= {name: getattr(occasion, name) for name in ("schedule_id", "occurrence", "written_by")}
    post = post.model_copy(update={name: value for name, value in origin.items() if value})
    together = [one for one in (occasion and occasion.progress, note) if one]
    targets = [_target(post, ref, one, now) for ref, one in zip(refs, plan.targets, strict=True)]
    together += review.requested(world, post, (), targets, by.key_id if by else None, now)
    taken = [plan.slot.given_to(post_id)] if plan.slot else []
    try:
        puts = [*taken, *together, *records.put_post(post), *_renditions(post, refs, plan)]
        written = schedule.commit(world, targets, *puts, accepted=post)
    except Stale:
        if seed is None or plan.slot or occasion:
            raise
        return reading.post(world, workspace_id, post_id)
    return Whole(post, tuple(written))


def edit(
    world: World,
    workspace_id: str,
    post_id: str,
    patch: PostPatch,
    if_version: int | None = None,
    by: Caller | None = None,
) -> Whole:
    """Change a post of which nothing has gone out yet. Every open target moves with it.

    An approval was for what the post said, and where: who changes that takes it back. Its time can be changed.
    """
    return schedule.in_spite_of_the_machine(lambda: _edit(world, workspace_id, post_id, patch, if_version, by))


def _edit(
    world: World, workspace_id: str, post_id: str, patch: PostPatch, if_version: int | None, by: Caller | None
) -> Whole:
    old = reading.post(world, workspace_id, post_id)
    _require_version(old.post, if_version)
    if old.post.in_reply_to:
        raise Conflict("an answer is not edited: cancel it, and answer again", "is_an_answer", old.status)
    now = milliseconds(world.clock.now())
    _require_editable(old, now)
    new = _patched(old.post, patch)
    moved = patch.model_fields_set & {"scheduled_at", "timezone", "targets"}
    plan = _plan(world, workspace_id, new, now if moved else None, by=by, before=old.post.requires_approval)
    _require_accounts(plan)
    plan.insist()
    media.keep(world, plan.resolved.used)
    refs = [_ref(post_id, one) for one in plan.targets]
    post = _post(plan.resolved.new, workspace_id, post_id, refs, plan.due, now)
    same = patch.model_fields_set <= set(SETTINGS)
    names = ("created_at", "schedule_id", "occurrence", "written_by", "requires_approval", "trace_id")
    lasting = {name: getattr(old.post, name) for name in names}
    if not same:
        writers = (*old.post.written_by, *([by.key_id] if by else []))
        lasting |= {"requires_approval": plan.reviewed, "written_by": tuple(dict.fromkeys(writers))}
    post = post.model_copy(update={"version": old.post.version + 1, **lasting})
    known = {target.id: target for target in old.targets}
    targets = [
        _moved(known.get(ref.id), post, ref, one, now, same) for ref, one in zip(refs, plan.targets, strict=True)
    ]
    gone = [known[one] for one in known.keys() - {ref.id for ref in refs}]
    writes = [*records.put_post(post), *_renditions(post, refs, plan), *_deletes(gone)]
    if old.post.external_id and not post.external_id:
        writes.append(Delete(records.external_key(old.post)))
    writes += review.requested(world, post, old.targets, targets, by.key_id if by else None, now)
    return Whole(post, tuple(schedule.commit(world, targets, *writes)))


def delete(world: World, workspace_id: str, post_id: str, if_version: int | None = None) -> None:
    """Forget a post of which nothing has gone out."""
    schedule.in_spite_of_the_machine(lambda: _delete(world, workspace_id, post_id, if_version))


def _delete(world: World, workspace_id: str, post_id: str, if_version: int | None) -> None:
    old = reading.post(world, workspace_id, post_id)
    _require_version(old.post, if_version)
    out = [target for target in old.targets if _may_be_out(target, world.clock.now())]
    if out:
        raise Conflict(
            f"the post is {old.status}: what has gone out, or is going, cannot be forgotten", "already_out", old.status
        )
    key = records.post_key(workspace_id, post_id)
    writes = [Delete(key, expect=old.post.version), *_deletes(list(old.targets))]
    if old.post.external_id:
        writes.append(Delete(records.external_key(old.post)))
    world.table.write(*writes)
    review.forget(world, workspace_id, post_id)
    journal.line("deleted", **journal.ids_of(old.post))


SETTINGS = ("scheduled_at", "timezone", "external_id", "late_policy", "grace_seconds", "expires_at", "source_event_at")
"""What a post says of itself beside its content. An edit of these alone changes nothing of what is sent."""
UNADAPTABLE = frozenset(
    {"unknown_account", "unknown_platform", "target_required", "unknown_media", "media_not_ready", "media_refused"}
)


def _may_be_out(target: Target, now: datetime) -> bool:
    busy = target.claim is not None and not gets_ready(target, now)
    return busy or bool(target.creates) or target.state is State.PUBLISHED


def _plan(
    world: World,
    workspace_id: str,
    new: NewPost,
    now: datetime | None,
    by: Caller | None = None,
    before: bool = False,
) -> Plan:
    """Work a post out. Without `now` its times are not held against the clock.

    `before` is whether it needed a reviewer's yes before it was edited.
    """
    resolved = media.resolve(world, workspace_id, new)
    new, plan = resolved.new, Plan(resolved, issues=list(resolved.issues))
    _check_content(plan, new)
    plan.due = _due(plan, new, now)
    if new.publish == "next_slot" and now:
        plan.due = _take_slot(world, workspace_id, plan, new, now)
    wanted = {one.account_id for one in new.targets if one.account_id}
    kit, accounts, policy = brand.with_accounts(world, workspace_id, wanted)
    plan.issues += check_post(new, kit)
    _check_review(plan, new, policy, review.may_waive(policy, by), before)
    _check_doubles(plan, new)
    for number, target in enumerate(new.targets):
        plan.targets.append(_planned(plan, new, target, accounts, now, f"targets[{number}]"))
    _check_expiry(plan, new)
    _check_source(plan, new)
    return plan


def _check_content(plan: Plan, new: NewPost) -> None:
    if not (new.text.strip() or new.media or new.link or new.poll) and not any(one.overrides for one in new.targets):
        plan.add("empty_post", "text", "there is nothing to publish: give text, media, a link or a poll")


def _check_doubles(plan: Plan, new: NewPost) -> None:
    seen: set[str] = set()
    for number, target in enumerate(new.targets):
        if target.account_id in seen:
            plan.add("duplicate_target", f"targets[{number}].account_id", "an account can be a target only once")
        seen.add(target.account_id or f"#{number}")


def _check_review(plan: Plan, new: NewPost, policy: ReviewPolicy, may_waive: bool, before: bool) -> None:
    needed = needs(policy, new.requires_approval, before, may_waive)
    if needed is None:
        message = f"a reviewer has to say yes: only who has {review.SCOPE} and may approve their own can do without"
        plan.add("approval_required", "requires_approval", message)
    plan.reviewed = needed is not False


def _due(plan: Plan, new: NewPost, now: datetime | None) -> datetime | None:
    """When the post is due, or None for a draft."""
    if new.publish and new.scheduled_at:
        plan.add("contradiction", "publish", f'give either `publish: "{new.publish}"` or `scheduled_at`, not both')
    if new.timezone is not None:
        try:
            zone(new.timezone)
        except ValueError as unknown:
            plan.add("unknown_timezone", "timezone", str(unknown))
            return None
    if new.publish == "now":
        return now
    return _instant(plan, new.scheduled_at, new.timezone, now, "scheduled_at")


def _take_slot(world: World, workspace_id: str, plan: Plan, new: NewPost, now: datetime) -> datetime | None:
    """The instant of the next free slot: one for the whole post."""
    for number, target in enumerate(new.targets):
        if target.scheduled_at:
            said = 'a post with `publish: "next_slot"` goes everywhere at one time: the slot\'s'
            plan.add("contradiction", f"targets[{number}].scheduled_at", said)
    account_ids = [one.account_id for one in new.targets if one.account_id]
    plan.slot = slots.next_free(world, workspace_id, account_ids, now)
    if plan.slot is None:
        said = f"the plan has no slots, or none is free within {slots.FARTHEST.days} days: see /v1/plan/occurrences"
        plan.add("no_free_slot", "publish", said)
        return None
    return plan.slot.at


def _instant(
    plan: Plan, when: datetime | None, timezone: str | None, now: datetime | None, path: str
) -> datetime | None:
    """The instant a time in the request means."""
    if when is None:
        return None
    if when.tzinfo is None:
        if timezone is None:
            plan.add("timezone_required", path, "a time without an offset needs a `timezone` such as 'Asia/Shanghai'")
            return None
        resolved = resolve(when, zone(timezone))
        if resolved.note:
            plan.add(resolved.note, path, DST_NOTES[resolved.note], "warning")
        when = resolved.instant
    due = milliseconds(when.astimezone(UTC))
    if now and due < now - PAST_SLACK:
        plan.add("in_the_past", path, f"{due.isoformat()} has passed; it is {now.isoformat()}")
    if now and due > now + FARTHEST:
        plan.add("too_far_ahead", path, "is more than five years ahead")
    return due


def _check_expiry(plan: Plan, new: NewPost) -> None:
    expires = _instant(plan, new.expires_at, new.timezone, None, "expires_at")
    if expires and any(one.due and expires <= one.due for one in plan.targets):
        plan.add("expires_before_due", "expires_at", "must be later than every target's time")


def _check_source(plan: Plan, new: NewPost) -> None:
    happened = _instant(plan, new.source_event_at, new.timezone, None, "source_event_at")
    if happened and any(one.due and one.due < happened for one in plan.targets):
        plan.add("before_its_event", "source_event_at", "the post goes out before what it is about happens", "warning")


def _planned(
    plan: Plan, new: NewPost, target: NewTarget, accounts: dict[str, Account], now: datetime | None, path: str
) -> Planned:
    due = _instant(plan, target.scheduled_at, new.timezone, now, f"{path}.scheduled_at") or plan.due
    account = accounts.get(target.account_id or "")
    name = _platform_name(plan, target, account, path)
    if name is None:
        return Planned(target, account, due, None)
    network = platform(name)
    for issue in network.check_options(dict(target.options)):
        plan.issues.append(replace(issue, path=f"{path}.options.{issue.path}"))
    if account and account.status != "connected":
        plan.add("reconnect_required", f"{path}.account_id", "the account must be connected again", "warning")
    rules = network.account_rules(account) if account else network.rules
    content = new.content.overridden(target.overrides)
    rendition = adapt(content, rules, options=target.options, versions=plan.resolved.versions(content))
    plan.issues += [replace(issue, path=f"{path}.{issue.path}" if issue.path else path) for issue in rendition.issues]
    return Planned(target, account, due, rendition)


def _platform_name(plan: Plan, target: NewTarget, account: Account | None, path: str) -> str | None:
    if target.account_id:
        if account is None:
            plan.add("unknown_account", f"{path}.account_id", f"there is no account {target.account_id}")
            return None
        if target.platform and target.platform != account.platform:
            plan.add("platform_mismatch", f"{path}.platform", f"the account is on {account.platform}")
        return account.platform
    if not target.platform:
        plan.add("target_required", path, "name an `account_id`")
        return None
    if target.platform not in names():
        plan.add("unknown_platform", f"{path}.platform", f"there is no platform {target.platform!r}")
        return None
    return target.platform


def _require_accounts(plan: Plan) -> None:
    """Only a preview may name a bare platform."""
    for number, one in enumerate(plan.targets):
        if one.rendition and one.account is None:
            plan.add("account_required", f"targets[{number}].account_id", "publishing needs an account")


def _require_version(post: Post, if_version: int | None) -> None:
    if if_version is not None and if_version != post.version:
        raise Stale(f"the post is at version {post.version}", "precondition_failed")


def _require_editable(old: Whole, now: datetime) -> None:
    late = sorted({str(one.state) for one in old.targets if not editable(one, now)})
    if late:
        raise Conflict(
            f"the post is {old.status}: targets that are {', '.join(late)} cannot be edited", "too_late", old.status
        )


def _patched(post: Post, patch: PostPatch) -> NewPost:
    """The whole post as its author would now send it."""
    given = patch.model_fields_set
    content = post.content.overridden(content_of(patch))
    fields: dict[str, Any] = {name: getattr(content, name) for name in content.model_fields_set}
    for name in SETTINGS:
        value = getattr(patch, name) if name in given else getattr(post, name)
        if value is not None:
            fields[name] = value
    fields["requires_approval"] = patch.requires_approval
    fields["targets"] = patch.targets or tuple(_wanted(ref) for ref in post.targets)
    return NewPost.model_construct(set(fields), **{**_defaults(), **fields})


def _defaults() -> dict[str, Any]:
    return {name: each.get_default() for name, each in NewPost.model_fields.items() if not each.is_required()}


def _wanted(ref: TargetRef) -> NewTarget:
    return NewTarget(
        account_id=ref.account_id, scheduled_at=ref.scheduled_at, overrides=ref.overrides, options=ref.options
    )


def _ref(post_id: str, one: Planned) -> TargetRef:
    """What the post remembers of a target. The id follows from the account, so that an edit finds it again."""
    if one.account is None:
        raise TypeError("a stored target has an account")
    target_id = f"tgt_{sha256(f'{post_id} {one.account.id}'.encode()).hexdigest()[:26]}"
    own = one.due if one.wanted.scheduled_at else None
    return TargetRef(
        id=target_id,
        account_id=one.account.id,
        platform=one.account.platform,
        scheduled_at=own,
        overrides=one.wanted.overrides,
        options=one.wanted.options,
    )


def _post(
    new: NewPost, workspace_id: str, post_id: str, refs: list[TargetRef], due: datetime | None, now: datetime
) -> Post:
    expires = _instant(Plan(Resolved(new)), new.expires_at, new.timezone, None, "expires_at")
    source = _instant(Plan(Resolved(new)), new.source_event_at, new.timezone, None, "source_event_at")
    return Post(
        id=post_id,
        workspace_id=workspace_id,
        version=1,
        content=new.content,
        targets=tuple(refs),
        scheduled_at=due,
        timezone=new.timezone,
        external_id=new.external_id,
        late_policy=new.late_policy,
        grace_seconds=new.grace_seconds,
        expires_at=expires,
        source_event_at=source,
        created_at=now,
        updated_at=now,
    )


def _target(post: Post, ref: TargetRef, one: Planned, now: datetime) -> Target:
    draft = Target(
        ref.id,
        post.id,
        post.workspace_id,
        ref.account_id,
        ref.platform,
        State.DRAFT,
        None,
        server=one.account.host if one.account else "",
        late_policy=post.late_policy,
        grace_seconds=post.grace_seconds,
        expires_at=post.expires_at,
        lead=one.lead,
        answers=post.in_reply_to,
        unapproved=post.version if post.requires_approval else None,
        trace_id=post.trace_id,
        version=0,
    )
    if one.due is None:
        return replace(noted(draft, now, "drafted"), version=1)
    return scheduled(draft, one.due, now)


def _moved(old: Target | None, post: Post, ref: TargetRef, one: Planned, now: datetime, same: bool) -> Target:
    """A target after an edit: new, or the old one with its history.

    Where it says the `same`, its uploads stay good, and so does a reviewer's yes.
    """
    if old is None:
        return _target(post, ref, one, now)
    asked = old.unapproved is not None if same else post.requires_approval
    kept = replace(
        old,
        late_policy=post.late_policy,
        grace_seconds=post.grace_seconds,
        expires_at=post.expires_at,
        lead=one.lead,
        edited_at=old.edited_at if same else now,
        unapproved=post.version if asked else None,
    )
    return edited(kept, one.due, now)


def _renditions(post: Post, refs: list[TargetRef], plan: Plan) -> list[Put]:
    return [
        records.put_rendition(TargetKey(post.workspace_id, post.id, ref.id), one.rendition, one.due)
        for ref, one in zip(refs, plan.targets, strict=True)
        if one.rendition
    ]


def _deletes(targets: list[Target]) -> list[Put | Delete]:
    gone: list[Put | Delete] = []
    for target in targets:
        at = records.of(target)
        gone += [Delete(records.target_key(at), expect=target.rev), Delete(records.rendition_key(at))]
    return gone
