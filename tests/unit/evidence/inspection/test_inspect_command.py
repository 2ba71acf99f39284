"""``exeat inspect``: exit codes, one JSON object, and an answer that no file can repaint."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from typer.testing import CliRunner

from exeat.cli import app
from exeat.cli.inspection_text import MAX_PARTS, answer, printable, show
from exeat.model.inspection import Inspection, Verdict
from tests.unit.evidence.corpus.opcodes import Call, Glob, stream
from tests.unit.evidence.inspection.factories_formats import ONE, safetensors

RUNS = stream(Call(Glob("os", "system"), ("true",)), 4)


def run(*arguments):
    return CliRunner().invoke(app, ["inspect", *map(str, arguments)])


@pytest.mark.parametrize(
    ("data", "code", "begins"),
    [
        (safetensors(ONE), 0, "Clean: x needs nothing but plain data to load"),
        (RUNS, 4, "Unsafe: Loading the file would run os.system"),
        (safetensors(ONE)[:-1], 3, "Not readable: The header describes a file of 73 bytes; it has 72."),
        (b"plain words", 3, "Not readable: "),
        (b"", 3, "Not readable: "),
    ],
)
def test_the_answer_is_the_first_sentence_and_the_exit_code(tmp_path, data, code, begins):
    path = tmp_path / "x"
    path.write_bytes(data)
    done = run(path)
    assert done.exit_code == code
    assert done.stdout.replace("\n", " ").startswith(begins)
    assert done.stderr == ""
    assert "Traceback" not in done.output


@pytest.mark.parametrize(("data", "code"), [(safetensors(ONE), 0), (RUNS, 4), (b"plain words", 3)])
def test_json_is_one_document_and_nothing_else(tmp_path, data, code):
    path = tmp_path / "x"
    path.write_bytes(data)
    done = run(path, "--json")
    assert done.exit_code == code
    assert Inspection.model_validate_json(done.stdout).verdict.exit_code == code
    assert json.loads(done.stdout)["schema"] == "exeat-inspection/1"


def test_a_path_that_is_not_there(tmp_path):
    done = run(tmp_path / "gone")
    assert done.exit_code == 3
    assert done.stderr == "There is no such file.\nCheck the path.\n"


def test_usage():
    assert run().exit_code == 2


def inspection(**changes):
    fields = {"schema": "exeat-inspection/1", "file": "x", "bytes": 100, "format": "pickle", "verdict": "clean"}
    return Inspection.model_validate_json(json.dumps(fields | changes))


def shown(found):
    console = Console(file=io.StringIO(), width=100, markup=False, highlight=False, emoji=False)
    show(found, console)
    return console.file.getvalue()


HOSTILE = "\x1b[2J\x1b]0;title\x07\r[bold]red[/bold] \u202e:smile:"


def test_texts_of_the_file_cannot_repaint_the_terminal():
    finding = {"code": "x", "verdict": "unsafe", "sentence": HOSTILE, "what_to_do": HOSTILE, "place": HOSTILE}
    channel = {"channel": "email", "part": "other", "place": HOSTILE, "count": 1, "sample": HOSTILE}
    found = inspection(
        verdict="unsafe",
        file=HOSTILE,
        findings=[finding] * 2,
        parts=[{"kind": "other", "place": HOSTILE, "bytes": 100, "tensors": 0}],
        channels=[channel | {"sentence": HOSTILE, "remedy": HOSTILE}],
        looked_at=[HOSTILE],
        not_looked_at=[HOSTILE],
    )
    text = shown(found)
    assert not set(text) & set("\x1b\x07\r\u202e")
    assert "[bold]" in text
    assert ":smile:" in text


def test_every_reason_has_its_next_step():
    rows = [
        {"code": f"c{i}", "verdict": "unsafe", "sentence": f"Reason {i}.", "what_to_do": f"Step {i}."} for i in range(3)
    ]
    text = shown(inspection(verdict="unsafe", findings=rows))
    assert text.startswith("Unsafe: Reason 0. (2 more below)")
    assert [f"Step {i}." in text for i in range(3)] == [True] * 3


def test_channels_stand_with_the_part_that_carries_them_and_the_remedy():
    row = {
        "channel": "nhs_number",
        "part": "hyperparameters",
        "place": "hparams.note",
        "count": 3,
        "sample": "943 ••• ••••",
    }
    text = shown(inspection(channels=[row | {"sentence": "It holds NHS numbers.", "remedy": "Remove the note."}]))
    assert text.startswith("Clean: x needs nothing but plain data to load; 1 kind of leakage channel goes with it.")
    for word in ("NHS number", "hyperparameters", "hparams.note", "943", "Remove the note."):
        assert word in text


def test_many_parts_are_cut_with_their_sum():
    parts = [{"kind": "weights", "place": f"p{i}", "bytes": 1, "tensors": 1} for i in range(100)]
    text = shown(inspection(parts=parts))
    assert f"… {100 - MAX_PARTS} more (--json)" in text


def test_the_answer_needs_a_verdict_only():
    assert answer(inspection()) == "Clean: x needs nothing but plain data to load; no leakage channel was seen."
    assert {verdict.exit_code for verdict in Verdict} == {0, 3, 4}


def test_printable_keeps_letters():
    assert printable("Grüße, 世界\t") == "Grüße, 世界\\x09"
