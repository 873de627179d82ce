"""`python -m tests.bench [SECTION …]`: speed and size, each beside its goal.

Nothing fails here: machines differ. Ratios are taken within one run; read the absolute figures with the machine's load.
"""

import argparse
import os
from importlib import import_module
from importlib.util import find_spec

from tests.bench.figures import table

SECTIONS = {
    "size": "Package",
    "imports": "Cold start: import, wiring and a DynamoDB client in a fresh process",
    "api": "API in process, over a world in memory: our code alone",
    "adapt": "Adaptation",
    "engagement": "Callbacks: taken in, and counted",
    "scores": "Scores: over a month and over three years, and the daily run",
    "lateness": "Lateness: 200 sandbox posts due within one minute, on the embedded AWS",
    "burst": "Burst: 1,000 sandbox posts due at one instant, on the embedded AWS",
}


def main() -> None:
    """Measure the sections that were named, or all, and print their tables."""
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="section", help=f"of {', '.join(SECTIONS)}; all without any")
    chosen = parser.parse_args().sections
    if unknown := set(chosen) - SECTIONS.keys():
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    for name, title in SECTIONS.items():
        if (not chosen or name in chosen) and find_spec(f"tests.bench.{name}"):
            print(f"{title} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors)", flush=True)
            print(table(import_module(f"tests.bench.{name}").measure()), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
