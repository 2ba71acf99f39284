"""Our LiRA and RMIA on one task: python bench/audit/ours_leg.py FOLDER SHADOWS SEED. Prints one line of JSON.

The processor time is that of training the shadow models and of every attack that needs them, from the loaded target to
the scores.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import torch

from bench.audit.network import Mlp
from exeat.audit.attacks import run_attacks
from exeat.audit.shadows import train_shadows
from exeat.audit.signals import shadow_halves
from exeat.audit.target import Recipe, Records, Target

LIRA = (
    *("lira", "lira_offline", "lira_online", "lira_online_fixed", "lira_bounded", "lira_online_bounded"),
    *("rmia", "rmia_online"),
)


def main(folder: Path, shadows: int, seed: int) -> None:
    """Attack the target of ``folder`` and print what it took and what it found."""
    torch.set_num_threads(1)
    target, recipe = load(folder)
    x, y = target.everyone()
    start = _cpu()
    stack = train_shadows(recipe, x, y, shadow_halves(len(x), shadows, seed), seed=seed)
    trained = _cpu()
    scores = run_attacks(target, stack, LIRA, seed=seed)
    took = _cpu() - start
    found = {one.attack: np.concatenate([one.members, one.non_members]).tolist() for one in scores}
    print(json.dumps({"cpu": took, "training": trained - start, "whole_process": _cpu(), "scores": found}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def load(folder: Path) -> tuple[Target, Recipe]:
    """Return target and recipe of a prepared task."""
    task = json.loads((folder / "task.json").read_text())
    data, weights = np.load(folder / "data.npz"), np.load(folder / "weights.npz")
    x, y = torch.from_numpy(data["x"]), torch.from_numpy(data["y"])
    model = Mlp(task["sizes"])
    model.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    n_in = task["n_in"]
    members, others = Records(x[:n_in], y[:n_in]), Records(x[n_in:], y[n_in:])
    recipe = Recipe(
        build=lambda: Mlp(task["sizes"]), epochs=task["epochs"], batch_size=task["batch_size"],
        learning_rate=task["learning_rate"],
    )  # fmt: skip
    return Target(model.eval(), members, others, task["name"], ("sha256:" + "0" * 64,)), recipe


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
