from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def make_lifecycle():
    spec = importlib.util.spec_from_file_location("make_lifecycle", ROOT / "tools" / "make_lifecycle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_document_is_what_the_tables_say():
    assert (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8") == make_lifecycle().page()


def test_drift_is_seen(tmp_path):
    module = make_lifecycle()
    module.TARGET = tmp_path / "lifecycle.md"
    assert module.main(["--check"]) == 1
    module.TARGET.write_text(module.page().replace("suspend", "pause", 1), encoding="utf-8")
    assert module.main(["--check"]) == 1
    module.TARGET.write_text(module.page(), encoding="utf-8")
    assert module.main(["--check"]) == 0
