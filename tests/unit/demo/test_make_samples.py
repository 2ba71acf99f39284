"""The script that made the sample: the same recipe gives the same network."""

import hashlib
from decimal import Decimal
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from data.samples.attacked import committed, recipe_of, target_of, weight_files
from data.samples.measure import train_spec
from data.samples.specs import BY_ID, SPECS
from data.samples.tables import load
from exeat.audit import audit
from exeat.model.documents import parse_document
from exeat.model.risk_report import RiskReport

CHECKPOINTS = Path(__file__).resolve().parents[3] / "data" / "checkpoints"


@pytest.fixture(autouse=True)
def one_thread():
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(strict)


def digest(state):
    return hashlib.sha256(b"".join(state[name].numpy().tobytes() for name in sorted(state))).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("checkpoint", ["onco-mlp-v5", "glyco-mlp-v3"])
def test_training_again_gives_the_committed_network(checkpoint):
    spec = BY_ID[checkpoint]
    table = load(spec.lineage)
    first, second = (train_spec(spec, table).model.state_dict() for _ in range(2))
    assert digest(first) == digest(second)
    committed = load_file(CHECKPOINTS / checkpoint / "model.safetensors")
    assert set(first) == set(committed)
    for name, tensor in first.items():
        # Another processor may round differently; on the one that made the sample the digests are equal.
        torch.testing.assert_close(tensor, committed[name], rtol=1e-2, atol=1e-3)


@pytest.mark.slow
def test_measuring_the_committed_weights_again_gives_the_committed_figures():
    spec, table = BY_ID["glyco-mlp-v5"], load("glyco")
    folder = CHECKPOINTS / spec.id
    committed_report = CHECKPOINTS.parent / "reports" / spec.id / f"{spec.id}-membership.json"
    was = parse_document(committed_report.read_bytes(), RiskReport)
    again = audit(
        target_of(spec, committed(spec, table, folder), table, ()), recipe_of(spec, table), files=weight_files(folder),
        attacks=("loss", "lira", "rmia"), shadows=64, seed=was.seed, only_membership=True, say=lambda _: None,
    )  # fmt: skip
    assert again.subject == was.subject
    figures = {(i.indicator_id, i.fpr): i.value for i in was.indicators if i.regime == "real" and not i.subgroup}
    compared = [i for i in again.indicators if i.indicator_id in ("mia.loss.auc", "mia.lira.auc", "mia.rmia.auc")]
    assert len(compared) == 3
    for one in compared:
        # Another processor may round differently in training; on the one that made the sample they are equal.
        assert abs(one.value - figures[one.indicator_id, one.fpr]) < Decimal("0.02")


def test_members_and_non_members_never_mix_and_resolve_one_percent():
    for lineage in {spec.lineage for spec in SPECS}:
        table = load(lineage)
        parts = [set(rows.tolist()) for rows in (table.members, table.validation, table.outsiders)]
        assert sum(map(len, parts)) == len(set.union(*parts)) == len(table.x)
        assert len(parts[2]) >= 200
