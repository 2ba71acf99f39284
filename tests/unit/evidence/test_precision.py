from __future__ import annotations

import numpy as np
import pytest
import torch

from exeat.errors import BadInput
from exeat.evidence.precision import Reduction

KINDS = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def reduced(target, values, cut=7):
    """The reduced bytes and the reduction, read in chunks that end inside numbers."""
    data = np.asarray(values, "<f4").tobytes()
    reduction = Reduction(target)
    chunks = [memoryview(data[i : i + cut]) for i in range(0, len(data), cut)]
    return b"".join(reduction.chunks("w", chunks)), reduction


def in_torch(target, values):
    tensor = torch.from_numpy(np.asarray(values, "<f4")).to(KINDS[target])
    return tensor.view(torch.int16).numpy().astype("<i2").tobytes(), tensor


@pytest.mark.parametrize("target", KINDS)
def test_it_rounds_as_torch_does(target):
    rng = np.random.default_rng(1)
    values = (rng.standard_normal(5000) * 10.0 ** rng.integers(-12, 4, 5000)).astype("<f4")
    ties = np.array([1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 1 + 3 * 2**-8, -0.0, 0.0, np.inf, -np.inf], "<f4")
    values = np.concatenate([values, ties])
    data, reduction = reduced(target, values)
    same, tensor = in_torch(target, values)
    assert data == same
    finite = np.isfinite(values)
    difference = np.abs(values[finite].astype("f8") - tensor.double().numpy()[finite]).max()
    assert float(reduction.max_abs_difference) == pytest.approx(difference, rel=1e-11)
    assert float(reduction.max_abs_difference) >= difference
    assert reduction.where == "w"


@pytest.mark.parametrize("target", KINDS)
def test_not_a_number_stays_one(target):
    values = np.array([0x7FC00000, 0x7F800001, 0xFFFFFFFF, 0xFF800001], "<u4").view("<f4")
    data, reduction = reduced(target, values)
    tensor = torch.frombuffer(bytearray(data), dtype=KINDS[target])
    assert tensor.isnan().all()
    assert reduction.max_abs_difference == 0


@pytest.mark.parametrize(("target", "value", "advice"), [("float16", 65520, "bfloat16"), ("bfloat16", 3.4e38, "Leave")])
def test_a_number_that_does_not_fit_is_refused(target, value, advice):
    with pytest.raises(BadInput, match="too large") as refused:
        reduced(target, [1, value])
    assert advice in refused.value.what_to_do


def test_a_difference_too_large_to_write_is_refused():
    _, reduction = reduced("bfloat16", [2.0e35, 1.0000001e38])
    with pytest.raises(BadInput, match="more than 1e30"):
        _ = reduction.max_abs_difference


def test_a_difference_too_small_to_write_is_rounded_up_never_to_zero():
    _, reduction = reduced("float16", [1e-40])
    assert str(reduction.max_abs_difference) == "1E-30"
    _, exact = reduced("float16", [0.5, 2.0])
    assert exact.max_abs_difference == 0
