r"""Job file for the sample checkpoint glyco-mlp-v1, as ``exeat pilot`` and ``exeat audit`` take one.

exeat pilot data/samples/pilot_job.py --checkpoint data/checkpoints/glyco-mlp-v1/weights.pt \
    --checkpoint-id glyco-mlp-v1 --protections all --folder var/pilots -o pilots.json --seed 7
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402 the path is set just above

from data.samples.attacked import recipe_of, target_of  # noqa: E402
from data.samples.specs import BY_ID  # noqa: E402
from data.samples.tables import load  # noqa: E402
from data.samples.training import Mlp  # noqa: E402

if TYPE_CHECKING:
    from exeat.audit import Recipe, Target

SPEC = BY_ID["glyco-mlp-v1"]


def target() -> Target:
    """Return the committed checkpoint with the records that it was and was not trained on."""
    table = load(SPEC.lineage)
    model = Mlp((table.x.shape[1], *SPEC.hidden, table.n_classes))
    weights = ROOT / "data" / "checkpoints" / SPEC.id / "weights.pt"
    model.load_state_dict(torch.load(weights, weights_only=True))
    return target_of(SPEC, model.eval(), table, ())


def recipe() -> Recipe:
    """Return how the checkpoint was trained."""
    return recipe_of(SPEC, load(SPEC.lineage))
