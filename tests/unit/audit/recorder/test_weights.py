"""Weights of single epochs: what stays, what goes, and that nothing else is ever deleted."""

import pytest
import torch
from safetensors.torch import load_file

from exeat.audit.recorder.recommend import Look
from exeat.audit.recorder.weights import Weights, bytes_of, frontier, state_of
from exeat.errors import BadInput
from exeat.model.base import digest_of
from tests.unit.audit.recorder.runs import network


def look(epoch, accuracy, high):
    return Look(
        epoch=epoch, accuracy=accuracy, test_loss=1.0, n_test=100, exposure=high - 0.05, low=high - 0.1, high=high
    )


LOOKS = [look(1, 0.6, 0.52), look(2, 0.8, 0.55), look(3, 0.7, 0.60), look(4, 0.9, 0.70), look(5, 0.9, 0.75)]


def test_the_frontier_holds_what_no_other_epoch_beats():
    assert sorted(one.epoch for one in frontier(LOOKS)) == [1, 2, 4]


@pytest.mark.parametrize(
    ("keep", "left"), [("best", [1, 2, 4, 5]), ("all", [1, 2, 3, 4, 5]), (1, [1, 5]), (2, [1, 2, 5])]
)
def test_what_is_kept_while_training(tmp_path, keep, left):
    weights = Weights(tmp_path, keep)
    for one in LOOKS:
        weights.write(one.epoch, network())
    weights.thin(LOOKS)
    assert weights.kept() == left


def test_only_files_named_by_the_recorder_are_deleted(tmp_path):
    weights = Weights(tmp_path, "best")
    weights.write(1, network())
    weights.write(2, network())
    mine = [tmp_path / "epochs" / "epoch-1.safetensors", tmp_path / "epochs" / "notes.txt", tmp_path / "x.safetensors"]
    for path in mine:
        path.write_text("mine")
    weights.leave({2})
    assert weights.kept() == [2]
    assert all(path.read_text() == "mine" for path in mine)


def test_the_file_is_the_state_and_the_digest_is_the_files(tmp_path):
    weights, model = Weights(tmp_path, "best"), network()
    digest = weights.write(3, model)
    data = weights.path(3).read_bytes()
    assert digest == digest_of(data)
    assert all(torch.equal(v, model.state_dict()[k]) for k, v in load_file(weights.path(3)).items())
    assert state_of(data).keys() == model.state_dict().keys()


def test_tied_weights_are_written_under_both_names():
    model = network(features=8, width=8, outputs=8)
    model[3].weight = model[0].weight
    assert {"0.weight", "3.weight"} <= state_of(bytes_of(model)).keys()


def test_an_epoch_that_was_not_kept_is_asked_for_in_vain(tmp_path):
    weights = Weights(tmp_path, "best")
    weights.write(4, network())
    with pytest.raises(BadInput, match="epoch 2 were not kept") as told:
        weights.read(2)
    assert "Choose one of 4" in told.value.what_to_do


@pytest.mark.parametrize("keep", ["none", 0, -1, True])
def test_other_ways_of_keeping_are_refused(tmp_path, keep):
    with pytest.raises(BadInput):
        Weights(tmp_path, keep)
