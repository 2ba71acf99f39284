"""A report repeats no message that may quote a record."""

from __future__ import annotations

import torch

from exeat.audit import Recipe, audit
from exeat.audit.raised import first_line, fit_for_report
from tests.unit.audit.engine.toys import toy


class Quotes(torch.nn.Module):
    """Breaks in gradients and reconstruction, and quotes the record that it was asked about."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(6, 2)

    def forward(self, x):
        if x.dtype == torch.float64 or torch._C._functorch.maybe_get_level(x) >= 0:
            text = f"patient 4711 has {x[0]}"
            raise ValueError(text)
        return self.layer(x)


def caught(work):
    try:
        work()
    except (RuntimeError, KeyError, IndexError) as exc:
        return exc
    raise AssertionError


def test_a_report_quotes_no_record_and_the_terminal_does():
    torch.manual_seed(0)
    recipe, lines = Recipe(build=Quotes, epochs=2, batch_size=20, learning_rate=0.1), []
    report = audit(toy(model=Quotes()), recipe, shadows=2, attacks=["loss", "gradient"], say=lines.append)
    assert "failed" in {one.status for one in report.indicators}
    assert "4711" not in report.to_bytes().decode()
    assert any("patient 4711" in line for line in lines)


def test_torch_s_own_words_are_repeated_without_their_numbers():
    def shapes():
        torch.nn.Linear(3, 2)(torch.zeros(4, 5))

    said = fit_for_report(caught(shapes))
    assert said == "RuntimeError: mat# and mat# shapes cannot be multiplied (#x# and #x#)"


def test_a_key_or_an_index_that_torch_repeats_is_not():
    def key():
        torch.nn.ModuleDict({"a": torch.nn.Linear(1, 1)})["Smith"]

    def index():
        torch.nn.Embedding(3, 2)(torch.tensor([4711]))

    assert [name in fit_for_report(caught(work)) for work, name in ((key, "Smith"), (index, "4711"))] == [False, False]


def test_the_first_line_is_short():
    assert first_line(ValueError("a" * 1000 + "\nb")) == "a" * 200
    assert first_line(ValueError()) == ""
