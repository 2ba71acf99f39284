"""SACRO-ML's LiRA on one task: python bench/audit/sacro_leg.py FOLDER SHADOWS. Prints one line of JSON.

Runs in SACRO-ML's own environment and imports nothing of Exeat. The processor time is that of the attack, from the
loaded target to the returned report; writing its PDF is left out (write_report=False), as we write none.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import numpy as np  # noqa: E402 the threads are set just above
import torch  # noqa: E402
from network import Mlp  # type: ignore[import-not-found]  # noqa: E402
from sacroml.attacks.likelihood_attack import LIRAAttack  # type: ignore[import-not-found]  # noqa: E402
from sacroml.attacks.target import Target  # type: ignore[import-not-found]  # noqa: E402


def main(folder: Path, shadows: int) -> None:
    """Attack the target of ``folder`` and print what it took and what it found."""
    torch.set_num_threads(1)
    target = _target(folder)
    with tempfile.TemporaryDirectory() as out:
        attack = LIRAAttack(
            output_dir=out, n_shadow_models=shadows, mode="online-carlini", report_individual=True, write_report=False
        )
        start = _cpu()
        attack.attack(target)
        took = _cpu() - start
    print(json.dumps({"cpu": took, "whole_process": _cpu(), "scores": {"sacro": _scores(attack)}}))


def _scores(attack: object) -> list[float]:
    return [float(score) for score in attack.result["member_prob"]]  # type: ignore[attr-defined]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _target(folder: Path) -> object:
    task = json.loads((folder / "task.json").read_text())
    data = np.load(folder / "data.npz")
    model = Mlp(task["sizes"])
    weights = np.load(folder / "weights.npz")
    model.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    n_in = task["n_in"]
    x, y = data["x"].astype(np.float64), data["y"]
    return Target(
        model=model,
        model_module_path="network.py",
        model_name="Mlp",
        model_params={"sizes": task["sizes"]},
        train_module_path="network.py",
        train_params={"epochs": task["epochs"], "learning_rate": task["learning_rate"]},
        batch_size=task["batch_size"],
        dataset_name=task["name"],
        X_train=x[:n_in],
        y_train=y[:n_in],
        X_test=x[n_in:],
        y_test=y[n_in:],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
