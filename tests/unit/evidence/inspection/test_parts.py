"""A checkpoint is divided into parts by what trainers call them and how they are built; the bytes add up."""

from __future__ import annotations

import argparse
import pickle
import random
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import nn, optim

from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.leaves import leaves
from exeat.evidence.inspection.opened import Member, Opened, TensorRef, Tree
from exeat.evidence.inspection.ownership import owned
from exeat.evidence.inspection.parts import REST, UNSEEN, parts_of
from exeat.evidence.inspection.symbols import Call, Global
from exeat.model.inspection import PartKind
from tests.unit.evidence.corpus.build import healthy_cases
from tests.unit.evidence.corpus.healthy_torch import linear, network, stepped

LEAKY = Path(__file__).resolve().parents[3] / "data" / "evidence" / "checkpoints" / "c_lightning.ckpt"
P = PartKind
STATE = random.Random(1).getstate()  # noqa: S311 an ordinary generator, as training code has


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("healthy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own words about its prototypes
        for case in healthy_cases():
            case.write(folder / case.name)
    return folder


def parts(path):
    with open_checkpoint(path) as opened:
        return parts_of(opened), opened


def saved(tmp_path, value, name="file.pt"):
    torch.save(value, tmp_path / name)
    return parts(tmp_path / name)


def by_kind(found):
    sizes = {}
    for part in found.parts:
        sizes[part.kind] = sizes.get(part.kind, 0) + part.bytes
    return sizes


def test_leaky_sample():
    found, opened = parts(LEAKY)
    tensors = {kind: sum(p.tensors for p in found.parts if p.kind is kind) for kind in PartKind}
    sizes = by_kind(found)
    assert tensors[P.WEIGHTS] == 4
    assert tensors[P.OPTIMIZER_STATE] == 12
    assert tensors[P.CALLBACKS] == 1
    assert sizes[P.WEIGHTS] >= 4 * (128 * 64 + 128 + 10 * 128 + 10)
    assert sizes[P.OPTIMIZER_STATE] >= 2 * 4 * (128 * 64 + 128 + 10 * 128 + 10)
    assert sizes[P.MEMBER_INDICES] > 898 * 2
    assert {"train_indices", "hyper_parameters", "callbacks"} <= {part.place for part in found.parts}
    assert sum(sizes.values()) == opened.bytes == LEAKY.stat().st_size


@pytest.mark.parametrize("name", [case.name for case in healthy_cases()])
def test_bytes_of_the_parts_add_up_to_the_file(healthy, name):
    found, opened = parts(healthy / name)
    assert sum(part.bytes for part in found.parts) == opened.bytes
    assert sum(part.tensors for part in found.parts) == len(opened.tensors)
    assert all(part.bytes or part.tensors for part in found.parts)


WHOLE = {
    "network.pt": P.WEIGHTS,
    "plain.safetensors": P.WEIGHTS,
    "model.gguf": P.WEIGHTS,
    "model.onnx": P.WEIGHTS,
    "sharded": P.WEIGHTS,
    "adam.pt": P.OPTIMIZER_STATE,
    "lbfgs.pt": P.OPTIMIZER_STATE,
    "adam-legacy.pt": P.OPTIMIZER_STATE,
    "rng.pt": P.RNG_STATE,
    "sparse.pt": P.WEIGHTS,
}


@pytest.mark.parametrize("name", WHOLE)
def test_every_tensor_of_a_file_of_one_kind_is_of_that_kind(healthy, name):
    found, opened = parts(healthy / name)
    assert opened.tensors
    assert {tensor.part for tensor in found.tensors} == {WHOLE[name]}


@pytest.mark.parametrize(("name", "kind"), [("step-lr.pt", P.SCHEDULER), ("grad-scaler.pt", P.SCHEDULER)])
def test_branches_are_known_by_their_shape(healthy, name, kind):
    found, _ = parts(healthy / name)
    assert kind in {part.kind for part in found.parts}


def test_distributed_folder_is_divided_by_the_first_word_of_its_names(healthy):
    found, _ = parts(healthy / "distributed")
    kinds = {tensor.name: tensor.part for tensor in found.tensors}
    assert kinds["model.0.weight"] is P.WEIGHTS
    assert kinds["optimizer.state.0.exp_avg"] is P.OPTIMIZER_STATE


def test_opacus(healthy):
    found, _ = parts(healthy / "opacus.ckpt")
    assert {tensor.part for tensor in found.tensors if tensor.name.startswith("module_state_dict")} == {P.WEIGHTS}


def test_trainer_with_everything(tmp_path):
    value = {
        "model": {"layers.0.weight": torch.ones(3, 3), "train_indices": torch.arange(9)},
        "wrapper": {"state_dict": {"a.weight": torch.ones(2)}, "optimizer": stepped(optim.Adam)},
        "cuda_rng_state_all": [torch.zeros(16, dtype=torch.uint8)],
        "numpy_rng": ("MT19937", np.arange(624, dtype=np.uint32), 3, 0, 0.0),
        "python": STATE,
        "args": argparse.Namespace(data="x", nested={"lr": 0.1}),
        "callbacks": {"EarlyStopping": {"best": torch.tensor(1.0)}},
        "lr_schedulers": [{"base_lrs": [0.1], "last_epoch": 2}],
        "split": {"val_idx": list(range(5, 50)), "testIds": np.arange(40)},
        "notes": "word " * 200,
    }
    found, _ = saved(tmp_path, value)
    kinds = {tensor.name: tensor.part for tensor in found.tensors}
    assert kinds["model.layers.0.weight"] is P.WEIGHTS
    assert kinds["model.train_indices"] is P.MEMBER_INDICES
    assert kinds["wrapper.state_dict.a.weight"] is P.WEIGHTS
    assert kinds["wrapper.optimizer.state.0.exp_avg"] is P.OPTIMIZER_STATE
    assert kinds["cuda_rng_state_all.0"] is P.RNG_STATE
    assert kinds["callbacks.EarlyStopping.best"] is P.CALLBACKS
    places = {(part.kind, part.place) for part in found.parts}
    assert {
        (P.RNG_STATE, "numpy_rng"),
        (P.RNG_STATE, "python"),
        (P.HYPERPARAMETERS, "args"),
        (P.SCHEDULER, "lr_schedulers"),
        (P.MEMBER_INDICES, "split"),
        (P.EMBEDDED_TEXT, "notes"),
    } <= places
    assert found.kind_of("wrapper.optimizer.state.0.exp_avg") is P.OPTIMIZER_STATE
    assert found.kind_of("args.data") is P.HYPERPARAMETERS
    assert found.kind_of("nobody knows") is P.OTHER


def test_a_layer_may_be_called_like_a_part(tmp_path):
    weights = OrderedDict(
        [("optimizer.weight", torch.ones(2)), ("rng.bias", torch.ones(2)), ("scheduler", torch.ones(1))]
    )
    found, _ = saved(tmp_path, {"state_dict": weights})
    assert {tensor.part for tensor in found.tensors} == {P.WEIGHTS}


def test_whole_module_is_weights(tmp_path):
    found, _ = saved(tmp_path, nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))
    assert {tensor.part for tensor in found.tensors} == {P.WEIGHTS}


