"""How long each bomb of the tests takes to be refused, beside the two seconds that it may take: bench_bombs.py [RUNS].

Processor seconds, the quietest of several runs; the files are those of tests/unit/evidence/corpus/bombs.py.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from exeat.evidence.inspection import open_checkpoint
from tests.unit.evidence.corpus.bombs import BOMBS

SECONDS = 2.0
RUNS = 3


def once(path: Path) -> float:
    """Return the processor seconds of one refusal."""
    began = time.process_time()
    with open_checkpoint(path) as opened:
        assert any(problem.verdict == "unsafe" for problem in opened.problems)
    return time.process_time() - began


def main(runs: int = RUNS) -> int:
    """Print each bomb's share of the time it may take, the slowest first; return 1 when one takes longer."""
    took: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bomb"
        for name, (data, _) in BOMBS.items():
            path.write_bytes(data)
            took[name] = min(once(path) for _ in range(runs))
    for name, seconds in sorted(took.items(), key=lambda one: -one[1]):
        print(f"{seconds / SECONDS:6.2f} of {SECONDS:.0f} s: {name}")
    return int(max(took.values()) > SECONDS)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
