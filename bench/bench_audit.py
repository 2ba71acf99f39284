"""Side by side with SACRO-ML's LiRA, and RMIA with two reference models against offline LiRA with eight.

python bench/bench_audit.py --sacro PYTHON [--guard PYTHON] [--seeds 5] [--shadows 64] [--write]

PYTHON is the interpreter of an environment with SACRO-ML (or PrivacyGuard), which pin other versions than ours:

    python3 -m venv /tmp/sacro
    /tmp/sacro/bin/pip install "torch==2.13.0" && /tmp/sacro/bin/pip install sacroml==2.0.1
    python3 -m venv /tmp/guard
    /tmp/guard/bin/pip install "torch==2.13.0" && /tmp/guard/bin/pip install privacyguard-platform==0.0.2

Both sides attack the same target on the same records, in processes of their own, one thread each, in turn; what counts
is processor time, which other work on the machine disturbs less than the clock. Every per-record score, ours and
theirs, goes through the same arithmetic. Exits 1 when a target is missed. --write renews audit/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from bench.audit.few import few_models
from bench.audit.results import COMPARED, Row, document, misses
from bench.audit.tasks import TASKS, prepare

HERE = Path(__file__).resolve().parent / "audit"


def main() -> int:
    """Run both sides for each task and seed; return 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sacro", help="interpreter with SACRO-ML; without it, only the second table is made")
    parser.add_argument("--guard", help="interpreter with PrivacyGuard")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shadows", type=int, default=64)
    parser.add_argument("--tasks", nargs="*", default=list(TASKS))
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows, few = [], []
    for seed in range(asked.seeds):
        for name in asked.tasks:
            with tempfile.TemporaryDirectory() as folder:
                accuracy = prepare(TASKS[name], seed, Path(folder))
                few += few_models(Path(folder), name, seed)
                if asked.sacro:
                    rows.append(_side_by_side(asked, name, seed, Path(folder), accuracy))
                    print(rows[-1].line(), flush=True)
    text = document(rows, few, _machine(), asked.shadows)
    print(text)
    if asked.write:
        (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    missed = misses(rows, few)
    print("\n".join(missed) or "Every target is met.")
    return 1 if missed else 0


def _side_by_side(asked: argparse.Namespace, name: str, seed: int, folder: Path, accuracy: dict[str, float]) -> Row:
    ours = _run([sys.executable, str(HERE / "ours_leg.py"), str(folder), str(asked.shadows), str(seed)])
    theirs = _run([asked.sacro, str(HERE / "sacro_leg.py"), str(folder), str(asked.shadows)])
    n_in = json.loads((folder / "task.json").read_text())["n_in"]
    scores = {attack: np.array(values) for attack, values in (ours["scores"] | theirs["scores"]).items()}
    guard = _guard(asked.guard, folder, scores[COMPARED], n_in) if asked.guard else None
    load = os.getloadavg()[0]
    return Row(name, seed, accuracy, ours["cpu"], theirs["cpu"], scores, n_in, guard, load)


def _guard(python: str, folder: Path, scores: np.ndarray, n_in: int) -> dict[str, Any]:
    path = folder / "scores.npz"
    np.savez(path, members=scores[:n_in], non_members=scores[n_in:])
    return _run([python, str(HERE / "guard_leg.py"), str(path)])


def _run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[:2]} failed:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{model}, {os.cpu_count()} processors, torch {torch.__version__}, one thread"


if __name__ == "__main__":
    sys.exit(main())
