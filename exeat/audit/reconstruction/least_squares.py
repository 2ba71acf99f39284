"""Many small nonlinear least-squares problems at once (Levenberg 1944, Marquardt 1963)."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch.func import jacfwd, jvp, vmap

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Residual = Callable[..., Tensor]

MAX_ENTRIES = 10**7
"""Largest stack of Jacobians held at once, in numbers (80 MB)."""
_DAMPING = 1e-2
_EASIER, _HARDER = 0.2, 4.0
_TINY = 1e-14


def minimise(residual: Residual, start: Tensor, given: tuple[Tensor, ...], *, width: int, steps: int) -> Tensor:
    """Return where each problem's squared residual is least, [n, k], from ``start`` [n, k].

    ``residual(free, *given)`` maps [k] and one entry of each given tensor to [width]; it is vmapped and differentiated.
    """
    load_forward_mode()
    size = max(1, MAX_ENTRIES // max(width * start.shape[1], 1))
    parts = [slice(at, at + size) for at in range(0, len(start), size)]
    return torch.cat([_solve(residual, start[part], tuple(g[part] for g in given), steps) for part in parts])


@lru_cache(maxsize=1)
def load_forward_mode() -> None:
    """Let torch load its forward-mode rules, which it does with a deprecation warning about itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        jvp(torch.sin, (torch.zeros(1),), (torch.ones(1),))


def _solve(residual: Residual, free: Tensor, given: tuple[Tensor, ...], steps: int) -> Tensor:
    value = vmap(residual)
    slope = vmap(jacfwd(residual))
    damping = torch.full((len(free),), _DAMPING, dtype=free.dtype)
    left = value(free, *given)
    for _ in range(steps):
        jacobian = slope(free, *given)
        tried = free - _step(jacobian, left, damping)
        after = value(tried, *given)
        better = after.square().sum(dim=1) < left.square().sum(dim=1)
        free = torch.where(better[:, None], tried, free)
        left = torch.where(better[:, None], after, left)
        damping = damping * torch.where(better, _EASIER, _HARDER).to(free.dtype)
        damping = damping.clamp(_TINY, 1 / _TINY)
    return free


def _step(jacobian: Tensor, left: Tensor, damping: Tensor) -> Tensor:
    normal = jacobian.transpose(1, 2) @ jacobian
    scale = normal.diagonal(dim1=1, dim2=2)
    ridge = damping[:, None] * scale + _TINY * scale.amax(dim=1, keepdim=True) + torch.finfo(left.dtype).tiny
    right = jacobian.transpose(1, 2) @ left[:, :, None]
    solved, info = torch.linalg.solve_ex(normal + torch.diag_embed(ridge), right)
    found: Tensor = torch.where((info == 0)[:, None], solved[:, :, 0].nan_to_num(0.0), 0.0)
    return found
