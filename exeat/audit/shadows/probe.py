"""Can these models be trained together? Asked of the models themselves, by one step both ways on a few records."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn.functional import cross_entropy

from exeat.audit.raised import fit_for_report
from exeat.audit.shadows.chain import Chain, Link, links_of
from exeat.audit.shadows.together import gradients_of
from exeat.audit.shadows.weights import Together, fresh, stacked, state_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from exeat.audit.shadows.weights import State
    from exeat.audit.target import Recipe

RECORDS = 4
TOLERANCE = 1e-4


class Probe(NamedTuple):
    """``reason`` says why models are trained one by one ("" when together).

    ``coupled``: a record's output in training may depend on the others of its batch, so batches are never padded.
    ``links`` are the layers of a plain chain, for which there is a faster way.
    """

    reason: str
    coupled: bool
    links: tuple[Link, ...] | None = None

    def models(self, template: nn.Module, state: State, device: str) -> Together | Chain:
        """Return the models in the form in which they are trained."""
        return Chain(self.links, state, device) if self.links else Together(template.train(), state, device)


def probe(recipe: Recipe, x: Tensor, y: Tensor, seed: int) -> Probe:
    """Return whether and why not; a step of two stacked models is compared with a step of each alone."""
    if recipe.train is not None:
        return Probe("the recipe trains each model by code of its own", coupled=True)
    models = [fresh(recipe.build, seed + i).train() for i in range(2)]
    x, y = x[:RECORDS].cpu(), y[:RECORDS].cpu()
    with torch.random.fork_rng(devices=[]):
        if _is_random(models[0], x):
            return Probe(_refusal(models, None, x, y, compare=False), coupled=True)
        links = links_of(models[0])
        if links and not _refusal(models, links, x, y, compare=True):
            return Probe("", coupled=False, links=links)
        return Probe(_refusal(models, None, x, y, compare=True), coupled=_is_coupled(models[0], x))


@torch.no_grad()
def _is_random(model: nn.Module, x: Tensor) -> bool:
    first, second = copy.deepcopy(model), copy.deepcopy(model)
    return not torch.equal(first(x), second(x))


@torch.no_grad()
def _is_coupled(model: nn.Module, x: Tensor) -> bool:
    if any(True for _ in model.buffers()) or len(x) < RECORDS:
        return True
    return not torch.allclose(model(x)[:2], model(x[:2]), atol=TOLERANCE)


def _refusal(models: list[nn.Module], links: tuple[Link, ...] | None, x: Tensor, y: Tensor, *, compare: bool) -> str:
    """Return why a stacked step fails or differs, "" when it does neither."""
    form = Probe("", coupled=False, links=links)
    try:
        states = stacked([state_of(model) for model in models])
        found = _stacked_step(form.models(copy.deepcopy(models[0]), states, "cpu"), x, y)
    except Exception as exc:  # noqa: BLE001 whatever vmap refuses is a reason to train one by one
        return f"the models cannot be stacked: {fit_for_report(exc)}"
    if not compare:
        return ""
    alone = stacked([_single_step(model, x, y) for model in models])
    same = all(torch.allclose(found[name], alone[name], atol=TOLERANCE, rtol=TOLERANCE) for name in alone)
    return "" if same else "a step of stacked models differs from a step of each alone"


def _stacked_step(models: Together | Chain, x: Tensor, y: Tensor) -> State:
    """Return gradients and buffers after one step of two models on the same records."""
    both, labels = torch.stack([models.inputs_of(x)] * 2), torch.stack([y, y])
    gradients = gradients_of(models, both, labels, torch.full(labels.shape, 1 / len(y)))
    return models.named(gradients) | ({} if isinstance(models, Chain) else models.buffers)


def _single_step(model: nn.Module, x: Tensor, y: Tensor) -> State:
    weights = {name: p for name, p in model.named_parameters() if p.requires_grad}
    gradients = torch.autograd.grad(cross_entropy(model(x), y), list(weights.values()))
    buffers = {name: buffer.detach() for name, buffer in model.named_buffers()}
    return dict(zip(weights, gradients, strict=True)) | buffers
