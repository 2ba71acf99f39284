"""A study goes on only with what is whole and about the same model."""

from __future__ import annotations

import pytest

from exeat.audit.pilots.outputs import Rounding
from exeat.audit.pilots.study import study
from exeat.errors import BadInput
from tests.unit.audit.pilots.scene import DATE, Net, case


def run(home, stages=None):
    target, how, path = case(home / "checkpoint", epochs=30)
    told = (lambda _line: None) if stages is None else stages.append
    return study(
        target, how, [Rounding()], seed=5, shadows=2, originals=[path], date=DATE, folder=home / "pilots", progress=told
    )


@pytest.mark.parametrize("damage", ["", "[]", "{}", "[" * 60_000])
def test_a_damaged_result_is_found_out_and_made_again(tmp_path, damage):
    first, stages = run(tmp_path), []
    (tmp_path / "pilots" / "rounding.json").write_text(damage)
    assert run(tmp_path, stages).to_bytes() == first.to_bytes()
    assert stages == ["2 shadow models", "pilot rounding"]


def test_another_forward_with_the_same_weights_is_another_study(tmp_path, monkeypatch):
    run(tmp_path)
    forward = Net.forward
    monkeypatch.setattr(Net, "forward", lambda self, x: 3 * forward(self, x.flip(1)))
    with pytest.raises(BadInput, match="the copies of another study"):
        run(tmp_path)
