"""Which record goes into which batch, and which random numbers a model gets: all of it from one seed.

Every shadow model has generators of its own, so that its training does not depend on how many are trained beside it,
nor on a run that was cut off and went on.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor


class Batch(NamedTuple):
    """Rows of shape [models, size] into the data, and the weight of each in its model's mean loss; 0 is padding."""

    rows: Tensor
    weights: Tensor


def seed_of(*parts: int | str) -> int:
    """Return 63 bits that follow from the parts, unrelated for neighbouring ones."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator_of(*parts: int | str) -> torch.Generator:
    """Return a generator on the CPU that starts where the parts say."""
    return torch.Generator().manual_seed(seed_of(*parts))


def steps_per_epoch(n_records: int, batch_size: int) -> int:
    """Return how many batches one epoch has, the last one smaller."""
    return -(-n_records // batch_size)


def shuffled(rows: Sequence[Tensor], batch_size: int, seeds: Sequence[int], epoch: int) -> Iterator[Batch]:
    """Yield the batches of one epoch: each model visits its own rows once, in an order of its own.

    ``rows[m]`` are the records of model m; all models must have equally many batches. Where the last batches differ in
    size, the shorter ones are padded with weight 0.
    """
    orders = [
        own[torch.randperm(len(own), generator=generator_of(seed, "order", epoch))]
        for own, seed in zip(rows, seeds, strict=True)
    ]
    shortest = min(len(order) for order in orders)
    whole = torch.stack([order[: shortest - shortest % batch_size] for order in orders])
    for at in range(0, whole.shape[1], batch_size):
        yield Batch(whole[:, at : at + batch_size], torch.full((len(rows), batch_size), 1 / batch_size))
    left = [order[whole.shape[1] :] for order in orders]
    if max(len(one) for one in left):
        yield padded(left, [len(one) for one in left])


def poisson(
    rows: Sequence[Tensor], rate: float, expected: Sequence[int], generators: Sequence[torch.Generator]
) -> Batch:
    """Return one batch into which each record comes with probability ``rate``; weights are 1 / ``expected``."""
    drawn = [own[torch.rand(len(own), generator=g) < rate] for own, g in zip(rows, generators, strict=True)]
    return padded(drawn, expected)


def padded(rows: Sequence[Tensor], divisors: Sequence[int]) -> Batch:
    """Bring rows of different length to one length; what is added has weight 0."""
    longest = max(1, *(len(own) for own in rows))
    chosen = torch.zeros(len(rows), longest, dtype=torch.int64)
    weights = torch.zeros(len(rows), longest)
    for m, (own, divisor) in enumerate(zip(rows, divisors, strict=True)):
        chosen[m, : len(own)] = own
        weights[m, : len(own)] = 1 / divisor
    return Batch(chosen, weights)
