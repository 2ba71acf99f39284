"""What the recorder leaves: nobody else reads it, nothing in it is about single people, damage gets a sentence."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
import torch

from exeat.audit.recorder import Recorder
from exeat.errors import BadInput
from tests.unit.audit.engine.toys import network, noise

X, Y = noise(240)


def record(folder, *, epochs=2, n_train=120, n_test=120, resume=False):
    torch.manual_seed(0)
    model = network(1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    x, y = X[:n_train], Y[:n_train]
    test = X[120 : 120 + n_test], Y[120 : 120 + n_test]
    recorder = Recorder(
        folder, model, optimizer, checkpoint_id="toy-v1", train=(x, y), test=test, resume=resume, share=1.0
    )
    for _ in range(epochs):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        recorder.epoch()
    return recorder.finish()


def test_the_weights_of_every_epoch_are_the_owner_s_alone(tmp_path):
    record(tmp_path / "run")
    assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("n_train", "n_test"), [(3, 120), (120, 3), (9, 9)])
def test_nothing_is_said_of_fewer_than_ten_people(tmp_path, n_train, n_test):
    written = record(tmp_path / "run", n_train=n_train, n_test=n_test).written
    few = [role for role, n in (("train", n_train), ("test", n_test)) if n < 10]
    report, trace = json.loads(written.report.read_bytes()), pq.read_table(written.trace).to_pylist()
    metrics = json.loads(written.draft.read_bytes())["metrics"]
    names = {f"{role}{of}" for role in few for of in ("_loss", "_accuracy", "-accuracy", "-loss")}
    for row in (*report["trace"]["epochs"], *trace, {metric["id"]: metric["value"] for metric in metrics}):
        assert not {name for name, value in row.items() if value is not None} & names
    if "train" in few:
        assert all(row["gradient_norm_q50"] is None for row in trace)
    assert {one["status"] for one in report["indicators"]} == {"not_measured"}


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"[" * 60_000])
def test_a_damaged_header_gets_a_sentence(tmp_path, damage):
    record(tmp_path / "run")
    (tmp_path / "run" / "recorder.json").write_bytes(damage)
    with pytest.raises(BadInput, match="is damaged, so nobody knows which run this was"):
        record(tmp_path / "run", resume=True)


@pytest.mark.parametrize("more", [b"[]\n", b"3\n", b"{}\n", b'{"epoch":"x","step":1}\n', b'{"epoch":1,"step":1}\n'])
def test_a_line_that_does_not_follow_ends_what_is_believed(tmp_path, more):
    record(tmp_path / "run")
    with (tmp_path / "run" / "trace.jsonl").open("ab") as file:
        file.write(more)
    written = record(tmp_path / "run", resume=True).written
    assert [row["epoch"] for row in pq.read_table(written.trace).to_pylist()] == [1, 2, 3, 4]
