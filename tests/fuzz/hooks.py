"""What the fuzzer has to be told about us, and the check that only we can make."""

import os
from typing import Any, get_args

import schemathesis
from pydantic_core.core_schema import ErrorType
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import UnsupportedMethodResponse

from tests.fuzz.server import IN_MEMORY

OWN_KEY = os.environ.get("CARILLON_KEY_ID", "")

SHAPES = {
    *get_args(ErrorType),
    *("unknown_field", "unknown_parameter", "not_an_object", "invalid_json", "too_deep"),
} - {
    "value_error",  # a rule of ours: what no schema can say
    "string_pattern_mismatch",  # the fuzzer's `$` is Python's, which is fine with the end of a line behind it
}
"""What is wrong with the shape of a request, which its schema has to say beforehand."""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Never end or renew the key that the fuzzer itself comes with."""
    if OWN_KEY and (case.path_parameters or {}).get("key_id") == OWN_KEY and case.method in ("DELETE", "POST"):
        case.path_parameters["key_id"] = "key_of_nobody"


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """API Gateway knows no 405: it answers a method that a path has not as a path that is not there.

    The function itself says 405, with what is allowed, and is held to it where no gateway stands before it. Nor is a
    431 ever ours: the server before us reads no request line and headers that are longer than it likes.
    """
    if response.headers.get("server", [""])[0] == IN_MEMORY:
        return True
    unknown = isinstance(failure, UnsupportedMethodResponse) and response.status_code == 404
    return not (unknown or response.status_code == 431)


@schemathesis.check
def the_schema_says_what_is_wrong(ctx: Any, response: Any, case: Any) -> None:
    """What fits the schema is refused only for reasons that a schema cannot hold."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return
    found = response.json()
    codes = {issue["code"] for issue in found["issues"] if issue["severity"] == "error"} | {found["code"]}
    if strange := codes & SHAPES:
        raise Failure(operation=case.operation.label, title=f"Refused: {sorted(strange)}", message="Not in the schema.")
