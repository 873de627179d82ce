"""/docs: everything that the OpenAPI document says, as a page that needs nothing but itself."""

import base64
import hashlib
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api import openapi, reference
from chalicelib.api.route import Scope
from tests.api.client import Api

BASE = "https://carillon.test/api"
ALLOWED = {"a", "b", "code", "details", "div", "h1", "h2", "h3", "h4", "li", "main", "meta", "nav", "p", "pre"} | {
    *("section", "small", "style", "summary", "table", "tbody", "td", "th", "thead", "title", "tr", "ul"),
    *("html", "head", "body"),
}
"""No tag that runs or fetches anything."""
VOID = {"meta"}


class Page(HTMLParser):
    """A page taken apart: its tags with their attributes, its anchors, its links, and its text by the section."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.sections: dict[str, str] = {}
        self._in = ""
        self.feed(html)
        self.close()

    @property
    def anchors(self) -> list[str]:
        return [str(found["id"]) for _, found in self.tags if "id" in found]

    @property
    def links(self) -> list[str]:
        return [str(found["href"]) for _, found in self.tags if "href" in found]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        self._in = str(found.get("id", self._in))

    def handle_data(self, data: str) -> None:
        self.sections[self._in] = self.sections.get(self._in, "") + data


@cache
def document() -> dict[str, Any]:
    return openapi.document(BASE)


@cache
def page() -> Page:
    return Page(reference.page(document()))


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, one) for path, methods in document()["paths"].items() for method, one in methods.items()]


def test_it_is_served_to_everybody_as_a_page_that_may_load_nothing(client: Api) -> None:
    answer = client.get("/docs", authorization="")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    policy = answer.headers["Content-Security-Policy"]
    (style,) = re.findall(rb"<style>(.*?)</style>", answer.body, re.DOTALL)
    own = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{own}'"]
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/docs").body == answer.body


def test_it_is_far_smaller_than_a_function_may_answer(client: Api) -> None:
    assert 100_000 < len(client.get("/docs").body) < 1_000_000


def test_nothing_in_it_runs_or_comes_from_elsewhere() -> None:
    assert {tag for tag, _ in page().tags} <= ALLOWED
    assert all(link.startswith("#") or link == "v1/openapi.json" for link in page().links)
    names = {name for _, found in page().tags for name in found}
    assert names <= {"id", "href", "class", "charset", "name", "content", "lang"}
    assert "url(" not in reference.STYLE
    assert "@import" not in reference.STYLE


def test_every_anchor_is_there_once_and_every_link_leads_somewhere() -> None:
    anchors = page().anchors

    assert len(set(anchors)) == len(anchors)
    assert {link[1:] for link in page().links if link.startswith("#")} <= set(anchors)


def test_every_operation_is_there_with_all_that_it_takes_and_answers() -> None:
    for method, path, operation in operations():
        said = page().sections[operation["operationId"]]
        assert f"{method.upper()} {path}" in said
        assert operation["summary"].replace("`", "") in said
        assert all(one["name"] in said for one in operation.get("parameters", []))
        assert all(status in said for status in operation["responses"])
        assert operation.get("x-scope", "key") in said
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert all(f"Example: {name}" in said for name in content.get("examples", {}))


def test_every_schema_is_there_with_all_its_fields() -> None:
    for name, schema in document()["components"]["schemas"].items():
        said = page().sections[f"schema-{name}"]
        assert said.startswith(name)
        assert all(field in said for field in schema.get("properties", {}))
        assert all(str(choice) in said for choice in schema.get("enum", []))


def test_every_scope_lists_its_operations() -> None:
    said = page().sections["scopes"]

    assert all(scope in said for scope in Scope.__args__)  # type: ignore[attr-defined]
    assert all(operation["operationId"] in said for _, _, operation in operations())


@given(
    st.text(min_size=1, max_size=40) | st.just("</pre><script>alert(1)</script>") | st.just('"><img src=x onerror=y>')
)
def test_whatever_the_document_says_stays_text(evil: str) -> None:
    field = {"type": "string", "description": evil, "pattern": evil, "default": evil}
    operation = {
        "operationId": "op",
        "tags": ["t"],
        "summary": evil,
        "security": [],
        "parameters": [{"name": evil, "in": evil, "required": True, "schema": {"enum": [evil]}, "description": evil}],
        "requestBody": {"content": {evil: {"schema": field, "examples": {evil: {"value": {evil: evil}}}}}},
        "responses": {"200": {"description": evil, "headers": {evil: {}}, "content": {evil: {"schema": field}}}},
    }
    found = Page(
        reference.page(
            {
                "info": {"title": evil, "version": evil, "description": evil},
                "servers": [{"url": evil}],
                "tags": [{"name": "t", "description": evil}],
                "paths": {f"/{evil}": {"get": operation}},
                "components": {"schemas": {evil: {"description": evil, "properties": {evil: field}}}},
            }
        )
    )

    assert {tag for tag, _ in found.tags} <= ALLOWED
    assert {name for _, one in found.tags for name in one} <= {
        *("id", "href", "class", "charset", "name"),
        "content",
        "lang",
    }
