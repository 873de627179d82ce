"""A network's authorisation server and API on this machine, as strict as RFC 6749, RFC 7636 and RFC 9700 want it."""

import dataclasses
import json
import secrets
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from pytest_httpserver import HTTPServer
from werkzeug import Request as Got
from werkzeug import Response

from chalicelib.core.conversation import Reply, Request
from chalicelib.web import HttpWeb

CLIENT, SECRET = "carillon", "the secret of the app"
Json = dict[str, Any]


@dataclass
class Asked:
    """What a person agreed to, until its code is traded."""

    redirect: str
    challenge: str | None
    scope: str


@dataclass
class AuthorizationServer:
    """Gives codes to those who agree, and tokens for codes: once, to the right app, with the right verifier."""

    redirect: str
    """The one address that the app has registered."""
    pkce: bool
    codes: dict[str, Asked] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    answers: dict[str, Json] = field(default_factory=dict)
    """What the API says behind a token, by path."""

    def listen(self, server: HTTPServer, token_path: str) -> None:
        """Serve the token endpoint and the API."""
        server.expect_request(token_path, method="POST").respond_with_handler(self._token)
        for path in self.answers:
            server.expect_request(path).respond_with_handler(self._api)

    def agree(self, url: str) -> dict[str, str]:
        """A person opens the address and agrees: what they bring back."""
        asked = self._asked(url)
        code = secrets.token_urlsafe(16)
        self.codes[code] = Asked(asked["redirect_uri"], asked.get("code_challenge"), asked["scope"])
        return {"code": code, "state": asked["state"]}

    def deny(self, url: str) -> dict[str, str]:
        """A person opens the address and does not agree."""
        return {"error": "access_denied", "error_description": "The person said no", "state": self._asked(url)["state"]}

    def _asked(self, url: str) -> dict[str, str]:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["redirect_uri"] == self.redirect
        assert len(asked["state"]) >= 32
        assert (asked.get("code_challenge_method") == "S256") == self.pkce
        return asked

    def _token(self, got: Got) -> Response:
        form = got.form.to_dict()
        known = self.codes.pop(form.get("code", ""), None)
        if not self._is_ours(got, form):
            return _json(401, {"error": "invalid_client"})
        if known is None or form.get("redirect_uri") != known.redirect or not _proves(form, known):
            return _json(400, {"error": "invalid_grant", "error_description": "the code is not good"})
        token = secrets.token_urlsafe(16)
        self.tokens.add(token)
        granted = {"access_token": token, "refresh_token": f"r-{token}", "expires_in": 7200, "token_type": "bearer"}
        return _json(200, {**granted, "scope": known.scope})

    def _is_ours(self, got: Got, form: dict[str, str]) -> bool:
        basic = got.headers.get("authorization", "").removeprefix("Basic ")
        named = b64decode(basic).decode() if basic else f"{form.get('client_id')}:{form.get('client_secret')}"
        return named == f"{CLIENT}:{SECRET}"

    def _api(self, got: Got) -> Response:
        if got.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _json(401, {"title": "Unauthorized", "status": 401})
        return _json(200, self.answers[got.path])


class Rerouted(HttpWeb):
    """The real port, with the network's own host on this machine."""

    def __init__(self, server: HTTPServer, *hosts: str) -> None:
        super().__init__(frozenset({f"{server.host}:{server.port}"}))
        self._hosts = hosts
        self._here = server.url_for("").rstrip("/")

    def send(self, request: Request) -> Reply:
        """Over a socket, to the server that stands in for the network."""
        host = "https://" + urlsplit(request.url).netloc
        assert host in self._hosts, request.url
        return super().send(dataclasses.replace(request, url=request.url.replace(host, self._here, 1)))


def returned(said: dict[str, str], path: str) -> str:
    """Where the network sends a person back to."""
    return f"{path}?{urlencode(said)}"


def _proves(form: dict[str, str], known: Asked) -> bool:
    if known.challenge is None:
        return True
    proof = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
    return 43 <= len(form.get("code_verifier", "")) <= 128 and proof == known.challenge


def _json(status: int, body: Json) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