def test_moments_are_known_in_a_file_of_tensors_only(tmp_path):
    save_file({"a.weight": torch.ones(2), "a.exp_avg": torch.ones(2)}, tmp_path / "x.safetensors")
    found, _ = parts(tmp_path / "x.safetensors")
    assert {tensor.name: tensor.part for tensor in found.tensors} == {
        "a.weight": P.WEIGHTS,
        "a.exp_avg": P.OPTIMIZER_STATE,
    }


def test_a_slice_leaves_bytes_that_nothing_shows(tmp_path):
    table = torch.arange(1000.0).reshape(100, 10)
    found, _ = saved(tmp_path, {"rows": table[:2], "column": torch.ones(64, 8)[:, 3]})
    hidden = {one.by.name: one.bytes for one in found.hidden}
    assert hidden == {"rows": 4 * 980, "column": 4 * (64 * 8 - 64)}
    assert sum(part.bytes for part in found.parts if part.place == UNSEEN) == 4 * 980 + 4 * (64 * 8 - 64)


def test_shared_storage_is_counted_once(healthy):
    found, opened = parts(healthy / "shared-storage.pt")
    assert sum(tensor.bytes for tensor in found.tensors) == 48
    assert [tensor.bytes for tensor in found.tensors if tensor.name != opened.tensors[0].name] == [0, 0, 0, 0]
    assert not found.hidden


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=1, max_size=12))
def test_shares_of_a_storage_add_up(spans):
    storage = Member("s", 0, 64)
    refs = [TensorRef(str(i), (str(i),), "U8", (size,), (1,), start, storage) for i, (start, size) in enumerate(spans)]
    shares = owned(refs)
    covered = {at for start, size in spans for at in range(start, start + size)}
    assert sum(shares.bytes) == len(covered)
    assert sum(one.bytes for one in shares.hidden) == 64 - len(covered)


