"""Words that name parts, and lists of numbers that say which records were used."""

from __future__ import annotations

import random

import pytest

from exeat.evidence.inspection.number_lists import tells_members
from exeat.evidence.inspection.part_rules import kind_below, kind_of_path, names_records
from exeat.model.inspection import PartKind

P = PartKind


def drawn(population, count):
    """Numbers without repetition, the same each time."""
    return random.Random(1).sample(population, count)  # noqa: S311 no secret


@pytest.mark.parametrize(
    ("key", "is_index"),
    [
        *((name, True) for name in ("train_indices", "trainIdx", "val-ids", "member_ids", "indices", "patient_ids")),
        *((name, True) for name in ("test_mask", "fold_0_train_idx", "is_member", "record_ids", "sample_order")),
        *((name, False) for name in ("relative_position_index", "crow_indices", "num_batches_tracked", "token_ids")),
        *((name, False) for name in ("position_ids", "index", "ids", "mask", "weight_mask", "test_loss", "train")),
    ],
)
def test_names_of_index_lists(key, is_index):
    assert names_records(key) is is_index


@pytest.mark.parametrize(
    ("above", "key", "below"),
    [
        (None, "state_dict", P.WEIGHTS),
        (None, "optimizer_states", P.OPTIMIZER_STATE),
        (None, "whatever", None),
        (P.WEIGHTS, "optimizer", P.OPTIMIZER_STATE),
        (P.WEIGHTS, "generator", P.WEIGHTS),
        (P.OPTIMIZER_STATE, "state_dict", P.OPTIMIZER_STATE),
        (P.HYPERPARAMETERS, "sampler", P.HYPERPARAMETERS),
        (P.HYPERPARAMETERS, "train_indices", P.MEMBER_INDICES),
        (P.CALLBACKS, "torch_rng_state", P.RNG_STATE),
    ],
)
def test_the_outermost_word_decides(above, key, below):
    assert kind_below(above, key) is below


def test_a_path_without_a_known_word_says_nothing():
    assert kind_of_path(("a", "b", "weight")) is None
    assert kind_of_path(()) is None


MEMBERS = [
    (list(range(898)), "train_indices", True),
    ([3, 1], "member_ids", True),
    ([1, 0, 0, 1], "test_mask", True),
    (drawn(range(10_000), 100), "kept", True),
    (drawn(range(300), 300), "order", True),
    (list(range(500)), "values", False),
    (list(range(0, 5000, 10)), "values", False),
    ([64] * 100, "values", False),
    (drawn(range(10_000), 60), "kept", False),
    (drawn(range(50_000), 100), "suppress_tokens", False),
    ([-1, *drawn(range(10_000), 100)], "train_indices", False),
    ([0.5] * 100, "train_indices", False),
    ([2**70] * 100, "train_indices", False),
    ([7], "train_indices", False),
]


@pytest.mark.parametrize(("values", "label", "expected"), MEMBERS)
def test_lists_that_tell_members(values, label, expected):
    assert tells_members(values, label, None) is expected
    assert not tells_members(values, label, P.RNG_STATE)
