"""docs/recorder.md: its example runs, and each column of the trace is described."""

import re
from pathlib import Path

import torch

from exeat.audit.recorder.journal import COLUMNS
from tests.unit.audit.recorder.runs import halves, network

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "recorder.md").read_text("utf-8")


def test_the_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    model = network()
    (x, y), (x_test, y_test) = halves()
    names = {"model": model, "optimizer": torch.optim.SGD(model.parameters(), lr=0.1)}
    names |= {"x": x, "y": y, "x_test": x_test, "y_test": y_test}
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], names)  # noqa: S102 our own page
    assert (tmp_path / "runs" / "ward-v1" / "report.json").exists()
    assert names["recorded"].recommendation.sentence in capsys.readouterr().out


def test_each_column_is_described():
    assert [name for name in COLUMNS if f"`{name}`" not in PAGE] == []
