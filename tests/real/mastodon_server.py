"""A server of other people's making that speaks Mastodon's client API: snac, from Debian's package, on this machine."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from infra.emulator import HOST, free_port
from tests.real.debian_packages import Programs, programs
from tests.real.kept import await_answer, kept, scratch

Json = dict[str, Any]

SNAC = "usr/bin/snac"
NOWHERE = "urn:ietf:wg:oauth:2.0:oob"
"""Where a token's code goes that a person copies by hand: https://docs.joinmastodon.org/methods/oauth, 2026-07-02."""
CALL_SECONDS = 30


@dataclass(frozen=True)
class Account:
    """An account on the running server, with what it takes to act as it."""

    id: str
    handle: str
    token: str = field(repr=False)
    app: Json = field(repr=False)
    """The app that the token was given to: its `client_id` and `client_secret`."""


@dataclass(frozen=True)
class MastodonServer:
    """A running server, and what tests ask of it behind the product's back."""

    url: str
    place: str
    programs: Programs
    data: Path

    def create_account(self, name: str) -> Account:
        """Sign up, and let an app in."""
        printed = _snac(self.programs, "adduser", str(self.data), name)
        password = next(line for line in printed.splitlines() if line.startswith("User password is ")).split()[-1]
        app = self._app()
        token = self._token(name, password, app)
        owner = self._get("api/v1/accounts/verify_credentials", token)
        return Account(str(owner["id"]), f"@{name}@{self.place}", token, app)

    def statuses(self, account: Account) -> list[Json]:
        """What the account said, newest first."""
        return list(self._get(f"api/v1/accounts/{account.id}/statuses", account.token))

    def status(self, account: Account, identity: str) -> Json:
        """One status."""
        return dict(self._get(f"api/v1/statuses/{identity}", account.token))

    def revoke(self, account: Account) -> None:
        """Do what people do who no longer want an app."""
        _checked(self._post("oauth/revoke", {"token": account.token, **account.app}))

    def _token(self, name: str, password: str, app: Json) -> str:
        form = {"login": name, "passwd": password, "redir": NOWHERE, "cid": app["client_id"], "state": ""}
        code = _checked(self._post("oauth/x-snac-login", form)).text.strip()
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": NOWHERE}
        return str(_checked(self._post("oauth/token", {**grant, **app})).json()["access_token"])

    def _app(self) -> Json:
        form = {"client_name": "Carillon", "redirect_uris": NOWHERE, "scopes": "read write"}
        made = _checked(self._post("api/v1/apps", form)).json()
        return {name: made[name] for name in ("client_id", "client_secret")}

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        return httpx.post(f"{self.url}/{path}", data=form, timeout=CALL_SECONDS, trust_env=False)

    def _get(self, path: str, token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return _checked(httpx.get(f"{self.url}/{path}", headers=headers, timeout=CALL_SECONDS, trust_env=False)).json()


@contextmanager
def running_server() -> Iterator[MastodonServer]:
    """A fresh server that lives as long as the block."""
    snac = programs("snac2")
    with scratch("mastodon") as directory:
        port, data = free_port(), directory / "data"
        place = f"{HOST}:{port}"
        # Its address, its port, its name; neither a prefix nor anybody's address.
        _snac(snac, "init", str(data), answers=f"{HOST}\n{port}\n{place}\n\n\n")
        _serve_http(data / "server.json")
        with kept(snac.command(SNAC, "httpd", str(data)), directory) as log:
            await_answer(f"http://{place}/api/v1/instance", log)
            yield MastodonServer(f"http://{place}", place, snac, data)


def _serve_http(settings: Path) -> None:
    """It would call itself https, as behind a proxy."""
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "protocol": "http"}))


def _snac(snac: Programs, *words: str, answers: str = "") -> str:
    command = snac.command(SNAC, *words)
    done = subprocess.run(command, input=answers, capture_output=True, text=True, timeout=CALL_SECONDS, check=True)
    return done.stdout + done.stderr


def _checked(reply: httpx.Response) -> httpx.Response:
    assert reply.is_success, f"{reply.request.method} {reply.url} answered {reply.status_code}: {reply.text}"
    return reply
