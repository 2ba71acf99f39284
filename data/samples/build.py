"""Build one sample checkpoint: train, save, measure, describe."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from data.samples.attacked import committed, weight_files
from data.samples.card import card
from data.samples.delta import delta_report
from data.samples.documents import before, manifest
from data.samples.files import write_all
from data.samples.measure import metrics, report, train_spec
from data.samples.specs import BY_ID
from data.samples.tables import load

if TYPE_CHECKING:
    from pathlib import Path

    from data.samples.specs import Spec
    from data.samples.tables import Table
    from data.samples.training import Mlp
    from exeat.model.manifest import Metric
    from exeat.model.risk_report import RiskReport

ATTACK_SEED = 7
RERUN_SEED = 8


def build(spec: Spec, into: Path) -> str:
    """Train, save, measure and describe; return one line for the person who waits."""
    table = load(spec.lineage)
    trained = train_spec(spec, table)
    figures = metrics(trained.model, table)
    folder = into / "checkpoints" / spec.id
    parts = write_all(spec, trained, table, folder, _evaluation(figures), card(spec))
    described = manifest(spec, trained, table, parts, figures)
    (folder / "manifest.json").write_bytes(described.to_bytes() + b"\n")
    return _line(spec, figures, _measure(spec, trained.model, table, folder, into))


def measure_again(spec: Spec, into: Path) -> str:
    """Write the reports of a checkpoint that is there already, from the weights in its files."""
    table, folder = load(spec.lineage), into / "checkpoints" / spec.id
    model = committed(spec, table, folder)
    return _line(spec, metrics(model, table), _measure(spec, model, table, folder, into))


def _measure(spec: Spec, model: Mlp, table: Table, folder: Path, into: Path) -> RiskReport:
    files = weight_files(folder)
    made = before(spec.report_days_before or spec.days_before - 3)
    found = report(spec, model, table, files, made, seed=ATTACK_SEED, rerun=False)
    _write(into, found)
    if spec.rerun:
        again = made + timedelta(days=2)
        _write(into, report(spec, model, table, files, again, seed=RERUN_SEED, rerun=True))
    if spec.delta_to:
        _write(into, delta_report(spec, BY_ID[f"{spec.lineage}-mlp-v{spec.delta_to}"], table, model, files))
    return found


def _evaluation(figures: tuple[Metric, ...]) -> bytes:
    return json.dumps([f.model_dump(mode="json", exclude_none=True) for f in figures], indent=1).encode()


def _write(into: Path, found: RiskReport) -> None:
    folder = into / "reports" / found.subject.checkpoint_id
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{found.report_id}.json").write_bytes(found.to_bytes() + b"\n")


def _line(spec: Spec, figures: tuple[Metric, ...], found: RiskReport) -> str:
    train, test = figures[0], figures[1]
    areas = [i for i in found.indicators if i.indicator_id.endswith(".auc") and i.regime == "real"]
    worst = max(areas, key=lambda i: i.ci_high or 0)
    return (
        f"{spec.id:14} {spec.protection:14} train {train.value:.3f} test {test.value:.3f} "
        f"{worst.indicator_id} {worst.value:.3f} [{worst.ci_low:.3f}, {worst.ci_high:.3f}]"
    )
