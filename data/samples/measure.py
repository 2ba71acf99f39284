"""Measure a trained network: utility with exact intervals for its manifest, the audit engine for its risk reports."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import torch

from data.samples.attacked import recipe_of, target_of
from data.samples.organisation import AUDIT_AUTHOR, STORIES
from data.samples.training import train
from exeat.audit import audit, membership
from exeat.audit.attribute import Attribute
from exeat.model.manifest import Manifest, Metric
from exeat.model.risk_report import Indicator, RiskReport
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from data.samples.specs import Spec
    from data.samples.tables import Table
    from data.samples.training import Mlp, Trained

SHADOWS = 64
REGIMES = ("masked", "shifted")
LEVEL = membership.LEVEL
DELTA = {"onco": Decimal("0.001"), "glyco": Decimal("0.001"), "digits": Decimal("0.0001")}
ATTRIBUTE = {"onco": 0, "glyco": 1, "digits": 36}
"""Column that the attacker does not know: mean radius, sex, a central pixel."""


def tensors(table: Table, rows: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features and classes of some rows."""
    return torch.from_numpy(table.x[rows]), torch.from_numpy(table.y[rows])


def sizes(spec: Spec, table: Table) -> tuple[int, ...]:
    """Return the widths of the network's layers."""
    return (table.x.shape[1], *spec.hidden, table.n_classes)


def train_spec(spec: Spec, table: Table) -> Trained:
    """Train the checkpoint of ``spec``."""
    return train(spec, sizes(spec, table), tensors(table, table.members), tensors(table, table.validation), spec.seed)


def metrics(model: Mlp, table: Table) -> tuple[Metric, ...]:
    """Return accuracy on both splits and per subgroup of at least 10 people, exact 95 % intervals."""
    right = _right(model, table)
    result = [
        _accuracy(right[rows], split, None) for rows, split in ((table.members, "train"), (table.outsiders, "test"))
    ]
    for name, mask in table.subgroups.items():
        rows = table.outsiders[mask[table.outsiders]]
        if len(rows) >= membership.MIN_SUBGROUP:
            result.append(_accuracy(right[rows], "test", name))
    return tuple(result)


@torch.no_grad()
def _right(model: Mlp, table: Table) -> NDArray[np.bool_]:
    right: NDArray[np.bool_] = model(torch.from_numpy(table.x)).argmax(dim=1).numpy() == table.y
    return right


def _accuracy(right: NDArray[np.bool_], split: str, subgroup: str | None) -> Metric:
    hits, n = int(right.sum()), len(right)
    low, high = clopper_pearson(hits, n, LEVEL)
    return Metric.model_validate(
        {"id": "accuracy", "value": membership.number(hits / n), "unit": "fraction", "ci_low": low, "ci_high": high,
         "ci_level": LEVEL, "split": split, "subgroup": subgroup, "n": n}
    )  # fmt: skip


def report(
    spec: Spec, model: Mlp, table: Table, files: Sequence[Path], made: datetime, *, seed: int, rerun: bool
) -> RiskReport:
    """Return the engine's report of one checkpoint; ``rerun`` repeats the membership attacks alone by another seed.

    The engine dates and names its reports itself; the sample tells its dates from a fixed day (documents.py).
    """
    manifest = Manifest.model_validate_json((files[0].parent / "manifest.json").read_bytes())
    found = audit(
        target_of(spec, model, table, ()),
        recipe_of(spec, table),
        files=files,
        attacks=spec.attacks,
        shadows=SHADOWS,
        seed=seed,
        regimes=() if rerun or spec.attacks else REGIMES,
        attributes=() if spec.attacks else (_attribute(spec),),
        claim=manifest.dp,
        only_membership=rerun or bool(spec.attacks),
        delta=DELTA[spec.lineage],
        author="Northmoor modelling group",
        say=lambda _: None,
    )
    name = f"{spec.id}-membership"
    found = found.model_copy(update={"indicators": tuple(map(_known_here, found.indicators))})
    by_checker = {"author": AUDIT_AUTHOR, "independent": True, "rerun_of": name} if rerun else {}
    return dated(found, report_id=f"{name}-rerun" if rerun else name, date=made, **by_checker)


def _known_here(one: Indicator) -> Indicator:
    """Return the indicator with what the maker knows and the engine cannot: no rows of people leave at all."""
    if one.indicator_id != "reid.rate" or one.status != "not_measured":
        return one
    reason = "no record-level or anonymised data is part of the checkpoint"
    return one.model_copy(update={"status": "not_applicable", "reason": reason})


def dated(found: RiskReport, **header: Any) -> RiskReport:
    """Return a report of the engine under a name and a date of the sample."""
    note = "Measured on the sample checkpoint for real. Members and non-members come from one random split."
    changed = found.model_copy(update=header | {"notes": f"{note}\n{found.notes}".strip()})
    return RiskReport.model_validate_json(json.dumps(changed.model_dump(mode="json", by_alias=True, exclude_none=True)))


def _attribute(spec: Spec) -> Attribute:
    name = STORIES[spec.lineage].attribute
    return Attribute(name=name, columns=(ATTRIBUTE[spec.lineage],), quantitative=spec.lineage != "glyco")
