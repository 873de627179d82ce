"""`python -m tests.simulation`: run seeds until one fails or time is up, or one seed with its trace."""

import argparse
import sys
import time

from tests.simulation.networks import registered
from tests.simulation.runs import run, traced
from tests.simulation.scenario import tell


def main() -> int:
    """0 where every promise held."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one again, and print its trace")
    parser.add_argument("--seeds", type=int, default=1_000_000, help="at most so many")
    parser.add_argument("--seconds", type=float, default=3600.0, help="at most so long")
    parser.add_argument("--first", type=int, default=int(time.time()) * 1000, help="the first seed; new each time")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        return _one(chosen.seed)
    report = run(chosen.first, chosen.seeds, chosen.seconds)
    print(f"from seed {chosen.first}: {report}")
    if report.failed:
        return _one(min(report.failed))
    return 0


def _one(seed: int) -> int:
    with registered():
        print(traced(seed))
        return 1 if tell(seed).breaches else 0


if __name__ == "__main__":
    sys.exit(main())
