"""The recorder's folder: readable after a crash, refused or continued clearly."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from exeat.audit.recorder import Recorder, read_lines
from exeat.audit.recorder.journal import COLUMNS, Journal, parquet_of, write_atomically
from exeat.errors import BadInput
from tests.unit.audit.recorder.runs import halves, network, one_epoch, recorded_run, unlimited

HEADER = {"checkpoint_id": "a", "train": [1, None], "test": None, "model": []}
ROOT = Path(__file__).resolve().parents[4]


def rows(*epochs):
    return [{"epoch": epoch, "step": 10 * epoch} for epoch in epochs]


def journal(folder, *, resume=False, **header):
    return Journal(folder, HEADER | header, resume=resume)


def written(folder, *epochs):
    one = journal(folder)
    for row in rows(*epochs):
        one.append(row)
    one.flush()
    return one


def test_lines_come_back(tmp_path):
    written(tmp_path / "run", 1, 2, 3)
    assert read_lines(tmp_path / "run") == rows(1, 2, 3)


def test_a_line_that_was_cut_off_is_left_out(tmp_path):
    written(tmp_path / "run", 1, 2, 3)
    path = tmp_path / "run" / "trace.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert read_lines(tmp_path / "run") == rows(1, 2)
    again = journal(tmp_path / "run", resume=True)
    again.append(rows(3)[0])
    again.flush()
    assert read_lines(tmp_path / "run") == rows(1, 2, 3)


def test_a_folder_in_use_is_refused_with_both_ways_out(tmp_path):
    written(tmp_path / "run", 1, 2)
    with pytest.raises(BadInput, match="already holds 2 epochs of a") as told:
        journal(tmp_path / "run")
    assert "resume=True" in told.value.what_to_do
    assert read_lines(tmp_path / "run") == rows(1, 2)


@pytest.mark.parametrize("other", [{"checkpoint_id": "b"}, {"train": [2, None]}, {"model": [["w", [3]]]}])
def test_another_run_is_not_continued(tmp_path, other):
    written(tmp_path / "run", 1)
    with pytest.raises(BadInput, match=f"another {next(iter(other)).replace('_', ' ')}"):
        journal(tmp_path / "run", resume=True, **other)


def test_a_folder_of_something_else_is_not_written_into(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(BadInput, match="not a recorder's"):
        journal(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_going_back_forgets_what_leads_nowhere(tmp_path):
    one = written(tmp_path / "run", 1, 2, 3)
    one.rewind(2)
    assert read_lines(tmp_path / "run") == rows(1)


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, None)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_the_parquet_file_says_what_was_not_measured():
    data = parquet_of([{"epoch": 1, "step": 5, "train_loss": 0.5}, {"epoch": 2, "step": 10, "note": "not measured"}])
    table = pq.read_table(io.BytesIO(data))
    assert table.column_names == list(COLUMNS)
    assert table.column("train_loss").to_pylist() == [0.5, None]
    assert table.column("note").to_pylist() == [None, "not measured"]


KILLED = """
import sys, torch
from exeat.audit.recorder import Recorder
from tests.unit.audit.recorder.runs import halves, network, one_epoch, unlimited
torch.set_num_threads(1)
train, test = halves()
model = network()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
recorder = Recorder(sys.argv[1], model, optimizer, checkpoint_id="ward-v1", train=train, test=test)
unlimited(recorder)
while True:
    one_epoch(model, optimizer, train)
    recorder.epoch()
"""


def test_killed_in_the_middle_the_epochs_so_far_can_be_read_and_gone_on_with(tmp_path):
    folder = tmp_path / "run"
    child = subprocess.Popen([sys.executable, "-W", "ignore", "-c", KILLED, str(folder)], cwd=ROOT)
    for _ in range(1200):
        if len(read_lines(folder)) >= 3 or child.poll() is not None:
            break
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    left = read_lines(folder)
    assert len(left) >= 3
    assert pq.read_table(folder / "checkpoint" / "trace.parquet").num_rows >= 1
    train, test = halves()
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    options = {"checkpoint_id": "ward-v1", "train": train, "test": test}
    with pytest.raises(BadInput, match=f"already holds {len(left)} epochs"):
        Recorder(folder, model, optimizer, **options)
    recorder = Recorder(folder, model, optimizer, resume=True, **options)
    unlimited(recorder)
    one_epoch(model, optimizer, train)
    recorder.epoch()
    recorded = recorder.finish()
    assert recorded.epoch == len(left) + 1
    assert pq.read_table(recorded.written.trace).column("epoch").to_pylist() == list(range(1, len(left) + 2))
    assert recorder._journal.rows[-1]["step"] == left[-1]["step"] + 3


def test_no_line_holds_more_than_one_figure_a_field(tmp_path):
    recorded_run(tmp_path / "run")
    for line in (tmp_path / "run" / "trace.jsonl").read_text().splitlines():
        assert all(not isinstance(value, list | dict) for value in json.loads(line).values())
