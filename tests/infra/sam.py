"""What AWS makes of the packaged template: the SAM transform, as the service does it, without the service."""

import copy
import os
from typing import Any
from unittest.mock import patch

from infra.package import LAYERS
from infra.stack import functions, release


def transformed(template: dict[str, Any], **parameters: str) -> dict[str, Any]:
    """The template in plain CloudFormation, deployed with these parameters and the defaults of the others."""
    from samtranslator.translator.transform import transform

    packaged = copy.deepcopy(template)
    for layer in LAYERS:
        packaged["Resources"][layer]["Properties"]["ContentUri"] = "s3://artifacts/layer.zip"
    for function in functions(packaged):
        function["CodeUri"] = "s3://artifacts/code.zip"
        function["AutoPublishCodeSha256"] = release(template, parameters)
    with patch.dict(os.environ, AWS_DEFAULT_REGION="eu-central-1"):
        made: dict[str, Any] = transform(packaged, {"AWS::Region": "eu-central-1", **parameters}, NoManagedPolicies())
    return made


def with_one_path(template: dict[str, Any]) -> dict[str, Any]:
    """The template with one path of the API, for what has nothing to do with paths: they are most of the work."""
    made = copy.deepcopy(template)
    body = made["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    body["paths"] = {"/v1/healthz": body["paths"]["/v1/healthz"]}
    return made


class NoManagedPolicies:
    """None of AWS' own policies is named in the template."""

    def load(self) -> dict[str, str]:
        return {}
