"""Whether a request would ever leave for an address, known before one has to."""

import socket
from typing import Any

import pytest

from chalicelib.web import HttpWeb

WEB = HttpWeb(frozenset({"127.0.0.1:8080"}))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://127.0.0.1/hook", "is not a public address"),
        ("https://[::1]/hook", "is not a public address"),
        ("https://169.254.169.254/latest/meta-data", "is not a public address"),
        ("https://2130706433/hook", "not a plain host: a number that is no dotted IPv4 address"),
        ("http://127.0.0.1:8081/hook", "only https is allowed"),
        ("http://example.org/hook", "only https is allowed"),
        ("https://does-not-exist.invalid/hook", "no such host"),
        ("ftp://example.org", "not an http or https address"),
        ("https://example.org:99999/", "not a web address"),
    ],
)
def test_an_address_that_nothing_may_be_sent_to_is_known_beforehand(url: str, why: str) -> None:
    assert WEB.objection(url) == why


def test_a_public_address_and_an_allowed_private_one_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    def public(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))]

    assert WEB.objection("http://127.0.0.1:8080/hook") is None
    monkeypatch.setattr(socket, "getaddrinfo", public)
    assert WEB.objection("https://example.org/hook") is None
