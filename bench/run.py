"""Run every benchmark and print its ratios: python bench/run.py [NAME…].

Ratios travel between machines; times do not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent


def main(names: list[str]) -> int:
    """Run each bench_*.py in a process of its own; return 1 when one of them failed or missed its target."""
    scripts = sorted(
        path for path in BENCH.glob("bench_*.py") if not names or path.stem.removeprefix("bench_") in names
    )
    failed = []
    for script in scripts:
        print(f"== {script.stem.removeprefix('bench_')}", flush=True)
        environment = os.environ | {"PYTHONPATH": str(BENCH.parent), "OMP_NUM_THREADS": "1"}
        run = subprocess.run([sys.executable, str(script)], cwd=BENCH.parent, env=environment, check=False)
        if run.returncode:
            failed.append(script.stem)
    print(f"missed or failed: {', '.join(failed)}" if failed else "every ratio within its target")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
