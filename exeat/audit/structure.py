"""Structural risks: what the shape of a model gives away before anybody attacks it.

``measure(target, cells=None, shares=None, parameters=None, limit=10) -> list[Indicator]``

* ``struct.dof``: members minus free parameters below the floor of ACRO and SACRO-ML.
* ``struct.k_anonymity``, ``struct.smallgroup``, ``struct.class_disclosure``, ``struct.low_values``: ``cells`` is the
  leaf, rule or prototype [n] of each member (``nearest_prototype`` assigns it). Smooth outputs have no cells: there
  these are not applicable, except class disclosure, which ``shares`` [n, classes] of the members can show.
* ``struct.instance_based``, ``struct.stored_fraction``: training rows that stand in a tensor of the state_dict.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from exeat.audit.membership import LEVEL, number
from exeat.errors import BadInput
from exeat.model.risk_report import Adversary, Indicator
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from exeat.audit.target import Target

    Array = NDArray[np.float64]

DOF_FLOOR = 10
"""Residual degrees of freedom below which ACRO and SACRO-ML call a model at risk."""
LIMIT = 10
"""Smallest group of people that is no small group."""
MAX_OFFSETS = 8
_CHUNK = 2 * 10**7
_ULPS = 4
_SMOOTH = (
    "the output is a smooth function of continuous inputs: every record is its own group by construction, so counting "
    "groups says nothing about this model"
)
_ADVERSARY = Adversary(access=Access.WHITE_BOX, knowledge=("training data",))


def measure(
    target: Target,
    *,
    cells: NDArray[np.int64] | None = None,
    shares: Array | None = None,
    parameters: int | None = None,
    limit: int = LIMIT,
) -> list[Indicator]:
    """Return the structural indicators; ``parameters`` defaults to the number of trainable weights."""
    labels = target.members.y.numpy()
    if parameters is None:
        parameters = sum(p.numel() for p in target.model.parameters())
    found = [degrees_of_freedom(parameters, len(labels))]
    found += _smooth(shares, len(labels)) if cells is None else groups(cells, labels, limit=limit)
    return found + stored_records(target.model.state_dict(), target.members.x, target.non_members.x)


def degrees_of_freedom(parameters: int, members: int) -> Indicator:
    """Return the flag of too few residual degrees of freedom: members minus parameters."""
    left = members - parameters
    return _flag(
        "struct.dof", left < DOF_FLOOR, f"residual degrees of freedom, floor {DOF_FLOOR}", members,
        f"{members} members minus {parameters} parameters = {left}",
    )  # fmt: skip


def groups(cells: NDArray[np.int64], labels: NDArray[np.int64], *, limit: int = LIMIT) -> list[Indicator]:
    """Return smallest cell, small cells, cells of one class, and classes of few people within a cell."""
    if len(cells) != len(labels) or not len(cells):
        raise BadInput(f"{len(cells)} cells for {len(labels)} members.", "Give the cell of each member.")
    counts = _table(cells, labels)
    sizes, n = counts.sum(axis=1), len(labels)
    smallest, small = int(sizes.min()), int((sizes < limit).sum())
    pure = int(((counts > 0).sum(axis=1) == 1).sum()) if counts.shape[1] > 1 else 0
    few = int(((counts > 0) & (counts < limit)).sum())
    people = int(sizes[sizes < limit].sum())
    return [
        Indicator(
            indicator_id="struct.k_anonymity", status="measured", value=Decimal(smallest), unit="records",
            direction="lower_is_worse", n_in=n, method="members of the smallest leaf, rule or prototype",
            adversary=_ADVERSARY, split="train", bound_note=f"{len(sizes)} cells over {n} members; a complete count",
        ),
        _flag("struct.smallgroup", small > 0, f"cells of fewer than {limit} members", n,
              f"{small} of {len(sizes)} cells, {people} members"),
        _flag("struct.class_disclosure", pure > 0, "cells whose members all have one class", n,
              f"{pure} of {len(sizes)} cells"),
        _flag("struct.low_values", few > 0, f"classes of 1 to {limit - 1} members within a cell", n,
              f"{few} of {int((counts > 0).sum())} counts"),
    ]  # fmt: skip


def _table(cells: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    _, cell = np.unique(cells, return_inverse=True)
    _, label = np.unique(labels, return_inverse=True)
    counts = np.zeros((int(cell.max()) + 1, int(label.max()) + 1), dtype=np.int64)
    np.add.at(counts, (cell, label), 1)
    return counts


def nearest_prototype(x: Tensor, prototypes: Tensor) -> NDArray[np.int64]:
    """Return for each input [n, ...] the number of the nearest of the prototypes [k, ...]."""
    found: NDArray[np.int64] = torch.cdist(x.flatten(1).double(), prototypes.flatten(1).double()).argmin(dim=1).numpy()
    return found


def _smooth(shares: Array | None, n: int) -> list[Indicator]:
    names = ["struct.k_anonymity", "struct.smallgroup", "struct.low_values"]
    method, found = "groups of equal output", []
    if shares is None:
        names.append("struct.class_disclosure")
    else:
        zero = int(np.isclose(shares, 0.0, atol=1e-12).any(axis=1).sum())
        found = [_flag("struct.class_disclosure", zero > 0, "a predicted share of zero on a member", n,
                       f"{zero} of {n} members")]  # fmt: skip
    return found + [
        Indicator(
            indicator_id=name, status="not_applicable", reason=_SMOOTH, unit="flag", method=method,
            adversary=_ADVERSARY, split="train",
        ) for name in names
    ]  # fmt: skip


def stored_records(state: Mapping[str, Tensor], members: Tensor, others: Tensor) -> list[Indicator]:
    """Return the share of members whose row stands in some tensor, and whether that makes the model instance-based.

    A row counts where it agrees to rounding with a row or a column of a tensor: as given, centred and scaled
    by the members' mean and spread, or scaled to length one. Rows that never vary are left out; they occur by chance.
    Non-members found the same way are the rate of chance.
    """
    rows, outside = _rows(members), _rows(others)
    telling, chance = rows.std(dim=1) > 0, outside.std(dim=1) > 0
    forms = _forms(rows)
    inside, beyond = torch.zeros(len(rows), dtype=torch.bool), torch.zeros(len(outside), dtype=torch.bool)
    where: dict[str, int] = {}
    for name, tensor in state.items():
        hits, by_chance = _in_tensor(tensor, [(f(rows), f(outside)) for f in forms])
        if int((hits & telling).sum()):
            where[name] = int((hits & telling).sum())
        inside |= hits & telling
        beyond |= by_chance & chance
    return _stored(int(inside.sum()), int(telling.sum()), int(beyond.sum()), int(chance.sum()), where)


def _stored(hits: int, n: int, by_chance: int, n_out: int, where: dict[str, int]) -> list[Indicator]:
    if n == 0:
        reason = "no member has a row that varies, so finding it in a tensor would mean nothing"
        return [
            Indicator(
                indicator_id=name, status="not_measured", reason=reason, unit=unit, method="search of the tensors",
                adversary=_ADVERSARY, split="train",
            )
            for name, unit in (("struct.instance_based", "flag"), ("struct.stored_fraction", "fraction"))
        ]  # fmt: skip
    share, other = hits / n, by_chance / n_out if n_out else 0.0
    note = f"{hits} of {n} members and {by_chance} of {n_out} non-members stand in the tensors"
    places = ", ".join(f"{name} ({count})" for name, count in sorted(where.items(), key=lambda item: -item[1])[:5])
    note += f": {places}" if places else ""
    value = number(share)
    return [
        _flag("struct.instance_based", share > other, "training rows found in the tensors", n, note),
        Indicator(
            indicator_id="struct.stored_fraction", status="measured", value=value, unit="fraction", ci_low=value,
            ci_high=value, ci_level=LEVEL, ci_method="exact", n_in=n, n_out=n_out, n_events=hits,
            method="training rows found in the tensors", adversary=_ADVERSARY, split="train",
            baseline_value=number(other), bound_note=f"a complete count; {note}",
        ),
    ]  # fmt: skip


def _rows(x: Tensor) -> Tensor:
    return x.detach().double().flatten(1)


def _forms(rows: Tensor) -> list[Any]:
    mean, spread = rows.mean(dim=0), rows.std(dim=0, unbiased=False)
    spread = torch.where(spread > 0, spread, torch.ones_like(spread))
    return [
        lambda r: r,
        lambda r: (r - mean) / spread,
        lambda r: r / r.norm(dim=1, keepdim=True).clamp_min(1e-30),
    ]


def _in_tensor(tensor: Tensor, forms: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return which members and which non-members stand in the tensor."""
    members, others = forms[0]
    found = torch.zeros(len(members), dtype=torch.bool), torch.zeros(len(others), dtype=torch.bool)
    if not tensor.is_floating_point():
        return found
    slack = _ULPS * torch.finfo(tensor.dtype).eps
    for view in _views(tensor.detach().double().cpu(), members.shape[1]):
        for inside, outside in forms:
            found[0].logical_or_(_near(inside, view, slack))
            found[1].logical_or_(_near(outside, view, slack))
    return found


