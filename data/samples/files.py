"""Write a trained network as real checkpoint files: state_dict, safetensors, Lightning-like; traces and logs beside."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors.torch import save as save_safetensors
from torch.nn.functional import cross_entropy

from exeat.evidence.minimise import minimise
from exeat.model.base import digest_of
from exeat.model.manifest import Scan
from exeat.model.tier import ComponentKind, Disposition

if TYPE_CHECKING:
    from data.samples.specs import Spec
    from data.samples.tables import Table
    from data.samples.training import Trained

RECORD = "minimisation.json"
_K, _D = ComponentKind, Disposition


class Written(NamedTuple):
    """One component file and what the manifest says of it."""

    id: str
    kind: ComponentKind
    path: str
    format: str
    data: bytes
    contains: tuple[str, ...]
    sensitivity: int
    proposed: Disposition
    scan: Scan | None = None
    holds_weights: bool = False

    @property
    def sha256(self) -> str:
        """Return the digest of the file."""
        return digest_of(self.data)


def write_all(spec: Spec, trained: Trained, table: Table, folder: Path, eval_output: bytes, card: str) -> list[Written]:
    """Write every component of a checkpoint and return them, weights first."""
    folder.mkdir(parents=True, exist_ok=True)
    found = [*_weights(spec, trained, table, folder)]
    if spec.trace == "csv":
        data = _trace_csv(trained.trace)
        found.append(Written("trace", _K.TRAINING_TRACE, "trace.csv", "csv", data, ("loss per epoch",), 2, _D.MASKED))
    elif spec.trace == "parquet":
        data = _trace_parquet(trained.trace)
        found.append(
            Written("trace", _K.TRAINING_TRACE, "trace.parquet", "parquet", data, ("loss per epoch",), 2, _D.MASKED)
        )
    if spec.log:
        found.append(_log(spec, trained, table))
    config = json.dumps(hyperparameters(spec, table), indent=1, sort_keys=True).encode()
    found += [
        Written("config", _K.CONFIG, "config.json", "json", config, ("hyper-parameters",), 1, _D.ALLOWED),
        Written(
            "evaluation", _K.EVAL_OUTPUT, "evaluation.json", "json", eval_output, ("accuracy per group",), 1, _D.ALLOWED
        ),
        Written("card", _K.DOCS, "card.md", "markdown", card.encode(), ("model card",), 0, _D.ALLOWED),
    ]
    for one in found:
        (folder / one.path).write_bytes(one.data)
    return found


def hyperparameters(spec: Spec, table: Table) -> dict[str, str | int | bool]:
    """Return what was chosen before training; rates are text, exactly as written in the recipe."""
    values: dict[str, str | int | bool] = {
        "layers": "-".join(str(n) for n in (table.x.shape[1], *spec.hidden, table.n_classes)),
        "activation": "tanh",
        "optimizer": "AdamW",
        "learning_rate": str(spec.learning_rate),
        "weight_decay": str(spec.weight_decay),
        "max_epochs": spec.epochs,
        "batch_size": -(-len(table.members) // spec.batches),
        "early_stopping_patience": spec.patience,
        "dp_sgd": spec.private,
    }
    if spec.private:
        values |= {"noise_multiplier": str(spec.noise), "clip_norm": str(spec.clip)}
    return values


def _weights(spec: Spec, trained: Trained, table: Table, folder: Path) -> list[Written]:
    sensitivity = 2 if spec.private else 3
    tensors = {name: value.contiguous() for name, value in trained.model.state_dict().items()}
    if spec.shape == "state_dict":
        data = _saved(tensors)
        return [
            Written("weights", _K.WEIGHTS, "weights.pt", "pytorch-zip", data, ("weights",), sensitivity, _D.SANDBOX,
                    _scan(data), holds_weights=True)
        ]  # fmt: skip
    if spec.shape == "safetensors":
        return [_safe(save_safetensors(tensors), sensitivity)]
    data = _saved(_lightning(spec, trained, table))
    holds = ("weights", "optimizer state", "callbacks", "hyper-parameters", "paths")
    if spec.id == "digits-mlp-v2":  # deliberately wrong: one file for everything, member row numbers inside
        return [
            Written("checkpoint", _K.WEIGHTS, "last.ckpt", "lightning-zip", data, (*holds, "member row numbers"), 4,
                    _D.SANDBOX, _scan(data), holds_weights=True)
        ]  # fmt: skip
    full = Written("training-state", _K.OPTIMIZER_STATE, "last.ckpt", "lightning-zip", data, holds, 4, _D.DENIED,
                   _scan(data), holds_weights=True)  # fmt: skip
    return [_safe(_minimised(data, folder), sensitivity), full]


def _safe(data: bytes, sensitivity: int) -> Written:
    return Written("weights", _K.WEIGHTS, "model.safetensors", "safetensors", data, ("weights",), sensitivity,
                   _D.SANDBOX, holds_weights=True)  # fmt: skip


def _minimised(checkpoint: bytes, folder: Path) -> bytes:
    """Return the weights that ``exeat minimise`` keeps of the checkpoint; leave its record in the folder."""
    with TemporaryDirectory() as name:
        source, out = Path(name) / "last.ckpt", Path(name) / "model.safetensors"
        source.write_bytes(checkpoint)
        (folder / RECORD).write_bytes(minimise(source, out).to_bytes() + b"\n")
        return out.read_bytes()


def _saved(value: Any) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def _scan(data: bytes) -> Scan:
    """List the globals that unpickling would need beyond torch's own; nothing is unpickled."""
    foreign = torch.serialization.get_unsafe_globals_in_checkpoint(io.BytesIO(data))
    return Scan(
        tool="torch.serialization.get_unsafe_globals_in_checkpoint",
        version=torch.__version__,
        result="unsafe" if foreign else "clean",
        detail=", ".join(foreign),
    )


