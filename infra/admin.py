"""Administer a stage: workspaces, API keys, figures. Needs AWS credentials that may use its table and its KMS key.

    python -m infra.admin workspace create --name "Brand"
    python -m infra.admin key create --workspace ws_… --scopes posts:read posts:write
    python -m infra.admin key revoke --workspace ws_… --key key_…
    python -m infra.admin post measure --workspace ws_… --post post_…

The stage is the one whose names are in the environment (CARILLON_TABLE, CARILLON_KMS_KEY_ID, …), as in its functions.
"""

import argparse
import json
import sys
from typing import Any

from chalicelib.core.errors import Refused
from chalicelib.service import access, measure
from chalicelib.wiring import world


def main(words: list[str] | None = None) -> int:
    """Carry out one command and print its result as JSON."""
    asked = _parser().parse_args(words)
    try:
        result = asked.run(asked)
    except (Refused, ValueError) as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infra.admin", description=(__doc__ or "").splitlines()[0])
    things = parser.add_subparsers(required=True)
    workspace = things.add_parser("workspace", help="tenants").add_subparsers(required=True)
    create = workspace.add_parser("create")
    create.add_argument("--name", required=True)
    create.set_defaults(run=create_workspace)
    keys = things.add_parser("key", help="API keys").add_subparsers(required=True)
    make = keys.add_parser("create")
    make.add_argument("--workspace", required=True)
    make.add_argument("--scopes", nargs="+", default=["*"], help=f"{', '.join(access.SCOPES)} or *")
    make.set_defaults(run=create_key)
    revoke = keys.add_parser("revoke")
    revoke.add_argument("--workspace", required=True)
    revoke.add_argument("--key", required=True)
    revoke.set_defaults(run=revoke_key)
    post = things.add_parser("post", help="what was published").add_subparsers(required=True)
    soon = post.add_parser("measure", help="ask for its figures within a minute or so, before its turn")
    soon.add_argument("--workspace", required=True)
    soon.add_argument("--post", required=True)
    soon.set_defaults(run=measure_post)
    return parser


def create_workspace(asked: argparse.Namespace) -> dict[str, Any]:
    """A new workspace."""
    return {"id": access.create_workspace(world(), asked.name), "name": asked.name}


def create_key(asked: argparse.Namespace) -> dict[str, Any]:
    """A new API key; its secret is printed this once."""
    key = access.create_key(world(), asked.workspace, tuple(asked.scopes))
    return {"id": key.id, "key": key.secret, "scopes": list(key.scopes)}


def revoke_key(asked: argparse.Namespace) -> dict[str, Any]:
    """Make a key worthless."""
    access.revoke_key(world(), asked.workspace, asked.key)
    return {"id": asked.key, "revoked": True}


def measure_post(asked: argparse.Namespace) -> dict[str, Any]:
    """Have a post's figures asked for soon; of how many parts."""
    return {"id": asked.post, "parts": measure.soon(world(), asked.workspace, asked.post)}


if __name__ == "__main__":
    sys.exit(main())
