"""Many small language models at once, with secrets that were inserted and secrets that never were."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.func import vmap
from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    Weights = dict[str, Tensor]

DIGITS, LETTERS, HEAD, SECRET, WINDOW = 10, 16, 8, 6, 5
VOCABULARY = DIGITS + LETTERS + 1
REFERENCES = 63
CHUNK = 50


class Scored(NamedTuple):
    """Log-likelihoods of secrets [models · secrets] beside those of their own references [models · secrets, n]."""

    inserted: NDArray[np.float64]
    inserted_references: NDArray[np.float64]
    never: NDArray[np.float64]
    never_references: NDArray[np.float64]


def scored(models: int, *, secrets: int = 5, repeats: int = 4, epochs: int = 60, seed: int = 0) -> Scored:
    """Train models on ordinary lines and ``secrets`` lines ``repeats`` times each; score these and as many others."""
    parts = [
        _chunk(min(CHUNK, models - first), secrets, repeats, epochs, seed + first) for first in range(0, models, CHUNK)
    ]
    return Scored(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _chunk(models: int, secrets: int, repeats: int, epochs: int, seed: int) -> Scored:
    rng = np.random.default_rng(seed)
    planted, absent = _secret_lines(rng, (models, secrets)), _secret_lines(rng, (models, secrets))
    text = torch.cat([_other_lines(rng, (models, 40)), planted.repeat(1, repeats, 1)], dim=1)
    weights = _train(text, epochs, seed)
    found = []
    for lines in (planted, absent):
        others = _secret_lines(rng, (models, secrets * REFERENCES))
        found += [
            _log_likelihoods(weights, lines).reshape(-1),
            _log_likelihoods(weights, others).reshape(-1, REFERENCES),
        ]
    return Scored(*found)


def _secret_lines(rng: np.random.Generator, shape: tuple[int, int]) -> Tensor:
    """Return lines of one form: a fixed head of letters, then random digits."""
    head = np.broadcast_to(np.arange(DIGITS, DIGITS + HEAD), (*shape, HEAD))
    return torch.from_numpy(np.concatenate([head, rng.integers(0, DIGITS, (*shape, SECRET))], axis=-1))


def _other_lines(rng: np.random.Generator, shape: tuple[int, int]) -> Tensor:
    """Return lines with structure to learn: letters in order from anywhere, and digits that count up."""
    letters = DIGITS + (rng.integers(0, LETTERS, (*shape, 1)) + np.arange(HEAD)) % LETTERS
    digits = (rng.integers(0, DIGITS, (*shape, 1)) + np.arange(SECRET)) % DIGITS
    return torch.from_numpy(np.concatenate([letters, digits], axis=-1))


def _windows(lines: Tensor) -> tuple[Tensor, Tensor]:
    """Return the WINDOW tokens before each token [..., length, WINDOW] and the tokens; an own token fills the start."""
    start = lines.new_full((*lines.shape[:-1], WINDOW), VOCABULARY - 1)
    return torch.cat([start, lines], dim=-1).unfold(-1, WINDOW, 1)[..., :-1, :], lines


def _logits(w: Weights, context: Tensor) -> Tensor:
    embedded = w["e"][context].flatten(-2)
    return torch.tanh(embedded @ w["w"] + w["b"]) @ w["v"] + w["c"]


def _train(text: Tensor, epochs: int, seed: int) -> Weights:
    draw = torch.Generator().manual_seed(seed)
    shapes = {"e": (VOCABULARY, 8), "w": (8 * WINDOW, 48), "b": (48,), "v": (48, VOCABULARY), "c": (VOCABULARY,)}
    models = len(text)
    weights = {
        name: (torch.randn(models, *shape, generator=draw) * 0.3).requires_grad_() for name, shape in shapes.items()
    }
    optimizer = torch.optim.Adam(weights.values(), lr=0.02)
    context, target = (part.flatten(1, 2) for part in _windows(text))
    for _ in range(epochs):
        loss = cross_entropy(vmap(_logits)(weights, context).flatten(0, 1), target.flatten(), reduction="sum")
        optimizer.zero_grad()
        (loss / target.shape[1]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return {name: one.detach() for name, one in weights.items()}


def _log_likelihoods(weights: Weights, lines: Tensor) -> NDArray[np.float64]:
    """Return the log-probability of the secret digits of each line, [models, lines]."""
    context, target = _windows(lines)
    logits = vmap(_logits)(weights, context[..., HEAD:, :]).double().log_softmax(dim=-1)
    total: NDArray[np.float64] = logits.gather(-1, target[..., HEAD:, None])[..., 0].sum(dim=-1).numpy()
    return total