def test_unlisted_member_is_a_part_of_its_own(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"w": torch.ones(2)}, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("x/patients.csv", "id,age\n1,50\n")
    found, _ = parts(path)
    assert [(part.kind, part.bytes) for part in found.parts if part.place == "x/patients.csv"] == [
        (P.EMBEDDED_TEXT, 12)
    ]


def test_identifiers_in_names_are_masked(tmp_path):
    found, _ = saved(tmp_path, {"/home/alice/run": {"w": torch.ones(2)}, "jane@trust.nhs.uk": torch.ones(1)})
    text = repr(found.parts) + repr(found.tensors)
    assert "alice" not in text
    assert "jane" not in text


def test_tensors_are_listed_up_to_a_cap_and_counted_beyond(tmp_path):
    torch.save({str(number): torch.ones(1) for number in range(30)}, tmp_path / "x.pt")
    with open_checkpoint(tmp_path / "x.pt") as opened:
        found = parts_of(opened, limits=opened_limits(10))
    assert len(found.tensors) == 10
    assert sum(part.tensors for part in found.parts) == 30


def opened_limits(listed):
    from exeat.evidence.inspection.limits import DEFAULT  # noqa: PLC0415

    return DEFAULT._replace(listed_tensors=listed)


def test_very_many_branches_are_put_together(tmp_path):
    found, opened = saved(tmp_path, {f"net{number}": {"w": torch.ones(4)} for number in range(300)})
    assert len(found.parts) <= 110
    assert sum(part.bytes for part in found.parts) == opened.bytes
    assert sum(part.tensors for part in found.parts) == 300


def tree_of(value):
    opened = Opened("pickle", 10**6)
    opened.trees.append(Tree("pickle", value))
    return opened


def test_cycles_and_shared_objects_are_walked_once():
    loop: list = ["/home/alice/x"]
    loop.append(loop)
    shared = {"k": "once"}
    found = list(leaves(Tree("pickle", [loop, shared, shared, {"again": shared}])))
    assert [leaf.value for leaf in found].count("/home/alice/x") == 1
    assert [leaf.value for leaf in found].count("once") == 1


def test_a_hundred_thousand_levels_need_no_recursion():
    deep: list = ["bottom"]
    for _ in range(10**5):
        deep = [deep]
    found = parts_of(tree_of(deep))
    assert sum(part.bytes for part in found.parts) == 10**6
    assert any(said.text == "bottom" for said in found.survey.texts)


def test_values_cannot_claim_more_bytes_than_the_file_has():
    opened = Opened("pickle", 100)
    opened.trees.append(Tree("pickle", {"config": "x" * 10_000, "args": "y" * 10_000}))
    found = parts_of(opened)
    assert sum(part.bytes for part in found.parts) == 100


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.integers(-5, 5), inner, max_size=4)
        | st.builds(
            lambda args, state: _call(tuple(args), state),
            st.lists(inner, max_size=3),
            inner,
        )
    ),
    max_leaves=25,
)


def _call(args, state):
    made = Call(Global("numpy._core.multiarray", "_reconstruct"), args)
    made.state = state
    return made


@given(PLAIN)
def test_any_tree_is_divided(value):
    found = parts_of(tree_of(value))
    assert sum(part.bytes for part in found.parts) == 10**6
    assert found.parts[-1].bytes or found.parts


@given(PLAIN.filter(lambda value: isinstance(value, dict)))
def test_any_pickle_is_divided(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("any") / "x.pkl"
    try:
        path.write_bytes(pickle.dumps(value, 2))
    except (pickle.PicklingError, AttributeError, TypeError):
        return
    found, opened = parts(path)
    assert sum(part.bytes for part in found.parts) == opened.bytes == path.stat().st_size


def test_the_rest_is_named(healthy):
    found, _ = parts(healthy / "network.pt")
    rest = next(part for part in found.parts if part.place == REST)
    assert 0 < rest.bytes < 5000
    assert network().state_dict().keys() == {tensor.name for tensor in found.tensors}
    assert linear().weight.shape == (2, 3)
