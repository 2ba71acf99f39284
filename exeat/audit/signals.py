"""What an attacker reads off one model for each record: loss, logit gap, gradient norm. torch lives here.

All functions return one float per record, higher meaning "more likely a member", on the log scale where a
fraction would saturate: a CDF that rounds to 1.0 ties the most exposed records and hides them.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from exeat.audit.shadows.chain import Link

    Signal = Callable[[nn.Module, Tensor, Tensor], "NDArray[np.float64]"]

LEAST = 1e-300
MATRIX, CLASSES = 2, 2
AT_ONCE = 256
"""Records whose gradients are held at the same time."""


@contextmanager
def still(model: nn.Module) -> Iterator[None]:
    """Ask a model as it answers, not as it trains, and leave it as it was found."""
    was = [(part, part.training) for part in model.modules()]
    if any(training for _, training in was):
        with suppress(NotImplementedError):  # a program of torch.export has no other way than its own
            model.eval()
    try:
        yield
    finally:
        for part, training in was:
            part.training = training


@torch.no_grad()
def logits_of(model: nn.Module, x: Tensor) -> Tensor:
    """Return the logits as float64 [records, classes]; refuse outputs of another kind."""
    with still(model):
        logits = model(x)
    if not isinstance(logits, torch.Tensor) or logits.dim() != MATRIX or logits.shape[1] < CLASSES:
        shape = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
        raise BadInput(
            f"The model's output is {shape}; the attacks need one logit per class and record, two classes or more.",
            "Wrap the model so that it returns logits of shape [records, classes].",
        )
    return logits.double()


def loss_signal(model: nn.Module, x: Tensor, y: Tensor) -> NDArray[np.float64]:
    """Return minus the cross-entropy of each record (Yeom et al. 2018): needs confidences only."""
    losses: NDArray[np.float64] = cross_entropy(logits_of(model, x), y, reduction="none").cpu().numpy()
    return -losses


def logit_signal(model: nn.Module, x: Tensor, y: Tensor) -> NDArray[np.float64]:
    """Return the true class's logit minus the log-sum of the others (Carlini et al. 2022): needs confidences only."""
    logits = logits_of(model, x)
    true = logits.gather(1, y[:, None])[:, 0]
    others = logits.scatter(1, y[:, None], float("-inf")).logsumexp(dim=1)
    gap: NDArray[np.float64] = (true - others).cpu().numpy()
    return gap


def gradient_signal(model: nn.Module, x: Tensor, y: Tensor) -> NDArray[np.float64]:
    """Return minus the log norm of each record's loss gradient over all weights (Nasr et al. 2019): white-box."""
    from exeat.audit.shadows.chain import links_of  # noqa: PLC0415 shadow models read signals

    links = links_of(model)
    norms = _chain_norms(links, model, x, y) if links else _norms(model, x, y)
    values: NDArray[np.float64] = -norms.clamp_min(LEAST).log().cpu().numpy()
    return values


@torch.no_grad()
def _chain_norms(links: tuple[Link, ...], model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    from exeat.audit.shadows.chain import Chain  # noqa: PLC0415 see gradient_signal

    chain = Chain(links, {name: p.detach().double()[None] for name, p in model.named_parameters()}, str(x.device))
    return chain.norms(chain.pairs(chain.inputs_of(x.double())[None], y[None], torch.ones(1, len(y)).to(x.device)))[0]


def _norms(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    weights = {name: parameter.detach().double() for name, parameter in model.named_parameters()}
    fixed = {name: b.double() if b.is_floating_point() else b for name, b in model.named_buffers()}

    def loss(parameters: dict[str, Tensor], one: Tensor, label: Tensor) -> Tensor:
        return cross_entropy(functional_call(model, parameters | fixed, (one[None],)), label[None])

    def norm(one: Tensor, label: Tensor) -> Tensor:
        gradients = grad(loss)(weights, one, label)
        return torch.stack([g.square().sum() for g in gradients.values()]).sum().sqrt()

    inputs = x.double() if x.is_floating_point() else x
    with still(model):
        norms: Tensor = vmap(norm, chunk_size=AT_ONCE)(inputs, y)
    return norms


def shadow_halves(n_records: int, n_shadows: int, seed: int) -> NDArray[np.bool_]:
    """Return which half of the records each shadow model trains on; every record is left out about half the time."""
    rng = np.random.default_rng(seed)
    inside = np.zeros((n_shadows, n_records), dtype=bool)
    for pair in range(0, n_shadows, 2):
        first = rng.permutation(n_records) < n_records // 2
        inside[pair] = first
        if pair + 1 < n_shadows:
            inside[pair + 1] = ~first
    return inside
