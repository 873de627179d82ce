"""`python -m infra.ministack_server TICK`: MiniStack, looking for due schedules every TICK seconds instead of every ten.

It ends when its standard input closes, so that it never outlives whoever started it; like SIGTERM, that saves its state.
"""

import os
import signal
import sys
import threading

from ministack import app
from ministack.services import scheduler


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    scheduler._SCHEDULE_TICK_INTERVAL = float(sys.argv.pop())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    app.main()
