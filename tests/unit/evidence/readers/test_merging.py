"""Facts, merging and paths: what agrees, what is one file, what a person settles, what stays open."""

from __future__ import annotations

from pathlib import Path

import pytest

from exeat.errors import BadInput
from exeat.evidence.describe import describe
from exeat.evidence.joining import ITSELF
from exeat.evidence.manifest_path import flatten, nest, steps
from exeat.evidence.partial import Fact, Merged, Origin, Partial
from tests.unit.evidence.readers.factories_readers import LIGHTNING, given

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def source(name, facts, place="$"):
    origin = Origin(name, f"{name}.json", place)
    return Partial(name, f"{name}.json", A, tuple(Fact(path, value, origin) for path, value in facts.items()))


def itself(name, path, sha256):
    key = f"components[{path}]"
    return source(name, {f"{key}.path": path, f"{key}.sha256": sha256, f"{key}.bytes": 3}, ITSELF)


def disputed(*partials):
    return [one.path for one in Merged(partials).contradictions]


@pytest.mark.parametrize(
    ("path", "one", "other", "agree"),
    [
        ("dp.delta", "1E-6", "0.000001", True),
        ("dp.delta", "1E-6", "0.00001", False),
        ("dp.epsilon", "6", "6.0", True),
        ("hyperparameters[lr]", "0.10", "0.1", True),
        ("hyperparameters[layers]", 3, "3", True),
        ("hyperparameters[bias]", True, 1, False),
        ("title", "6.0", "6", False),
        ("title", "a", "a", True),
        ("model.inputs", ["x"], ("x",), True),
        ("training.framework", "torch", "PyTorch", True),
        ("training.framework", "JAX", "PyTorch", False),
        ("components[a].contains", ["weights"], ["weights", "optimizer state"], True),
        ("components[a].contains", ["Hyper-parameters", "x"], ["x", "hyperparameters"], True),
        ("components[a].contains", ["weights", "paths"], ["weights", "optimizer state"], False),
    ],
)
def test_what_agrees(path, one, other, agree):
    assert (disputed(source("a", {path: one}), source("b", {path: other})) == []) is agree


def test_of_two_lists_of_contents_the_longer_stands():
    lists = [
        source("a", {"components[x].contains": ["weights"]}),
        source("b", {"components[x].contains": ["weights", "rng"]}),
    ]
    assert Merged(lists).value("components[x].contains") == ["weights", "rng"]


def test_a_list_and_the_file_at_its_path_are_one_component():
    listed = source("list", {"components[w].id": "w", "components[w].path": "m.pt", "components[w].sha256": A})
    merged = Merged([itself("file", "m.pt", B), listed])
    assert [part["id"] for part in merged.document()["components"]] == ["w"]
    assert [one.path for one in merged.contradictions] == ["components[w].sha256"]


def test_a_listed_digest_names_the_file_wherever_it_lies():
    listed = source("list", {"components[w].id": "w", "components[w].path": "m.pt", "components[w].sha256": A})
    merged = Merged([listed, itself("file", "upload-3", A)])
    (part,) = merged.document()["components"]
    assert (part["id"], part["path"], part["bytes"]) == ("w", "m.pt", 3)
    assert merged.contradictions == ()


def test_two_listed_copies_of_one_digest_stay_two():
    facts = {f"components[{key}].{field}": value for key in "uv" for field, value in (("path", key), ("sha256", A))}
    merged = Merged([source("list", facts), itself("file", "upload-3", A)])
    assert len(merged.document()["components"]) == 3


def test_an_answer_about_a_file_that_was_joined_reaches_it():
    listed = source("list", {"components[w].id": "w", "components[w].path": "m.pt"})
    merged = Merged([listed, itself("file", "m.pt", A)]).with_answers({"components[m.pt].sensitivity": 3})
    assert merged.value("components[w].sensitivity") == 3


def test_an_answer_settles_and_none_leaves_out():
    merged = Merged([source("a", {"title": "x", "epoch": 1}), source("b", {"title": "y"})])
    settled = merged.with_answers({"title": "y", "epoch": None})
    assert settled.unsettled == ()
    assert len(settled.contradictions) == 1
    assert settled.document() == {"schema": "exeat-manifest/1", "title": "y"}


def test_a_part_can_be_left_out_whole():
    merged = Merged([itself("file", "notes", A)]).with_answers({"components[notes]": None})
    assert "components" not in merged.document()


@pytest.mark.parametrize("path", ["", ".", "a..b", "[x]", "a]", "a[", "a[]", "a.[x]", "x" * 401])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(BadInput, match="not a path of a manifest"):
        steps(path)


def test_parts_of_one_key_stay_apart_and_come_back():
    document = {
        "metrics": [{"id": "auc", "split": "test"}, {"id": "auc", "split": "val"}, {"id": "f1"}],
        "x_own": {"a.b": [1]},
    }
    leaves = {path: leaf for name, value in document.items() for path, leaf in flatten(name, value)}
    assert "metrics[auc #2].split" in leaves
    assert leaves["x_own"] == {"a.b": [1]}
    assert nest(leaves) == document


def test_a_description_leaves_no_file_open():
    descriptors = Path("/proc/self/fd")
    before = len([*descriptors.iterdir()])
    for _ in range(3):
        describe([given(LIGHTNING), given("checkpoints/a_good.pt", "file-2")])
    assert len([*descriptors.iterdir()]) <= before
