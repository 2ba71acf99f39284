"""Records from files: three formats say the same, and what does not fit is refused with the layout."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file

from exeat.audit.engine.data_files import read_records
from exeat.errors import BadInput

X = np.arange(12, dtype=np.float64).reshape(4, 3)
Y = np.array([0, 1, 1, 0])
RARE = np.array([True, False, False, True])


def write(folder, ending, **arrays):
    path = folder / f"records.{ending}"
    if ending == "npz":
        np.savez(path, **arrays)
    elif ending == "safetensors":
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, path)
    else:
        frame = pd.DataFrame(arrays.pop("x"), columns=[f"f{i}" for i in range(3)]) if "x" in arrays else pd.DataFrame()
        frame.assign(**arrays).to_parquet(path)
    return path


@pytest.mark.parametrize("ending", ["npz", "safetensors", "parquet"])
def test_three_formats_say_the_same(tmp_path, ending):
    found = read_records(write(tmp_path, ending, **{"x": X, "y": Y, "group.rare": RARE}))
    assert torch.equal(found.x, torch.from_numpy(X).float())
    assert torch.equal(found.y, torch.from_numpy(Y))
    assert found.groups["rare"].tolist() == RARE.tolist()


@pytest.mark.parametrize("ending", ["npz", "safetensors", "parquet"])
@pytest.mark.parametrize("missing", ["x", "y"])
def test_a_missing_array_is_named(tmp_path, ending, missing):
    arrays = {"x": X, "y": Y}
    del arrays[missing]
    with pytest.raises(BadInput, match=f"has no {missing}") as caught:
        read_records(write(tmp_path, ending, **arrays))
    assert "Arrays x" in caught.value.what_to_do


def test_nothing_is_unpickled(tmp_path):
    np.savez(tmp_path / "r.npz", x=np.array([{"a": 1}], dtype=object), y=np.array([1]))
    with pytest.raises(BadInput, match=r"r\.npz cannot be read: ValueError"):
        read_records(tmp_path / "r.npz")


@pytest.mark.parametrize("name", ["r.npz", "r.safetensors", "r.parquet"])
def test_a_file_that_is_none_of_its_kind_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"not a table" * 9)
    with pytest.raises(BadInput, match="cannot be read"):
        read_records(tmp_path / name)


def test_other_endings_missing_files_and_labels_in_words(tmp_path):
    (tmp_path / "r.csv").write_text("x,y\n1,2\n")
    with pytest.raises(BadInput, match=r"none of \.npz"):
        read_records(tmp_path / "r.csv")
    with pytest.raises(BadInput, match="cannot be read"):
        read_records(tmp_path / "none.npz")
    with pytest.raises(BadInput, match=r"labels in records\.npz are"):
        read_records(write(tmp_path, "npz", x=X, y=np.array(["a", "b", "a", "b"])))
    with pytest.raises(BadInput, match="4 inputs and 3 labels"):
        read_records(write(tmp_path, "npz", x=X, y=Y[:3]))
