"""``exeat describe``: what a person reads, what a script reads, and the exit codes."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from exeat.cli import app
from exeat.model.manifest import Manifest
from tests.unit.evidence.readers.factories_readers import BOM, CARD, DATA, LIGHTNING, MANIFESTS

RUNNER = CliRunner()


def run(*arguments):
    return RUNNER.invoke(app, ["describe", *map(str, arguments)])


def test_gaps_and_contradictions_exit_1_and_are_all_shown():
    result = run(DATA / CARD, DATA / BOM)
    assert result.exit_code == 1
    assert "governance.licence = ckpt-controlled-access-1.0\n      README.md, license_name\n" in result.stdout
    assert "The sources disagree:\n" in result.stdout
    assert "retrospective method research    bom.cdx.json" in result.stdout
    assert "org: Which organisation is responsible?" in result.stdout
    assert result.stdout.rstrip().endswith("Answer with --set PATH=VALUE or add a source.")


def test_a_whole_checkpoint_folder_is_complete():
    result = run(MANIFESTS[0].parent)
    assert result.exit_code == 0
    assert result.stdout.rstrip().endswith("The manifest is complete.")


def test_json_names_reader_file_and_place_of_every_value():
    result = run(DATA / CARD, DATA / LIGHTNING, "--json")
    shown = json.loads(result.stdout)
    assert result.exit_code == 1
    assert shown["complete"] is False
    (epsilon,) = [one for one in shown["fields"] if one["path"] == "dp.epsilon"]
    assert epsilon["value"] == "6.0"
    assert epsilon["sources"][0]["reader"] == "hugging-face-card"
    assert epsilon["sources"][0]["file"] == "README.md"
    assert epsilon["sources"][0]["place"].startswith("model-index[0]")
    assert shown["checkpoints"] == ["c_lightning.ckpt"]
    assert {"path": "org", "sentence": "Which organisation is responsible?"} in shown["gaps"]


ANSWERS = ("epoch=30", "lineage.version=3", "seeds=[]", "org=North Hospital", "dp.steps=4830", "dp.sample_rate=0.0062")


def test_answers_take_the_form_that_the_manifest_wants(tmp_path):
    draft = tmp_path / "draft.json"
    result = run(DATA / CARD, *(word for one in ANSWERS for word in ("--set", one)), "-o", draft)
    assert result.exit_code == 1
    assert "said on the command line" in result.stdout
    written = json.loads(draft.read_text())
    assert (written["epoch"], written["lineage"]["version"], written["seeds"]) == (30, "3", [])
    assert (written["dp"]["steps"], written["dp"]["sample_rate"]) == (4830, "0.0062")
    again = json.loads(run(draft, "--json").stdout)
    assert again["manifest"] == written


def test_a_complete_manifest_is_written_in_our_schema(tmp_path):
    written = tmp_path / "manifest.json"
    assert run(MANIFESTS[3], "-o", written).exit_code == 0
    assert Manifest.model_validate_json(written.read_bytes()) == Manifest.model_validate_json(MANIFESTS[3].read_bytes())


def test_a_folder_is_read_relative_to_itself(tmp_path):
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "deep" / "file-1").write_bytes((DATA / CARD).read_bytes())
    shown = json.loads(run(tmp_path / "model", "--json").stdout)
    assert shown["read"] == [{"file": "deep/file-1", "format": "a Hugging Face model card"}]


def test_nothing_readable_exits_3(tmp_path):
    (tmp_path / "notes.csv").write_text("name,age\nx,3\n")
    result = run(tmp_path)
    assert result.exit_code == 3
    assert "notes.csv: This is not a format Exeat reads." in result.stdout
    assert result.stdout.rstrip().endswith("Nothing here describes a checkpoint.")


@pytest.mark.parametrize("arguments", [("nowhere.json",), (str(DATA / CARD), "--key", "nowhere.pem")])
def test_a_path_that_is_not_there_is_usage(arguments):
    assert run(*arguments).exit_code == 2


def test_an_answer_without_a_path_says_how_to_write_it():
    result = run(DATA / CARD, "--set", "epoch")
    assert result.exit_code == 3
    assert "is not PATH=VALUE" in result.stderr


def test_text_of_a_file_cannot_steer_the_terminal(tmp_path):
    (tmp_path / "m.json").write_text(json.dumps({"schema": "exeat-manifest/1", "title": "\x1b[2J\x1b]0;x\x07gone"}))
    result = run(tmp_path / "m.json")
    assert "\x1b" not in result.stdout
    assert "gone" in result.stdout
