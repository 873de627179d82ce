"""`python -m infra.ministack_server TICK`: MiniStack, looking for what is due every TICK seconds instead of every ten.

It ends when its standard input closes, so that it never outlives whoever started it; as on SIGTERM, its state is saved.
Start it in a session of its own.
"""

import os
import signal
import sys
import threading

from ministack import app
from ministack.services import eventbridge, scheduler, sqs


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    scheduler._SCHEDULE_TICK_INTERVAL = eventbridge._SCHEDULER_TICK_INTERVAL = float(sys.argv.pop())
    # Its queues are saved under URLs that hold the port: on another port it would not find them again.
    sqs.DEFAULT_PORT = "4566"
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        app.main()
    finally:
        # Lambdas that are in the middle of something would live on: end our process group, but not ourselves.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(os.getpgrp(), signal.SIGTERM)
