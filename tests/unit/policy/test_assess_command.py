import json

import pytest
from typer import Typer
from typer.testing import CliRunner

from exeat.cli.assess import assess_command
from exeat.errors import BadInput
from exeat.policy.adoption import load_default
from tests.unit.policy.factories_policy import manifest, proposal, report, rerun

app = Typer()
app.command()(assess_command)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The passing dossier on disk; reports are as young as today needs."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    now = datetime.now(UTC)
    young = (now - timedelta(days=10)).isoformat()
    soon = (now.date() + timedelta(days=300)).isoformat()
    late = (now.date() + timedelta(days=700)).isoformat()
    documents = {
        "m.json": manifest(retention__retain_until=late, governance__pia_review_due=soon),
        "r.json": report(date=young).report,
        "s.json": rerun(date=young).report,
        "p.json": proposal(until=soon, agreement__deletion_due=soon),
    }
    for name, document in documents.items():
        (tmp_path / name).write_bytes(document.to_bytes())
    (tmp_path / "policy.toml").write_bytes(load_default())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


ALL = ("--manifest", "m.json", "--report", "r.json", "--report", "s.json", "--tier", "T3")


def test_exit_0_when_every_gate_passes(files):
    done = run(*ALL)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Can leave to T3 as proposed")


def test_exit_1_when_one_does_not(files):
    done = run("--manifest", "m.json", "--tier", "T3")
    assert done.exit_code == 1
    assert "Cannot leave to T3" in done.output
    assert "Remedy: Run LiRA" in done.output


def test_exit_2_on_usage(files):
    assert run("--manifest", "m.json").exit_code == 2
    assert run(*ALL[:-1], "T9").exit_code == 2


@pytest.mark.parametrize(
    ("name", "content"), [("none.json", None), ("bad.json", b"{"), ("odd.json", b'{"schema": "exeat-manifest/9"}')]
)
def test_what_cannot_be_read_is_bad_input_that_names_the_file(files, name, content):
    if content is not None:
        (files / name).write_bytes(content)
    done = run("--manifest", name, "--tier", "T3")
    assert isinstance(done.exception, BadInput)
    assert done.exception.exit_code == 3
    assert name in done.exception.headline


def test_json_is_one_object(files):
    done = run(*ALL, "--proposal", "p.json", "--policy", "policy.toml", "--json")
    record = json.loads(done.stdout)
    assert record["tier"] == "T3"
    # The proposal names another manifest's digest, and M5 says so.
    assert {f["check"]: f["verdict"] for f in record["findings"]}["M5"] == "fail"
    assert done.exit_code == 1
