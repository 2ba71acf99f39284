"""Records from a file: .npz, .safetensors or .parquet; read in the child process only, nothing is unpickled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exeat.audit.target import Records
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

GROUP = "group."
LAYOUT = (
    "Arrays x (one row per record), y (class numbers) and, for each subgroup, group.NAME (true or false per record). "
    "In Parquet: a column y, columns group.NAME, and every other column is a number of x, in order."
)


def read_records(path: Path) -> Records:
    """Return the records of a file; raise BadInput with the expected layout where it has another."""
    import torch  # noqa: PLC0415

    reader = READERS.get(path.suffix)
    if reader is None:
        raise BadInput(f"{path.name} is none of {', '.join(READERS)}.", f"Write one of them. {LAYOUT}")
    if path.exists() and not path.is_file():
        raise BadInput(f"{path.name} is no plain file.", f"Write one. {LAYOUT}")
    arrays = _read(path, reader)
    missing = [name for name in ("x", "y") if name not in arrays]
    if missing:
        raise BadInput(f"{path.name} has no {missing[0]}.", LAYOUT)
    groups = {name.removeprefix(GROUP): np.asarray(a) for name, a in arrays.items() if name.startswith(GROUP)}
    x, y = np.ascontiguousarray(arrays["x"]), np.asarray(arrays["y"])
    if not np.issubdtype(y.dtype, np.integer):
        raise BadInput(f"The labels in {path.name} are {y.dtype}.", "Give whole class numbers, from 0.")
    if x.dtype == np.float64:
        x = x.astype(np.float32)
    try:
        return Records(torch.from_numpy(x), torch.from_numpy(y.astype(np.int64)), groups)
    except TypeError as exc:
        raise BadInput(f"The inputs in {path.name} are {x.dtype}; torch has no such type.", LAYOUT) from exc


def _read(path: Path, reader: Callable[[Path], Arrays]) -> Arrays:
    try:
        return reader(path)
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror or exc}.", "Check the path and its permissions.") from exc
    except Exception as exc:
        said = (str(exc).strip().splitlines() or [""])[0][:200]
        raise BadInput(f"{path.name} cannot be read: {type(exc).__name__}: {said}", LAYOUT) from exc


def _npz(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as opened:
        return {name: opened[name] for name in opened.files}


def _safetensors(path: Path) -> Arrays:
    from safetensors.torch import load_file  # noqa: PLC0415

    return {name: tensor.numpy() for name, tensor in load_file(path).items()}


def _parquet(path: Path) -> Arrays:
    import pyarrow.parquet as pq  # noqa: PLC0415

    table = pq.read_table(path)
    found = {name: table[name].to_numpy() for name in table.column_names}
    numbers = [a for name, a in found.items() if name != "y" and not name.startswith(GROUP)]
    kept = {name: a for name, a in found.items() if name == "y" or name.startswith(GROUP)}
    return kept | ({"x": np.column_stack(numbers).astype(np.float32)} if numbers else {})


READERS: dict[str, Callable[[Path], Arrays]] = {".npz": _npz, ".safetensors": _safetensors, ".parquet": _parquet}
