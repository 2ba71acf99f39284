"""Train shadow models: in as few pieces as memory allows, each piece kept as soon as it is done."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch

from exeat.audit.shadows.alone import train_alone
from exeat.audit.shadows.cache import Cache, content_key
from exeat.audit.shadows.order import steps_per_epoch
from exeat.audit.shadows.private import train_privately
from exeat.audit.shadows.probe import probe
from exeat.audit.shadows.sizes import models_per_piece
from exeat.audit.shadows.stack import Stack
from exeat.audit.shadows.together import train_together
from exeat.audit.shadows.weights import fresh, model_seeds, stacked, state_of
from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from exeat.audit.shadows.probe import Probe
    from exeat.audit.shadows.weights import State
    from exeat.audit.target import Recipe

    Progress = Callable[[int, int], None]

CHAINS = 16
"""Plain chains trained together: more of them leave the processor's cache."""
MEMORY = 512 * 2**20
"""Bytes that the models trained together may take, estimated."""


def train_shadows(
    recipe: Recipe,
    x: Tensor,
    y: Tensor,
    inside: NDArray[np.bool_],
    *,
    seed: int,
    cache: Path | None = None,
    progress: Progress | None = None,
    device: str = "cpu",
    memory: int = MEMORY,
) -> Stack:
    """Train one model per row of ``inside`` ([models, records]) on the records that the row marks.

    Every random choice follows from ``seed``. With ``cache``, finished pieces are kept there and a run that was cut off
    goes on. ``progress(done, total)`` counts epochs of single models. Models are trained together (torch.func) where a
    probe shows that this changes nothing; otherwise one by one, and the stack says why.
    """
    _check(x, y, inside)
    found = probe(recipe, x, y, seed % 2**31)
    kept = Cache(cache, content_key(recipe, x, y, seed, device) if cache else "")
    work = _Work(recipe, (x.to(device), y.to(device)), inside, seed, kept, progress)
    pieces = _pieces(recipe, x, inside, found, memory)
    states = {m: state for piece in pieces for m, state in zip(piece, work.piece(piece, found), strict=True)}
    template = fresh(recipe.build, seed % 2**31).eval()
    return Stack(template, stacked([states[m] for m in range(len(inside))]), inside, found.reason, tuple(kept.notes))


def _check(x: Tensor, y: Tensor, inside: NDArray[np.bool_]) -> None:
    if inside.ndim != 2 or inside.shape[1] != len(x) or len(x) != len(y):  # noqa: PLR2004 models and records
        raise BadInput(
            f"The halves are marked for {inside.shape[-1]} records, but there are {len(x)} inputs and {len(y)} labels.",
            "Give one column of inside per record.",
        )
    if len(inside) == 0 or not inside.any(axis=1).all():
        raise BadInput("A shadow model has no record to train on.", "Mark records in each row of inside.")


def _pieces(recipe: Recipe, x: Tensor, inside: NDArray[np.bool_], found: Probe, memory: int) -> list[list[int]]:
    """Return which models are trained together: equally many steps (records, if coupled), and within the memory."""
    if found.reason:
        return [[m] for m in range(len(inside))]
    groups: dict[int, list[int]] = {}
    for m, n_records in enumerate(inside.sum(axis=1).tolist()):
        groups.setdefault(n_records if found.coupled else steps_per_epoch(n_records, recipe.batch_size), []).append(m)
    size = models_per_piece(recipe, x, memory)
    size = min(size, CHAINS) if found.links else size
    return [group[at : at + size] for group in groups.values() for at in range(0, len(group), size)]


@contextmanager
def _refused_batches() -> Iterator[None]:
    """Say in plain words what batch normalisation says about a batch of one record."""
    try:
        yield
    except ValueError as exc:
        if "more than 1 value per channel" not in str(exc):
            raise
        raise BadInput(
            "The last batch of an epoch holds one record, which batch normalisation cannot train on.",
            "Choose a batch size that does not leave one record over.",
        ) from exc


class _Work:
    """What all pieces share."""

    def __init__(
        self, recipe: Recipe, data: tuple[Tensor, Tensor], inside: NDArray[np.bool_], seed: int, cache: Cache,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self.recipe, self.data, self.inside, self.seed, self.cache = recipe, data, inside, seed, cache
        self.progress, self.done = progress, 0

    def piece(self, models: list[int], found: Probe) -> list[State]:
        """Return the state of each model of a piece, from the cache or trained now."""
        path = self.cache.path(models, self.inside[models])
        state = self.cache.load(path)
        if state is None:
            with _refused_batches():
                state = self._train(models, found)
            self.cache.save(path, state)
        self.done += len(models) * self.recipe.epochs
        self._tell(0)
        return [{name: tensor[i] for name, tensor in state.items()} for i in range(len(models))]

    def _train(self, models: list[int], found: Probe) -> State:
        seeds = model_seeds(self.seed, models)
        rows = [torch.from_numpy(np.flatnonzero(self.inside[m])) for m in models]
        if found.reason:
            return stacked([train_alone(self.recipe, self.data, rows[0], seeds[0], self._tell)])
        device = str(self.data[0].device)
        start = [state_of(fresh(self.recipe.build, s)) for s in seeds]
        together = found.models(fresh(self.recipe.build, seeds[0]), stacked(start), device)
        run = train_privately if self.recipe.private else train_together
        run(together, self.recipe, self.data, rows, seeds, lambda epoch: self._tell(epoch * len(models)))
        return together.state()

    def _tell(self, more: int) -> None:
        if self.progress is not None:
            self.progress(self.done + more, len(self.inside) * self.recipe.epochs)
