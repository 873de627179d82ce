"""The function that makes variants of pictures, called from another."""

import dataclasses
import json
from collections.abc import Sequence

from chalicelib.aws.clients import Client, answering, client
from chalicelib.core.errors import Unavailable
from chalicelib.core.variant import Variant


class LambdaPictures:
    """`Pictures` made by a function of their own."""

    def __init__(self, arn: str, functions: Client | None = None) -> None:
        self._arn = arn
        self._functions = functions or client("lambda")

    def variants(self, key: str, names: Sequence[str]) -> list[Variant]:
        """The variants of these names of the picture under the key, those that can be made."""
        asked = json.dumps({"key": key, "names": list(names)})
        with answering("lambda"):
            answer = self._functions().invoke(FunctionName=self._arn, Payload=asked.encode())
            said = answer["Payload"].read()
        if answer.get("FunctionError"):
            raise Unavailable("lambda: making variants failed")
        return [Variant(**each) for each in json.loads(said)]


def as_json(variants: Sequence[Variant]) -> list[dict[str, object]]:
    """Variants as the function answers them."""
    return [dataclasses.asdict(each) for each in variants]
