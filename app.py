"""Carillon's front door: the HTTP API, and every queue, cron and schedule that wakes it.

Event handlers live here and not in blueprints, because Chalice deploys a blueprint's handler without ever importing
this file (docs/decisions/0001-entry-points-live-in-app.md).
"""

import os
from functools import partial
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, DynamoDBEvent, Rate, SQSEvent

from chalicelib.service import journal
from chalicelib.wiring import world

app = Chalice(app_name="carillon", configure_logs=False)

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:  # whatever is logged is a line of ours
    journal.install()
app.register_middleware(journal.unbroken, "all")


def _serves_http() -> bool:
    """Each function imports this file, and Lambda says in _HANDLER for which; the embedded AWS says its name alone."""
    handler, name = os.environ.get("_HANDLER"), os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "APIHandler")
    return handler == "app.app" if handler else "APIHandler" in name


# The API and its models are most of what there is to import; the other functions never serve them, and start in half
# the time without.
if _serves_http():
    from chalicelib import api

    api.install(app, world)


@app.lambda_function(name="dispatch")
def dispatch(event: dict[str, Any], _context: object) -> int:
    """A due minute's alarm has rung."""
    from chalicelib.aws.events import minute_in, side_by_side
    from chalicelib.service.dispatch import dispatch

    return dispatch(world(), minute_in(event), side_by_side)


@app.on_sqs_message(queue="publish", batch_size=10, name="publish")
def publish(event: SQSEvent) -> dict[str, Any]:
    """Targets are due, or have to be looked at again."""
    from chalicelib.aws.events import each_wake
    from chalicelib.service.publish import publish

    return each_wake(event.to_dict(), partial(publish, world()))


@app.on_dynamodb_record(stream_arn="arn: see infra/resources.yaml", batch_size=100, name="tell")
def tell(event: DynamoDBEvent) -> None:
    """Targets were written: their rows are the outbox of the webhooks."""
    from chalicelib.aws.events import changes_in
    from chalicelib.service.tell import tell

    tell(world(), changes_in(event.to_dict()))


@app.on_sqs_message(queue="deliver", batch_size=10, name="deliver")
def deliver(event: SQSEvent) -> dict[str, Any]:
    """Webhook deliveries are due."""
    from chalicelib.aws.events import each_errand
    from chalicelib.service.deliver import deliver

    return each_errand(event.to_dict(), partial(deliver, world()))


@app.lambda_function(name="callbacks")
def callbacks(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A network calls. Its path leads to this function and not to the API's: see infra/resources.yaml."""
    from chalicelib.aws.gateway import answered
    from chalicelib.service.receive import receive

    here = world()
    return answered(event, here.clock.now(), partial(receive, here))


@app.on_sqs_message(queue="engagement", batch_size=100, maximum_batching_window_in_seconds=1, name="ingest")
def ingest(event: SQSEvent) -> dict[str, Any]:
    """Networks have told what people did."""
    from chalicelib.aws.events import all_heard
    from chalicelib.service.ingest import ingest

    return all_heard(event.to_dict(), partial(ingest, world()))


@app.on_sqs_message(queue="media", batch_size=1, name="media")
def media(event: SQSEvent) -> dict[str, Any]:
    """A medium was uploaded, or has to be fetched."""
    from chalicelib.aws.events import each_probe
    from chalicelib.service.probe import look

    return each_probe(event.to_dict(), partial(look, world()))


@app.lambda_function(name="variants")
def variants(event: dict[str, Any], _context: object) -> list[dict[str, object]]:
    """A picture is wanted smaller. This function alone has Pillow, and touches nothing but pictures."""
    from chalicelib.aws.lambdas import as_json
    from chalicelib.pictures import jpeg
    from chalicelib.service.variants import make

    return as_json(make(world().files, jpeg, event["key"], event["names"]))


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(_event: CloudWatchEvent) -> None:
    """Every minute, whatever the alarms do."""
    from chalicelib.aws.events import side_by_side
    from chalicelib.service.sweep import sweep

    sweep(world(), side_by_side)


@app.schedule(Rate(5, unit=Rate.MINUTES), name="canary")
def canary(_event: CloudWatchEvent) -> None:
    """Every five minutes, a post of our own to the sandbox, and a look at those before."""
    from chalicelib.service.canary import sing

    sing(world())


@app.schedule(Rate(1, unit=Rate.MINUTES), name="measure")
def measure(_event: CloudWatchEvent) -> None:
    """Every minute, the figures of published posts whose turn it is."""
    from chalicelib.service.measure import measure

    measure(world())


@app.schedule(Rate(1, unit=Rate.HOURS), name="score")
def score(_event: CloudWatchEvent) -> None:
    """Every hour, the workspaces in which something changed; every workspace once a day."""
    from chalicelib.service.scorer import score

    score(world())


@app.schedule(Rate(1, unit=Rate.HOURS), name="recur")
def recur(_event: CloudWatchEvent) -> None:
    """Once an hour, the posts of schedules whose time has come within the next two weeks."""
    from chalicelib.service.recur import recur

    recur(world())


@app.schedule(Rate(1, unit=Rate.DAYS), name="renew")
def renew(_event: CloudWatchEvent) -> None:
    """Once a day, ahead of what ends within a week."""
    from chalicelib.service import credentials, subscriptions

    credentials.renew(world())
    subscriptions.renew(world())
