"""The one place that knows everybody: which port is which adapter in production."""

import os
from functools import cache

from chalicelib.ports import Errand, Heard, Probe, Wake, World


@cache
def world() -> World:
    """The world as AWS and the internet have it; made once per process, its clients at their first use."""
    from chalicelib import clock, settings, web
    from chalicelib.aws.dynamodb import DynamoTable
    from chalicelib.aws.kms import KmsVault
    from chalicelib.aws.lambdas import LambdaPictures
    from chalicelib.aws.s3 import S3Files
    from chalicelib.aws.scheduler import SchedulerAlarms
    from chalicelib.aws.sqs import SqsQueue

    chosen = settings.from_environment(os.environ)
    time = clock.SystemClock()
    table = DynamoTable(os.environ["CARILLON_TABLE"])
    publish_queue: SqsQueue[Wake] = SqsQueue(os.environ["CARILLON_PUBLISH_QUEUE_URL"])
    deliver_queue: SqsQueue[Errand] = SqsQueue(os.environ.get("CARILLON_DELIVER_QUEUE_URL", ""))
    probe_queue: SqsQueue[Probe] = SqsQueue(os.environ.get("CARILLON_MEDIA_QUEUE_URL", ""))
    heard_queue: SqsQueue[Heard] = SqsQueue(os.environ.get("CARILLON_ENGAGEMENT_QUEUE_URL", ""))
    files = S3Files(os.environ.get("CARILLON_MEDIA_BUCKET", ""), time)
    return World(
        table=table,
        queue=publish_queue,
        deliveries=deliver_queue,
        probes=probe_queue,
        heard=heard_queue,
        alarms=SchedulerAlarms(
            group=os.environ["CARILLON_ALARM_GROUP"],
            role=os.environ["CARILLON_ALARM_ROLE_ARN"],
            target=os.environ.get("CARILLON_DISPATCH_ARN", ""),
            dead_letters=os.environ.get("CARILLON_ALARM_DLQ_ARN"),
        ),
        vault=KmsVault(os.environ["CARILLON_KMS_KEY_ID"], table, time),
        web=web.HttpWeb(chosen.allowed_private_hosts, lend=files.lend),
        files=files,
        pictures=LambdaPictures(os.environ.get("CARILLON_VARIANTS_ARN", "")),
        clock=time,
        chance=clock.SystemChance(time),
        settings=chosen,
    )
