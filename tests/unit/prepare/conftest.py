"""A desk on real stores with a policy in force, and the samples that a new submitter starts from."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from exeat.desk import open_desk
from exeat.model.person import Role
from exeat.settings import load_settings
from tests.factories import NOON, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.desk import Desk

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "evidence"
CARD, CKPT = "README.md", "c_lightning.ckpt"
FOLDER = {CARD: "manifests", CKPT: "checkpoints"}
SAM = person(person_id="sam", roles=(Role.SUBMITTER,))
SUE = person(person_id="sue", roles=(Role.SUBMITTER,))
STELLA = person(person_id="stella", roles=(Role.STEWARD,))
ANSWERS: dict[str, Any] = {
    "checkpoint_id": "sepsis-gru-dp-e30",
    "run_id": "run-2026-11",
    "lineage.run_family": "sepsis-gru",
    "lineage.version": "1",
    "title": "Sepsis early warning",
    "purpose": "Early warning research on retrospective intensive care data.",
    "out_of_scope": "Bedside use.",
    "created_at": "2026-11-20T09:14:03Z",
    "created_by": "ICU modelling team",
    "org": "North hospital",
    "contact": "Model office",
    "model.family": "recurrent",
    "model.architecture": "GRU",
    "model.n_parameters": 9000,
    "model.task": "tabular classification",
    "training.framework": "PyTorch",
    "training.framework_version": "2.13",
    "hyperparameters": {},
    "seeds": [],
    "epoch": 30,
    "global_step": 4830,
    "data_sources[icu-vitals-2024].name": "ICU vitals",
    "data_sources[icu-vitals-2024].role": "train",
    "data_sources[icu-vitals-2024].version": "5f1c0c2",
    "components[c_lightning.ckpt].sensitivity": 3,
    "safeguards": [],
    "metrics[test-roc-auc].n": 1200,
    "reproducibility": [],
    "leakage_channels": [],
    "retention.retain_until": "2029-06-30",
}
"""What a person would answer; only those that the files leave open are given."""
WISH: dict[str, Any] = {
    "tier": "T3",
    "recipients": "The sepsis research group",
    "purpose": "External validation of the early warning model on their own retrospective data.",
    "until": date(2027, 6, 30),
}


@pytest.fixture
def open_home(tmp_path) -> Callable[[], Desk]:
    """Open the same home, as often as there are servers."""
    desks = []

    def opened() -> Desk:
        desks.append(open_desk(load_settings(home=tmp_path / "home"), lambda: NOON))
        return desks[-1]

    yield opened
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(open_home):
    return open_home()


def sample(name: str) -> tuple[str, bytes]:
    return name, (SAMPLES / FOLDER.get(name, "") / name).read_bytes()


def started(desk: Desk, *uploads: tuple[str, bytes], who=SAM) -> str:
    draft = desk.prepare.start(who)
    if uploads:
        desk.prepare.add_files(who, draft.id, uploads)
    return draft.id


def fill(desk: Desk, draft_id: str, who=SAM, **wish: Any) -> None:
    """Answer whatever the page would ask, and nothing else."""
    view = desk.prepare.open(who, draft_id)
    gaps = [gap.path for gap in view.merged.gaps]
    desk.prepare.answer(who, draft_id, {path: ANSWERS[path] for path in gaps if path in ANSWERS})
    forms = {component_of(path): "sandbox" for path in view.merged.paths if path.endswith("].sha256")}
    desk.prepare.propose(who, draft_id, **({**WISH, "forms": forms} | wish))


def component_of(path: str) -> str:
    return path.removeprefix("components[").partition("]")[0]


@pytest.fixture
def ready(desk) -> str:
    """A draft from the checkpoint and the card alone, with everything answered."""
    draft_id = started(desk, sample(CARD), sample(CKPT))
    fill(desk, draft_id)
    return draft_id
