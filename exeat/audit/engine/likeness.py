"""Are the shadow models like the target? Attacks with others are weaker, and finding little with them proves little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from exeat.audit.shadows import Stack
    from exeat.audit.target import Recipe, Target

UNEVEN = 1.5
"""How much larger or smaller the shadow models' halves may be than the members without a word about it."""
APART = 0.1
"""Difference of shares from which the recipe is said not to be how the target was trained."""
PROBE = 2


def check_recipe(target: Target, recipe: Recipe) -> list[str]:
    """Refuse a recipe whose models do not answer as the target does; say where they are of another shape."""
    import torch  # noqa: PLC0415

    from exeat.audit.shadows.weights import fresh  # noqa: PLC0415 torch
    from exeat.audit.signals import still  # noqa: PLC0415 torch

    x = target.members.x[:PROBE]
    model = fresh(recipe.build, 0)
    try:
        with torch.no_grad(), still(model), still(target.model):
            made, wanted = model(x).shape, target.model(x).shape
    except Exception as exc:
        said = (str(exc).strip().splitlines() or [""])[0][:200]
        raise BadInput(
            f"The recipe's model does not take the target's inputs: {type(exc).__name__}: {said}",
            "Let build return the target's architecture, untrained.",
        ) from exc
    if made != wanted:
        raise BadInput(
            f"The recipe's model answers with shape {list(made)}, the target with {list(wanted)}.",
            "Let build return the target's architecture, untrained.",
        )
    if _shapes(model) == _shapes(target.model):
        return []
    return ["The recipe builds another architecture than the target's, so the attacks are weaker than they could be."]


def _shapes(model: nn.Module) -> list[tuple[int, ...]]:
    return sorted(tuple(parameter.shape) for parameter in model.parameters())


def about_shadows(target: Target, stack: Stack | None) -> list[str]:
    """Say how many shadow models there are, how they were trained, and whether they are like the target."""
    if stack is None:
        return ["No shadow models: the attacks are weak ones, and finding little with them proves little."]
    how = f"one by one, since {stack.reason}" if stack.reason else "together"
    trained = int(stack.inside[0].sum())
    notes = [f"{len(stack)} shadow models, trained {how}, each on {trained} of {stack.inside.shape[1]} records."]
    if not 1 / UNEVEN <= trained / len(target.members) <= UNEVEN:
        notes.append(
            f"The shadow models learn from {trained} records, the target from {len(target.members)}: they are not much "
            "like it, and the attacks weaker than they could be. Equally many members and non-members are best."
        )
    return [*notes, *_as_sure(target, stack), *stack.notes]


def _as_sure(target: Target, stack: Stack) -> list[str]:
    """Compare how often target and shadow models are more than half sure of the right class."""
    x, y = target.everyone()
    first = stack.first(min(len(stack), 8))
    theirs = first.signal("logit", x, y) > 0
    mine = _sure(target)
    inside = first.inside
    n_in = len(target.members)
    pairs = ((mine[:n_in].mean(), theirs[inside].mean()), (mine[n_in:].mean(), theirs[~inside].mean()))
    (own, like), (own_out, like_out) = pairs
    said = (
        f"Share of records of whose class a model is more than half sure, rightly: target {own:.3f} in training and "
        f"{own_out:.3f} outside, shadow models {like:.3f} and {like_out:.3f}."
    )
    if max(abs(a - b) for a, b in pairs) <= APART:
        return [said]
    return [f"{said} The recipe is not how the target was trained, so the attacks are weaker than they could be."]


def _sure(target: Target) -> NDArray[np.bool_]:
    from exeat.audit.signals import logit_signal  # noqa: PLC0415 torch

    x, y = target.everyone()
    found: NDArray[np.bool_] = logit_signal(target.model, x, y) > 0
    return found
