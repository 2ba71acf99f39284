"""The dossier says what the files contain: after an inspection, after a minimisation, and before anybody looked."""

from __future__ import annotations

from pathlib import Path

import pytest

from exeat.errors import NotPermitted
from exeat.evidence.inspecting import Inspector
from exeat.evidence.inspection.limits import DEFAULT
from exeat.evidence.minimise import minimise
from exeat.model.base import digest_of
from exeat.model.person import SYSTEM
from tests.factories import as_bytes, component, manifest_document
from tests.pages.conftest import CLEAN, _propose, opened, person
from tests.pages.test_review_release import RELEASE, words

LEAKY = Path(__file__).resolve().parents[1] / "data" / "evidence" / "checkpoints" / "c_lightning.ckpt"
ALONE = DEFAULT._replace(second_opinion=False)


def part(name, kind, path, data, form="pytorch-zip"):
    return component(
        component_id=name,
        kind=kind,
        path=path,
        format=form,
        bytes=len(data),
        sha256=digest_of(data),
        contains=["weights"],
    )


@pytest.fixture
def minimised(home, tmp_path, monkeypatch):
    """A release of a minimised file; its source, a leaky Lightning checkpoint, stays inside. Both are in the store."""
    monkeypatch.setattr("exeat.evidence.run.Inspector", lambda: Inspector(ALONE))
    out = tmp_path / "model.safetensors"
    record = minimise(LEAKY, out, limits=ALONE)
    files = [
        part("weights", "weights", "model.safetensors", out.read_bytes(), "safetensors"),
        part("log", "diagnostic_log", "train.log", b"epoch 1\n", "text"),
        part("state", "optimizer_state", "last.ckpt", LEAKY.read_bytes()),
    ]
    lineage = {"run_family": "lightning", "version": "1"}
    about = as_bytes(manifest_document(checkpoint_id="leaky-v1", lineage=lineage, components=files))
    with opened(home) as desk:
        for data in (about, LEAKY.read_bytes(), out.read_bytes(), record.to_bytes()):
            assert not desk.evidence.ingest_bytes("file", data, SYSTEM).rejected
        _propose(desk, "leaky-v1-min", "leaky-v1", digest_of(about))
        leaks = [{"component_id": "state", "disposition": "allowed"}]
        _propose(desk, "leaky-v1-all", "leaky-v1", digest_of(about), components=leaks)
    return home


def tables(app):
    return [cell for table in app.table for cell in table.value.to_numpy().ravel()]


def test_before_anybody_looked_the_dossier_says_so_and_what_to_do(sign_in):
    app = sign_in("stella", RELEASE, release=CLEAN)
    assert not app.exception
    said = words(app)
    assert "nobody has looked inside" in said
    assert "Not inspected: weights (weights.bin)" in said
    assert "exeat ingest" in said


def test_before_and_after_minimising_stand_side_by_side(sign_in, minimised):
    app = sign_in("stella", RELEASE, release="leaky-v1-min")
    assert not app.exception
    said = words(app)
    assert "No leakage channel was found in what would leave" in said
    assert "staying inside: state" in said
    assert "Minimised: weights" in said
    assert "of the 124 kB of state: " in said
    assert "closed, none left" in said
    assert "The record says that torch has not confirmed it" in said
    cells = [str(cell) for cell in tables(app)]
    assert "absolute path" in cells
    assert any("member indices" in cell for cell in cells)
    assert not any("/mnt/nhs/patients_2024.csv" in cell.replace("\\", "") for cell in cells)


def test_what_would_leave_fails_its_gates_with_the_reason(sign_in, minimised):
    app = sign_in("stella", RELEASE, release="leaky-v1-all")
    assert not app.exception
    said = words(app)
    assert "would leave in state" in said
    assert "pathlib.PosixPath" in said


def test_a_submitter_sees_it_a_researcher_does_not(sign_in, minimised):
    own = sign_in("sam", RELEASE, release="leaky-v1-min")
    assert "Minimised: weights" in words(own)
    with opened(minimised) as desk, pytest.raises(NotPermitted):
        desk.review.case(person("rex"), "leaky-v1-min")
