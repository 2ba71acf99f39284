"""Train the sample checkpoints again and write data/{checkpoints,reports,releases} (some minutes on one core).

Usage: python data/make_samples.py [--only CHECKPOINT_ID ...] [--reports] [--into FOLDER]
``--only`` without an id writes the proposals alone; ``--reports`` trains nothing and measures what is there again.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from data.samples.build import build, measure_again  # noqa: E402 the path is set just above
from data.samples.proposals import write_all  # noqa: E402
from data.samples.specs import BY_ID, SPECS  # noqa: E402
from data.samples.training import pin_threads  # noqa: E402


def main() -> None:
    """Build the chosen checkpoints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=sorted(BY_ID), default=None)
    parser.add_argument("--reports", action="store_true")
    parser.add_argument("--into", type=Path, default=HERE)
    arguments = parser.parse_args()
    pin_threads()
    for spec in SPECS:
        if arguments.only is None or spec.id in arguments.only:
            print((measure_again if arguments.reports else build)(spec, arguments.into), flush=True)
    if not arguments.only and not arguments.reports:
        write_all(arguments.into)


if __name__ == "__main__":
    main()