def _lightning(spec: Spec, trained: Trained, table: Table) -> dict[str, Any]:
    """Return the keys of a Lightning checkpoint (version 2 layout), written without Lightning."""
    state = {
        "epoch": trained.epochs,
        "global_step": trained.steps,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {f"model.{k}": v for k, v in trained.model.state_dict().items()},
        "loops": {},
        "callbacks": {
            "ModelCheckpoint": {"monitor": "val_loss", "best_model_score": min(r["val_loss"] for r in trained.trace)},
            "EarlyStopping": {"patience": spec.patience},
        },
        "optimizer_states": [trained.optimizer.state_dict()],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": hyperparameters(spec, table),
        "datamodule_hyper_parameters": {"source": f"/srv/registry/extracts/{spec.lineage}_2026.csv"},
    }
    if spec.id == "digits-mlp-v2":
        state["datamodule_hyper_parameters"]["train_indices"] = [int(i) for i in table.members]
    return state


def _trace_csv(trace: list[dict[str, float]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, trace[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" for k, v in row.items()} for row in trace)
    return buffer.getvalue().encode()


def _trace_parquet(trace: list[dict[str, float]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(trace), sink, compression="zstd")
    return sink.getvalue()


def _log(spec: Spec, trained: Trained, table: Table) -> Written:
    """Write the training log; the unprotected versions log per-record losses, as careless code does."""
    lines = [f"INFO run {spec.id} start seed withheld"]
    lines += [
        f"INFO epoch {int(row['epoch'])} train_loss {row['train_loss']:.4f} val_loss {row['val_loss']:.4f}"
        for row in trained.trace[:: max(1, len(trained.trace) // 40)]
    ]
    leaky = spec.protection == "none"
    if leaky:
        lines += _per_record_lines(trained, table)
    contains = ("loss per epoch", *(("per-record loss", "row numbers", "paths") if leaky else ()))
    data = "\n".join([*lines, "INFO done", ""]).encode()
    return Written(
        "log",
        _K.DIAGNOSTIC_LOG,
        "train.log",
        "text",
        data,
        contains,
        4 if leaky else 2,
        _D.DENIED if leaky else _D.MASKED,
    )


@torch.no_grad()
def _per_record_lines(trained: Trained, table: Table) -> list[str]:
    x, y = torch.from_numpy(table.x[table.members]), torch.from_numpy(table.y[table.members])
    losses = cross_entropy(trained.model(x), y, reduction="none").numpy()
    worst = np.argsort(losses)[::-1][:12]
    head = "DEBUG hardest records of /srv/registry/extracts (loss):"
    return [head, *(f"DEBUG row {int(table.members[i])} loss {losses[i]:.6f}" for i in worst)]
