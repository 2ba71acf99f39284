"""Run SACRO-ML on some of the sample checkpoints and write data/reports/<id>/sacro*/report.json with a binding.

SACRO-ML pins other versions than Exeat, so it runs in an environment of its own:

    python3.11 -m venv /tmp/sacro
    /tmp/sacro/bin/pip install sacroml==2.0.1 torch safetensors
    /tmp/sacro/bin/python data/make_sacro.py

It reads the committed weights and imports nothing of Exeat. Only report.json is kept: the NPZ arrays that SACRO-ML
writes beside it hold one score per record, which is membership data, and its PDF adds nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import numpy as np  # noqa: E402 the path and the threads are set just above
import torch  # noqa: E402
from sacroml.attacks.likelihood_attack import LIRAAttack  # noqa: E402
from sacroml.attacks.qmia_attack import QMIAAttack  # noqa: E402
from sacroml.attacks.structural_attack import StructuralAttack  # noqa: E402
from sacroml.attacks.target import Target  # noqa: E402
from sacroml.attacks.worst_case_attack import WorstCaseAttack  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from data.samples.specs import BY_ID, Spec  # noqa: E402
from data.samples.tables import Table, load  # noqa: E402
from data.samples.training import Mlp  # noqa: E402

FULL = ("onco-mlp-v1", "onco-mlp-v3", "glyco-mlp-v1", "glyco-mlp-v2", "digits-mlp-v1")
WITHOUT_SHADOWS = ("onco-mlp-v4",)
"""DP-SGD: SACRO-ML would train shadow models without the noise, which attacks another recipe; QMIA needs none."""
SHADOWS = 50
SEED = 11


def main() -> None:
    """Run the attacks that only ask the model, then the structural one that reads it, each with its own binding."""
    for name in (*FULL, *WITHOUT_SHADOWS):
        spec = BY_ID[name]
        attacks = (_lira, _worst_case, _qmia) if name in FULL else (_qmia,)
        _run(spec, "sacro", attacks, "api_conf")
        if name in FULL:
            _run(spec, "sacro-structural", (_structural,), "white_box")
        print(name, flush=True)


def _lira(folder: str) -> LIRAAttack:
    return LIRAAttack(output_dir=folder, n_shadow_models=SHADOWS, mode="offline", fix_variance=True)


def _worst_case(folder: str) -> WorstCaseAttack:
    return WorstCaseAttack(output_dir=folder, n_reps=10, n_dummy_reps=1, test_prop=0.5)


def _qmia(folder: str) -> QMIAAttack:
    return QMIAAttack(output_dir=folder, random_state=SEED)


def _structural(folder: str) -> StructuralAttack:
    return StructuralAttack(output_dir=folder)


def _run(spec: Spec, name: str, attacks: tuple, access: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for make in attacks:
            torch.manual_seed(SEED)
            np.random.seed(SEED)  # noqa: NPY002 SACRO-ML draws from the global generator
            random.seed(SEED)
            make(folder).attack(_target(spec, load(spec.lineage)))
        report = (Path(folder) / "report.json").read_bytes()
    into = HERE / "reports" / spec.id / name
    into.mkdir(parents=True, exist_ok=True)
    (into / "report.json").write_bytes(_without_paths(report))
    _bind(spec, into, access)


def _target(spec: Spec, table: Table) -> Target:
    sizes = [table.x.shape[1], *spec.hidden, table.n_classes]
    model = Mlp(tuple(sizes))
    model.load_state_dict(_weights(HERE / "checkpoints" / spec.id))
    x, y = table.x.astype(np.float64), table.y
    return Target(
        model=model,
        model_module_path="data/samples/training.py",
        model_name="Mlp",
        model_params={"sizes": sizes},
        train_module_path="data/samples/sacro_train.py",
        train_params={
            "epochs": spec.epochs,
            "learning_rate": spec.learning_rate,
            "weight_decay": spec.weight_decay,
        },
        batch_size=-(-len(table.members) // spec.batches),
        dataset_name=spec.lineage,
        X_train=x[table.members],
        y_train=y[table.members],
        X_test=x[table.outsiders],
        y_test=y[table.outsiders],
    )


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    safe = folder / "model.safetensors"
    held = load_file(safe) if safe.exists() else torch.load(folder / "weights.pt", weights_only=True)
    return {name.removeprefix("model."): tensor for name, tensor in held.items()}


def _without_paths(report: bytes) -> bytes:
    """Name the temporary output folder neutrally; nothing else of the report is touched."""
    value = json.loads(report)
    for entry in value.values():
        params = entry["metadata"]["attack_params"]
        if "output_dir" in params:
            params["output_dir"] = "outputs"
    return json.dumps(value, indent=1).encode() + b"\n"


def _bind(spec: Spec, folder: Path, access: str) -> None:
    checkpoint = HERE / "checkpoints" / spec.id
    held = [checkpoint / name for name in ("model.safetensors", "weights.pt", "last.ckpt")]
    binding = {
        "schema": "exeat-binding/1",
        "checkpoint_id": spec.id,
        "component_sha256": [_digest(path) for path in held if path.exists()],
        "files": {"report.json": _digest(folder / "report.json")},
        "access": access,
        "independent": True,
        "author": "Northmoor model audit group",
    }
    (folder / "binding.json").write_text(json.dumps(binding, indent=1) + "\n")


def _digest(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
