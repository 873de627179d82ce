"""Administer a stage: workspaces, API keys, figures. Needs AWS credentials that may use its table and its KMS key.

    python -m infra.admin workspace create --name "Brand"
    python -m infra.admin key create --workspace ws_… --scopes posts:read posts:write
    python -m infra.admin key list --workspace ws_…
    python -m infra.admin key rotate --workspace ws_… --key key_… --overlap-hours 24
    python -m infra.admin key revoke --workspace ws_… --key key_…
    python -m infra.admin limits set --workspace ws_… --per-key 600 --per-workspace 3000
    python -m infra.admin limits reset --workspace ws_…
    python -m infra.admin post measure --workspace ws_… --post post_…

The stage is the one of `--stage`, before all else, or the one whose names are in the environment (CARILLON_TABLE,
CARILLON_KMS_KEY_ID, …), as in its functions.
"""

import argparse
import json
import os
import sys
from datetime import datetime, timedelta
from typing import Any

import boto3

from chalicelib.core.errors import Refused
from chalicelib.service import access, audit, limits, measure, records
from chalicelib.service.limits import Limits
from chalicelib.wiring import world
from infra.stack import Stack


def main(words: list[str] | None = None) -> int:
    """Carry out one command and print its result as JSON."""
    asked = _parser().parse_args(words)
    if asked.stage:
        os.environ.update(Stack(f"carillon-{asked.stage}", boto3.Session()).environment("APIHandler"))
    try:
        result = asked.run(asked)
    except (Refused, ValueError) as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infra.admin", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--stage", help="a deployed stage, by its name")
    things = parser.add_subparsers(required=True)
    workspace = things.add_parser("workspace", help="tenants").add_subparsers(required=True)
    create = workspace.add_parser("create")
    create.add_argument("--name", required=True)
    create.set_defaults(run=create_workspace)
    keys = things.add_parser("key", help="API keys").add_subparsers(required=True)
    make = keys.add_parser("create")
    make.add_argument("--workspace", required=True)
    make.add_argument("--scopes", nargs="+", default=["*"], help=f"{', '.join(access.SCOPES)} or *")
    make.add_argument("--name")
    make.add_argument("--expires-at", type=_moment, help="RFC 3339 with an offset; never, unless given")
    make.set_defaults(run=create_key)
    listing = keys.add_parser("list")
    listing.add_argument("--workspace", required=True)
    listing.set_defaults(run=list_keys)
    rotate = keys.add_parser("rotate")
    rotate.add_argument("--workspace", required=True)
    rotate.add_argument("--key", required=True)
    rotate.add_argument("--overlap-hours", type=float, default=24, help="how long the old secret stays good")
    rotate.set_defaults(run=rotate_key)
    revoke = keys.add_parser("revoke")
    revoke.add_argument("--workspace", required=True)
    revoke.add_argument("--key", required=True)
    revoke.set_defaults(run=revoke_key)
    rates = things.add_parser("limits", help="requests a minute").add_subparsers(required=True)
    choose = rates.add_parser("set")
    choose.add_argument("--workspace", required=True)
    choose.add_argument("--per-key", type=int, required=True)
    choose.add_argument("--per-workspace", type=int, required=True)
    choose.set_defaults(run=set_limits)
    reset = rates.add_parser("reset")
    reset.add_argument("--workspace", required=True)
    reset.set_defaults(run=reset_limits)
    post = things.add_parser("post", help="what was published").add_subparsers(required=True)
    soon = post.add_parser("measure", help="ask for its figures within a minute or so, before its turn")
    soon.add_argument("--workspace", required=True)
    soon.add_argument("--post", required=True)
    soon.set_defaults(run=measure_post)
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("needs a UTC offset, such as Z or +01:00")
    return moment


def create_workspace(asked: argparse.Namespace) -> dict[str, Any]:
    """A new workspace."""
    return {"id": access.create_workspace(world(), asked.name), "name": asked.name}


def create_key(asked: argparse.Namespace) -> dict[str, Any]:
    """A new API key; its secret is printed this once."""
    scopes = tuple(asked.scopes)
    key = access.create_key(world(), asked.workspace, scopes, name=asked.name, expires_at=asked.expires_at)
    audit.record(world(), asked.workspace, "admin key create", (key.id,))
    return {"id": key.id, "key": key.secret, "scopes": list(key.scopes)}


def list_keys(asked: argparse.Namespace) -> dict[str, Any]:
    """A workspace's keys, without their secrets."""
    return {"keys": [records.to_doc(each) for each in access.keys(world(), asked.workspace, 1000).data]}


def rotate_key(asked: argparse.Namespace) -> dict[str, Any]:
    """A new secret of a key, printed this once."""
    key = access.rotate_key(world(), asked.workspace, asked.key, timedelta(hours=asked.overlap_hours))
    audit.record(world(), asked.workspace, "admin key rotate", (key.id,))
    return {"id": key.id, "key": key.secret, "scopes": list(key.scopes)}


def revoke_key(asked: argparse.Namespace) -> dict[str, Any]:
    """Make a key worthless."""
    access.revoke_key(world(), asked.workspace, asked.key)
    audit.record(world(), asked.workspace, "admin key revoke", (asked.key,))
    return {"id": asked.key, "revoked": True}


def set_limits(asked: argparse.Namespace) -> dict[str, Any]:
    """Let a workspace make so many requests a minute; it holds within five minutes."""
    return _limits(asked, Limits(asked.per_key, asked.per_workspace))


def reset_limits(asked: argparse.Namespace) -> dict[str, Any]:
    """Let the default hold for a workspace again."""
    return _limits(asked, None)


def _limits(asked: argparse.Namespace, wanted: Limits | None) -> dict[str, Any]:
    access.must_exist(world(), asked.workspace)
    hold = limits.change(world(), asked.workspace, wanted)
    audit.record(world(), asked.workspace, f"admin limits {'set' if wanted else 'reset'}")
    return {"workspace": asked.workspace, **records.to_doc(hold)}


def measure_post(asked: argparse.Namespace) -> dict[str, Any]:
    """Have a post's figures asked for soon; of how many parts."""
    return {"id": asked.post, "parts": measure.soon(world(), asked.workspace, asked.post)}


if __name__ == "__main__":
    sys.exit(main())
