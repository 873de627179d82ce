"""`python -m infra.ministack_server TICK`: MiniStack, looking for what is due every TICK seconds instead of every ten.

It ends when its standard input closes, so that it never outlives whoever started it; as on SIGTERM, its state is saved.
Start it in a session of its own.
"""

import hashlib
import os
import signal
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import eventbridge, scheduler, sqs


class SharedZip(zipfile.ZipFile):
    """A function's code or layer. All workers read one unpacked copy, as nobody can write to it in Lambda either:
    MiniStack would unpack 1,400 files for each, which on a slow disk take longer to delete than a test takes to run."""

    _unpacking = threading.Lock()

    def extractall(self, path: Any = None, *_: object) -> None:
        """Have `path`, an empty directory, lead to what this archive holds."""
        assert self.filename is not None  # noqa: S101
        name = hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
        shared = Path(tempfile.gettempdir()) / f"unpacked-{name}"
        with self._unpacking:
            if not shared.exists():
                unfinished = shared.with_suffix(".unfinished")
                super().extractall(unfinished)
                unfinished.rename(shared)
        Path(path).rmdir()
        Path(path).symlink_to(shared, target_is_directory=True)


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    scheduler._SCHEDULE_TICK_INTERVAL = eventbridge._SCHEDULER_TICK_INTERVAL = float(sys.argv.pop())
    # Its queues are saved under URLs that hold the port: on another port it would not find them again.
    sqs.DEFAULT_PORT = "4566"
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedZip})
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        app.main()
    finally:
        # Lambdas that are in the middle of something would live on: end our process group, but not ourselves.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(os.getpgrp(), signal.SIGTERM)
