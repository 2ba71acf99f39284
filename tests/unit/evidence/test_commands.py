"""``exeat ingest`` and ``exeat schema``: what they print and how they exit."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from exeat.cli import app
from exeat.cli.schema import NAMES
from tests.unit.evidence.factories_evidence import as_bytes, manifest, report


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("EXEAT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, arguments)


def test_all_accepted_exits_zero_and_says_so(run, tmp_path):
    (tmp_path / "m").write_bytes(as_bytes(manifest()))
    done = run("ingest", "m")
    assert (done.exit_code, done.stdout) == (0, "Intake: 1 accepted.\n")
    assert run("ingest", "m").stdout == "Intake: 1 known.\n"


def test_some_rejected_exits_three_with_place_and_next_step(run, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "m").write_bytes(as_bytes(manifest()))
    (tmp_path / "in" / "r").write_bytes(as_bytes(report(date="yesterday")))
    (tmp_path / "in" / ".hidden").write_bytes(b"")
    done = run("ingest", "in")
    assert done.exit_code == 3
    assert done.stdout == "Intake: 1 accepted, 1 rejected, 1 skipped.\n"
    assert "rejected in/r ($.date): exeat-risk-report/1 is not valid at $.date" in done.stderr
    assert "skipped in/.hidden: hidden files are not taken in" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_is_one_object_on_stdout(run, tmp_path):
    (tmp_path / "m").write_bytes(as_bytes(manifest()))
    (tmp_path / "x").write_bytes(b"junk")
    done = run("ingest", "m", "x", "--json")
    told = json.loads(done.stdout)
    assert told["counts"] == {"accepted": 1, "known": 0, "rejected": 1, "skipped": 0}
    assert told["accepted"][0]["subject_id"] == "onco-v1"
    assert told["rejected"][0]["what_to_do"]


@pytest.mark.parametrize("arguments", [("ingest",), ("ingest", "absent"), ("schema", "nonsense"), ("schema",)])
def test_wrong_usage_exits_two(run, arguments):
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stderr


def test_an_unknown_schema_lists_the_known(run):
    assert run("schema", "nonsense").stderr.splitlines()[1:] == sorted(NAMES)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_schema_prints_as_json(run, name):
    printed = json.loads(run("schema", name).stdout)
    assert printed["properties"]["schema"]["const"] == name
    assert run("schema", name.removeprefix("exeat-").removesuffix("/1")).stdout == run("schema", name).stdout


def test_the_command_line_person_is_the_shell(run, tmp_path):
    (tmp_path / "m").write_bytes(as_bytes(manifest()))
    run("ingest", "m")
    run("ledger", "export", "-o", "log.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_bytes().splitlines()]
    (said,) = [line["payload"] for line in lines if line["payload"]["kind"] == "checkpoint.registered"]
    assert said["authenticated"].startswith("shell:")
    assert said["role"] == "system"
