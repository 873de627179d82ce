"""The API's reference as one HTML page, made of the OpenAPI document: no script, and nothing from anywhere else."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from html import escape
from typing import Any

from chalicelib.api import openapi

Json = dict[str, Any]

STYLE = """\
:root{color-scheme:light dark;--line:#8884;--dim:#8881;--link:#0a58ca}
@media(prefers-color-scheme:dark){:root{--link:#7ab7ff}}
*{box-sizing:border-box}
body{margin:0;font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
nav,main{padding:1rem}
nav ul{list-style:none;margin:0;padding:0 0 0 1rem}
main{max-width:60rem;min-width:0}
a{color:var(--link);text-decoration:none}
a:hover,a:focus{text-decoration:underline}
section{border-top:1px solid var(--line);padding:.5rem 0}
section:target{background:var(--dim)}
h2{margin:2rem 0 .5rem}
h3{margin:.5rem 0;font-size:1.1rem}
h4{margin:1rem 0 .25rem;font-size:1rem}
code,pre{font:.9em/1.45 ui-monospace,monospace}
pre{background:var(--dim);padding:.75rem;overflow-x:auto;overflow-wrap:normal}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.25rem .5rem .25rem 0;text-align:left;vertical-align:top}
td:first-child{white-space:nowrap}
small{opacity:.75}
.GET{color:#18794e}.POST{color:#b45309}.PUT,.PATCH{color:#6d28d9}.DELETE{color:#c2185b}
@media(min-width:60rem){body{display:grid;grid-template-columns:20rem 1fr}
nav{position:sticky;top:0;height:100vh;overflow-y:auto;border-right:1px solid var(--line)}}
"""
HEADERS = {
    "Content-Type": "text/html",
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    ),
    "Referrer-Policy": "no-referrer",
}
"""The page may use its own style and nothing else, and nobody may frame it."""

LIMITS = ("minimum", "exclusiveMinimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties")
SAID = {
    "minimum": "≥",
    "exclusiveMinimum": ">",
    "maximum": "≤",
    "minLength": "length ≥",
    "maxLength": "length ≤",
    "minItems": "items ≥",
    "maxItems": "items ≤",
    "maxProperties": "entries ≤",
}


@lru_cache(maxsize=4)
def served(base: str) -> str:
    """The page for a service at `base`."""
    return page(openapi.document(base))


def page(document: Json) -> str:
    """The page of an OpenAPI document of ours."""
    info = document["info"]
    title = f"{info['title']} API, version {info['version']}"
    body = [
        _navigation(document),
        f"<main><h1>{escape(title)}</h1>{_prose(info['description'])}",
        f"<p>Every path below stands behind <code>{escape(document['servers'][0]['url'])}</code>. "
        'For machines there is the same as <a href="v1/openapi.json">OpenAPI 3.1</a>.</p>',
        _scopes(document),
        *(_resource(document, tag) for tag in document["tags"]),
        "<h2 id=schemas>Schemas</h2>",
        *(_schema(name, schema) for name, schema in _schemas(document)),
        "</main>",
    ]
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{escape(title)}</title>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>"
    )


def _operations(document: Json, tag: str | None = None) -> list[tuple[str, str, Json]]:
    """The operations, or those of one resource, each with its method and path."""
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if tag is None or tag in operation["tags"]
    ]


def _schemas(document: Json) -> list[tuple[str, Json]]:
    return sorted(document["components"]["schemas"].items())


def _navigation(document: Json) -> str:
    resources = "".join(
        f"<li><details><summary>{escape(tag['name'])}</summary><ul>"
        + "".join(
            f"<li>{_link(operation['operationId'], operation['operationId'])}"
            for _, _, operation in _operations(document, tag["name"])
        )
        + "</ul></details>"
        for tag in document["tags"]
    )
    return f"<nav><ul>{resources}<li>{_link('scopes', 'scopes')}<li>{_link('schemas', 'schemas')}</ul></nav>"


def _scopes(document: Json) -> str:
    by_scope: dict[str, list[str]] = {}
    for _, _, operation in _operations(document):
        by_scope.setdefault(_needed(operation), []).append(operation["operationId"])
    rows = [[_needs(scope), ", ".join(_link(name, name) for name in by_scope[scope])] for scope in sorted(by_scope)]
    about = "<p>What a key must be good for; a key without the scope is answered 403.</p>"
    return f"<h2 id=scopes>Scopes</h2>{about}{_table(['Scope', 'Operations'], rows)}"


def _needed(operation: Json) -> str:
    return str(operation.get("x-scope") or ("any key" if operation["security"] else "no key"))


def _needs(scope: str) -> str:
    return f"<code>{escape(scope)}</code>" if ":" in scope else escape(scope)


def _resource(document: Json, tag: Json) -> str:
    operations = "".join(_operation(*each) for each in _operations(document, tag["name"]))
    return f"<h2 id={_id('tag-' + tag['name'])}>{escape(tag['name'])}</h2>{_prose(tag['description'])}{operations}"


def _operation(method: str, path: str, operation: Json) -> str:
    name = operation["operationId"]
    parts = [
        f'<section id={_id(name)}><h3><a href="#{_id(name)}"><b class={_id(method)}>{escape(method)}</b> '
        f"<code>{escape(path)}</code></a> <small>{escape(name)}</small></h3>",
        f"<p>{_text(operation['summary'])} <small>Needs {_needs(_needed(operation))}.</small></p>",
        _parameters(operation.get("parameters", [])),
        _body(operation.get("requestBody", {}).get("content", {})),
        "<h4>Answers</h4>",
        _table(["Status", "", "Body", "Headers"], [_answer(*each) for each in sorted(operation["responses"].items())]),
        "</section>",
    ]
    return "".join(parts)


def _parameters(parameters: list[Json]) -> str:
    rows = [
        [
            f"<code>{escape(one['name'])}</code>{_required(one['required'])}",
            escape(one["in"]),
            _kind(one["schema"]),
            _text(one.get("description", "") or one["schema"].get("description", "")),
        ]
        for one in parameters
    ]
    return f"<h4>Parameters</h4>{_table(['Name', 'In', 'Type', ''], rows)}" if rows else ""


def _required(required: bool) -> str:
    return " <small>required</small>" if required else ""


def _body(content: Json) -> str:
    if not content:
        return ""
    examples = "".join(
        f"<details><summary>Example: {escape(name)}</summary><pre>{_json(example['value'])}</pre></details>"
        for one in content.values()
        for name, example in one.get("examples", {}).items()
    )
    return f"<h4>Body</h4><p>{_content(content)}</p>{examples}"


def _content(content: Json) -> str:
    return ", ".join(
        f"{_kind(one['schema']) + ' ' if 'schema' in one else ''}<small>{escape(kind)}</small>"
        for kind, one in content.items()
    )


def _answer(status: str, answer: Json) -> list[str]:
    headers = ", ".join(f"<code>{escape(name)}</code>" for name in answer.get("headers", {}))
    return [f"<b>{escape(status)}</b>", _text(answer["description"]), _content(answer.get("content", {})), headers]


def _schema(name: str, schema: Json) -> str:
    own = _id(f"schema-{name}")
    head = f'<section id={own}><h3><a href="#{own}">{escape(name)}</a></h3>{_prose(schema.get("description", ""))}'
    if "properties" not in schema:
        return f"{head}<p>{_kind(schema)}</p></section>"
    required = schema.get("required", [])
    rows = [
        [
            f"<code>{escape(field)}</code>{_required(field in required)}",
            _kind(one),
            _text(one.get("description", "")),
        ]
        for field, one in schema["properties"].items()
    ]
    return f"{head}{_table(['Field', 'Type', ''], rows)}</section>"


def _kind(schema: Json) -> str:
    """What a value may be, in words, with links to the schemas that it names."""
    limits = [f"{SAID[name]} {schema[name]}" for name in LIMITS if name in schema]
    limits += [f"matches {schema['pattern']}"] if "pattern" in schema else []
    limits += [f"default {json.dumps(schema['default'], ensure_ascii=False)}"] if "default" in schema else []
    said = f" <small>{escape(', '.join(limits))}</small>" if limits else ""
    return _shape(schema) + said


def _shape(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return _link(f"schema-{name}", name)
    for choices in ("anyOf", "oneOf", "allOf"):
        if choices in schema:
            return " or ".join(_kind(one) for one in schema[choices])
    if "enum" in schema or "const" in schema:
        return " | ".join(f"<code>{_value(one)}</code>" for one in schema.get("enum") or [schema["const"]])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}" if "items" in schema else "list"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_kind(schema['additionalProperties'])}"
    return escape(str(schema.get("format") or schema.get("type") or "anything"))


def _value(value: object) -> str:
    return escape(value if isinstance(value, str) else json.dumps(value))


def _json(value: object) -> str:
    return escape(json.dumps(value, ensure_ascii=False, indent=2))


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{escape(head)}" for head in heads)
    return (
        f"<div class=wide><table><thead><tr>{top}</thead><tbody>"
        + "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in rows)
        + "</tbody></table></div>"
    )


def _prose(text: str) -> str:
    return "".join(f"<p>{_text(one)}</p>" for one in re.split(r"\n\s*\n", text.strip()) if one)


def _text(text: str) -> str:
    """Text with its `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _id(name: str) -> str:
    """A name as an anchor: letters, digits, `_` and `-`, which need no quotes."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def _link(anchor: str, text: str) -> str:
    return f'<a href="#{_id(anchor)}">{escape(text)}</a>'
