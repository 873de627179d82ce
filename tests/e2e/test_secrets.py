"""The deployed service keeps and says no secret: its whole table and all of its logs are searched for some."""

import zlib
from collections.abc import Iterator

import pytest

from infra.local import STAGE, Service
from tests.e2e.gateway import Gateway
from tests.e2e.tenant import Tenant, eventually, made

pytestmark = pytest.mark.e2e


def test_no_secret_is_in_the_table_or_in_a_log(
    service: Service, owner: Tenant, stranger: Tenant, gateway: Gateway
) -> None:
    account = owner.connect(platform="sandbox", name="Lost", host=gateway.url, credentials={"key": service.key})["id"]
    callback = made(owner.api.post(f"/v1/accounts/{account}/callbacks/standard", json={}))
    webhook = made(owner.api.post("/v1/webhooks", json={"url": f"{gateway.url}/v1/healthz"}))
    post = owner.ended(owner.post([account], {"fault": "server_error_after_accept"}, publish="now"))
    keys = {tenant.api.headers["Authorization"].removeprefix("Bearer ") for tenant in (owner, stranger)}
    secrets = {webhook["secret"], callback["secrets"]["signing_secret"], *keys, *gateway.tokens}
    assert len(gateway.tokens) == 2, "the key, and the token that it was given for it"

    eventually(lambda: post["id"] in "".join(logged(service)), bool)
    kept, said = "".join(rows(service)), "".join(logged(service))
    assert post["id"] in kept
    assert not [secret for secret in secrets if secret in kept or secret in said]


def rows(service: Service) -> Iterator[str]:
    """Everything in the table, as text."""
    pages = service.client("dynamodb").get_paginator("scan").paginate(TableName=service.outputs["TableName"])
    for page in pages:
        for item in page["Items"]:
            for [(kind, value)] in (attribute.items() for attribute in item.values()):
                yield zlib.decompress(value).decode() if kind == "B" else str(value)


def logged(service: Service) -> Iterator[str]:
    """Everything in the logs."""
    logs = service.client("logs")
    for group in logs.describe_log_groups(logGroupNamePrefix=f"/carillon/{STAGE}/")["logGroups"]:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
            yield from (event["message"] for event in page["events"])
