"""What the recorder takes of the training and test data: a fixed sample to measure on, counts and a digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

from exeat.audit.engine.digests import records_digest
from exeat.audit.target import Records
from exeat.errors import BadInput
from exeat.model.base import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    Inputs = Tensor | Mapping[str, Tensor]

LABELS = ("labels", "label", "y")
"""Names under which a record that is a mapping may hold its label."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Records of one split in memory: inputs [n, ...] (one tensor, or several by name) and labels [n, ...]."""

    x: Inputs
    y: Tensor

    def __len__(self) -> int:
        return len(self.y)

    def part(self, at: slice) -> Sample:
        """Return some of the records."""
        x = self.x[at] if isinstance(self.x, torch.Tensor) else {name: value[at] for name, value in self.x.items()}
        return Sample(x, self.y[at])

    def to(self, device: torch.device) -> Sample:
        """Return the records on a device."""
        moved = self.x.to(device) if isinstance(self.x, torch.Tensor) else {n: v.to(device) for n, v in self.x.items()}
        return Sample(moved, self.y.to(device))


@dataclass(frozen=True, slots=True)
class Split:
    """One data set: the sample to measure on, how many records there are, and the digest of all where it is cheap."""

    sample: Sample
    n_records: int
    digest: str | None
    batch_size: int | None = None
    poisson: bool | None = None


def split_of(given: Any, *, most: int, seed: int, name: str) -> Split:
    """Return what is needed of (x, y), with x a tensor or tensors by name, of a map-style Dataset or its DataLoader.

    At most ``most`` records are kept as the sample, drawn once and without the training's random state. Of data held
    as tensors the digest is that of ``exeat audit``; of any other Dataset it is left out, for one pass over it may cost
    as much as an epoch.
    """
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], Mapping):  # noqa: PLR2004 x by name, and y
        return _named(dict(given[0]), torch.as_tensor(given[1]), most, seed)
    loader = given if isinstance(given, DataLoader) else None
    data = loader.dataset if loader is not None else given
    tensors = _tensors(data)
    n = len(tensors[1]) if tensors else _length(data, name)
    if n == 0:
        raise BadInput(f"There are no {name} records.", "Give at least one.")
    rows = np.sort(np.random.default_rng(seed).permutation(n)[:most])
    sample = _rows(tensors, rows) if tensors else _collected(data, rows, name)
    digest = records_digest(Records(*tensors)) if tensors else None
    size = loader.batch_size if loader is not None else None
    return Split(sample, n, digest, size, _is_poisson(loader))


def _named(x: dict[str, Tensor], y: Tensor, most: int, seed: int) -> Split:
    """Return the split of inputs that have names; its digest is over the digests of each, in the order of the names."""
    if len(y) == 0 or any(len(value) != len(y) for value in x.values()):
        raise BadInput("Inputs by name and labels differ in number, or there are none.", "Give one of each per record.")
    digests = {name: records_digest(Records(x[name], y)) for name in sorted(x)}
    rows = torch.from_numpy(np.sort(np.random.default_rng(seed).permutation(len(y))[:most]))
    sample = Sample({name: value[rows] for name, value in x.items()}, y[rows])
    return Split(sample, len(y), digest_of(json.dumps(digests).encode()))


def _tensors(data: Any) -> tuple[Tensor, Tensor] | None:
    """Return inputs and labels of data that already lie in memory as two tensors."""
    if isinstance(data, Subset):
        whole = _tensors(data.dataset)
        at = torch.as_tensor(list(data.indices), dtype=torch.int64)
        return (whole[0][at], whole[1][at]) if whole else None
    pair = data.tensors if isinstance(data, TensorDataset) else data
    if not isinstance(pair, tuple | list) or len(pair) != 2 or isinstance(pair[0], tuple):  # noqa: PLR2004 x and y
        return None
    if not all(isinstance(one, torch.Tensor | np.ndarray) for one in pair):
        return None
    x, y = (torch.as_tensor(one) for one in pair)
    if len(x) != len(y):
        raise BadInput(f"There are {len(x)} inputs and {len(y)} labels.", "Give one label per input.")
    return x, y


def _length(data: Any, name: str) -> int:
    if not hasattr(data, "__getitem__") or not hasattr(data, "__len__"):
        raise BadInput(
            f"The {name} data is a {type(data).__name__}, of which no fixed sample can be taken.",
            "Give (x, y), a map-style Dataset or its DataLoader; of a stream, a few hundred records as (x, y).",
        )
    return len(data)


def _rows(tensors: tuple[Tensor, Tensor], rows: np.ndarray[Any, Any]) -> Sample:
    if len(rows) == len(tensors[1]):
        return Sample(*tensors)
    at = torch.from_numpy(rows)
    return Sample(tensors[0][at], tensors[1][at])


def _collected(data: Dataset[Any] | Sequence[Any], rows: np.ndarray[Any, Any], name: str) -> Sample:
    """Take the records one by one; a random transformation in the data does not move the training's random state."""
    with torch.random.fork_rng(devices=[]):
        records = [data[int(row)] for row in rows]
    first = records[0]
    try:
        if isinstance(first, dict):
            label = next(key for key in LABELS if key in first)
            x = {key: _stacked([one[key] for one in records]) for key in first if key != label}
            return Sample(x, _stacked([one[label] for one in records]))
        return Sample(_stacked([one[0] for one in records]), _stacked([one[1] for one in records]))
    except (StopIteration, RuntimeError, TypeError, ValueError, IndexError, KeyError) as exc:
        raise BadInput(
            f"The {name} records cannot be put together as inputs and labels of one shape.",
            "Give (x, y) as tensors of some hundred records.",
        ) from exc


def _stacked(values: Sequence[Any]) -> Tensor:
    return torch.stack([torch.as_tensor(value) for value in values])


def _is_poisson(loader: DataLoader[Any] | None) -> bool | None:
    """Return whether batches are Poisson samples, as Opacus draws them; None when there is no loader to ask."""
    if loader is None:
        return None
    return type(loader.batch_sampler).__name__ in {
        "UniformWithReplacementSampler",
        "DistributedUniformWithReplacementSampler",
    }