def _views(tensor: Tensor, width: int) -> list[Tensor]:
    """Return the readings of a tensor as rows of ``width``: whole, transposed, and beside a few other columns."""
    views = [tensor.reshape(-1, width)] if tensor.numel() and tensor.numel() % width == 0 else []
    if tensor.dim() == 2:  # noqa: PLR2004 a matrix
        height, across = tensor.shape
        if height == width:
            views.append(tensor.T)
        views += [tensor[:, at : at + width] for at in range(min(across - width + 1, MAX_OFFSETS)) if across > width]
    return views


def _near(rows: Tensor, view: Tensor, slack: float) -> Tensor:
    """Return which rows agree with one of the view to rounding, relative to their own length."""
    size = max(1, _CHUNK // max(len(view), 1))
    parts = []
    for part in torch.split(rows, size):
        apart = torch.cdist(part, view, compute_mode="donot_use_mm_for_euclid_dist").amin(dim=1)
        parts.append(apart <= slack * part.norm(dim=1))
    return torch.cat(parts)


def _flag(name: str, found: bool, method: str, n: int, note: str) -> Indicator:
    return Indicator(
        indicator_id=name, status="measured", value=Decimal(int(found)), unit="flag", n_in=n, method=method,
        adversary=_ADVERSARY, split="train", bound_note=note,
    )  # fmt: skip
