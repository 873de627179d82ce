"""A process on each processor, and each stays on its own.

A simulation hands its baton from thread to thread all the time: where these are on different processors it takes a
quarter longer.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized


def pool() -> ProcessPoolExecutor:
    """Processes that import everything anew, as many as there are processors."""
    spawning = get_context("spawn")
    return ProcessPoolExecutor(
        os.cpu_count(), mp_context=spawning, initializer=_stay, initargs=(spawning.Value("i", 0),)
    )


def _stay(taken: "Synchronized[int]") -> None:
    if not hasattr(os, "sched_setaffinity"):  # macOS
        return
    with taken.get_lock():
        number, taken.value = taken.value, taken.value + 1
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[number % len(processors)]})
