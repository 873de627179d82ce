"""XML as the plain values that JSON would be. A document type is refused, and with it all entities of one's own."""

from typing import Any
from xml.parsers import expat

Values = dict[str, Any]


def document(body: bytes) -> Values:
    """What is in the root element: texts, mappings, and a list where a name comes several times.

    Attributes are values named `@…`. ValueError where it is no XML, or more than XML needs to be.
    """
    inside: list[tuple[Values, list[str]]] = [({}, [])]

    def start(_name: str, attributes: dict[str, str]) -> None:
        inside.append(({f"@{name}": value for name, value in attributes.items()}, []))

    def end(name: str) -> None:
        children, text = inside.pop()
        _put(inside[-1][0], name, children or "".join(text))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: inside[-1][1].append(text)
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as no:
        raise ValueError("no XML") from no
    (root,) = inside[0][0].values()
    if not isinstance(root, dict):
        raise ValueError("nothing is in the root element")
    return root


def _put(values: Values, name: str, value: Any) -> None:
    if name not in values:
        values[name] = value
    elif isinstance(values[name], list):
        values[name].append(value)
    else:
        values[name] = [values[name], value]


def _refuse(*_about: object) -> None:
    raise ValueError("a document type")
