"""exeat ledger, as scripts use it: one JSON object on stdout, exit codes, files that the tool checks alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from exeat.cli.ledger import app
from exeat.errors import BadInput, NotFound, NotNow
from exeat.ledger.statement import Draft
from tests.storage.ledgers import KEY, ORIGIN, fill, open_ledger

TOOL = Path(__file__).resolve().parents[2] / "tools" / "verify_ledger.py"


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "keys").mkdir()
    key = tmp_path / "keys" / "log.key"
    key.write_text(KEY.skey)
    key.chmod(0o600)
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    fill(ledger, batches=2)
    ledger.close()
    monkeypatch.setenv("EXEAT_HOME", str(tmp_path))
    monkeypatch.setenv("EXEAT_ORIGIN", ORIGIN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def tool(*words):
    return subprocess.run([sys.executable, "-I", str(TOOL), *words], capture_output=True, text=True, check=False)


def open_reviews_of(home, seq):
    ledger = open_ledger(f"sqlite:///{home}/ledger.db")
    case = ledger.entry(seq).case
    opened = Draft(kind="reviews.opened", case=case, actor="s", role="steward", authenticated="demo", key="opened")
    ledger.append([opened])
    ledger.close()


def test_a_sealed_review_is_not_opened_before_the_others_are_in(home):
    refused = CliRunner().invoke(app, ["receipt", "5", "-o", "r.tlog-proof", "--disclosure", "d.json"])
    assert isinstance(refused.exception, NotNow) or "sealed until all reviews are in" in refused.output
    assert refused.exit_code != 0
    assert not Path("d.json").exists()
    assert run("receipt", "5", "-o", "r.tlog-proof").exit_code == 0


def test_everything_that_is_written_verifies_without_us(home):
    open_reviews_of(home, 5)
    said = json.loads(run("head", "--json").stdout)
    Path("head.txt").write_text(run("head").stdout)
    assert (said["size"], said["origin"], said["vkey"]) == (10, ORIGIN, KEY.vkey)
    assert Path("head.txt").read_text() == said["note"]
    assert json.loads(run("export", "-o", "log.jsonl", "--json").stdout)["entries"] == 10
    assert run("receipt", "5", "-o", "r.tlog-proof", "--disclosure", "d.json").exit_code == 0
    assert tool("log", "log.jsonl", "head.txt", said["vkey"]).returncode == 0
    checked = tool("receipt", "r.tlog-proof", said["vkey"], "--disclosure", "d.json")
    assert checked.stdout.endswith("opened: name, rationale\n")
    assert Path("d.json").stat().st_mode & 0o777 == 0o600


def test_verify_answers_in_words_and_in_json(home):
    Path("head.txt").write_text(run("head").stdout)
    assert run("verify", "--head", "head.txt").stdout.startswith("Intact: 9 entries, 3 signed tree heads, 8 sealed")
    report = json.loads(run("verify", "--json").stdout)
    assert (report["ok"], report["entries"], report["problems"]) == (True, 9, [])
    Path("head.txt").write_text("other")
    assert run("verify", "--head", "head.txt").exit_code == 5


def test_a_damaged_file_is_tampered(home):
    data = bytearray(Path("ledger.db").read_bytes())
    Path("ledger.db").write_bytes(b"x" * 100 + bytes(data[100:]))
    Path("ledger.db-wal").unlink(missing_ok=True)
    result = run("verify", "--json")
    assert result.exit_code == 5
    assert json.loads(result.stdout)["ok"] is False


def test_it_never_begins_a_log(home):
    Path("ledger.db").unlink()
    result = run("verify")
    assert (result.exit_code, "There is no ledger" in result.stderr) == (NotFound.exit_code, True)
    assert not Path("ledger.db").exists()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("receipt", "99", "-o", "r"), NotFound),
        (("verify", "--head", "nowhere.txt"), BadInput),
        (("export", "-o", "no/such/folder/log.jsonl"), BadInput),
    ],
)
def test_errors_say_what_to_do(home, words, error):
    result = run(*words)
    assert result.exit_code == error.exit_code
    assert len(result.stderr.strip().split("\n")) == 2
    assert result.stdout == ""
