"""Two pieces of code that train differently never share a text; the same code keeps its own."""

from functools import partial

import torch

from exeat.audit.shadows.code import text_of

RATE = 0.1


def by_closure(rate):
    def train(x, y, seed):
        return x * rate

    return train


def by_default(x, y, seed, rate=0.1):
    return x * rate


def by_name(x, y, seed):
    return inner(x) * RATE


def inner(x):
    return x


class Trainer:
    def __init__(self, rate):
        self.rate = rate

    def __call__(self, x, y, seed):
        return x * self.rate

    def train(self, x, y, seed):
        return x * self.rate


def test_values_that_a_function_closes_over_are_told_apart():
    assert text_of(by_closure(0.1)) == text_of(by_closure(0.1))
    assert text_of(by_closure(0.1)) != text_of(by_closure(0.2))
    assert text_of(by_closure(torch.ones(2))) != text_of(by_closure(torch.zeros(2)))
    assert text_of(by_closure(by_closure(0.1))) != text_of(by_closure(by_closure(0.2)))


def test_arguments_objects_and_methods_are_told_apart():
    for make in (lambda r: partial(by_default, rate=r), Trainer, lambda r: Trainer(r).train):
        assert text_of(make(0.1)) == text_of(make(0.1))
        assert text_of(make(0.1)) != text_of(make(0.2))


def test_what_is_called_by_name_counts(monkeypatch):
    before = text_of(by_name)
    monkeypatch.setitem(by_name.__globals__, "RATE", 0.2)
    changed = text_of(by_name)
    monkeypatch.setitem(by_name.__globals__, "inner", by_closure(1))
    assert len({before, changed, text_of(by_name)}) == 3


def test_code_without_a_source_is_told_apart_by_what_it_does():
    made = [eval(f"lambda x, y, seed: x * {rate}") for rate in ("0.1", "0.2", "0.1 + y")]  # noqa: S307 no file holds it
    assert len({text_of(one) for one in made}) == 3
    assert text_of(None) == "None"
