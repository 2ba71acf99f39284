import json
from pathlib import Path

from exeat.demo.dates import moved, moved_text, stage
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.manifest import Manifest
from exeat.model.release import Proposal

DATA = Path(__file__).resolve().parents[3] / "data"


def test_dates_move_and_words_do_not():
    assert moved_text("2026-12-25", 10) == "2027-01-04"
    assert moved_text("2026-11-24T09:00:00Z", -1) == "2026-11-23T09:00:00+00:00"
    assert moved_text("24/11/2026 02:37:16", 365) == "24/11/2027 02:37:16"
    for text in ("before 2004", "sha256:2026-11-24", "2.0.1", "1989 to 1991", ""):
        assert moved_text(text, 10) == text
    assert moved({"a": ["2026-11-24", 7, None]}, 1) == {"a": ["2026-11-25", 7, None]}


def test_references_hold_in_the_moved_copy_and_model_files_stay(tmp_path):
    stage(DATA, tmp_path, 100)
    for path in (tmp_path / "releases").glob("*.json"):
        proposal = parse_document(path.read_bytes(), Proposal)
        manifest = tmp_path / "checkpoints" / proposal.checkpoint_id / "manifest.json"
        assert proposal.manifest_sha256 == digest_of(manifest.read_bytes())
    for path in (tmp_path / "checkpoints").glob("*/manifest.json"):
        manifest = parse_document(path.read_bytes(), Manifest)
        assert manifest.model_extra["x_moved_days"] == 100
        for part in manifest.components:
            assert digest_of((path.parent / part.path).read_bytes()) == part.sha256
    for path in (tmp_path / "reports").glob("*/sacro*/binding.json"):
        named = json.loads(path.read_bytes())["files"]["report.json"]
        assert named == digest_of((path.parent / "report.json").read_bytes())


def test_on_the_day_it_was_made_the_copy_is_the_original(tmp_path):
    stage(DATA, tmp_path, 0)
    originals = [p for f in ("checkpoints", "reports", "releases") for p in (DATA / f).rglob("*") if p.is_file()]
    assert len(originals) > 100
    assert all((tmp_path / p.relative_to(DATA)).read_bytes() == p.read_bytes() for p in originals)
