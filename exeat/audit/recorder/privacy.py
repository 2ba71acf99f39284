"""Differential privacy as it happens: noise, sampling and clipping read from Opacus while they exist."""

from __future__ import annotations

import inspect
import math
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from exeat.audit.membership import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exeat.audit.recorder.data import Split

    Phase = tuple[float, float, int]


class Privacy:
    """The optimizer of Opacus and its accountant; ``phases`` are (noise multiplier, sample rate, steps) in order."""

    def __init__(self, optimizer: Any, engine: Any, train: Split) -> None:
        self._optimizer, self._train = optimizer, train
        self.accountant = getattr(engine, "accountant", None) or _accountant_of(optimizer)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """Return what the accountant has counted so far; empty when it is not known or no step was taken."""
        history = getattr(self.accountant, "history", ())
        return tuple((float(noise), float(rate), int(steps)) for noise, rate, steps in history)

    def epsilon(self, delta: float | None) -> float | None:
        """Return epsilon spent so far by Rényi DP; None without delta, steps or noise."""
        if delta is None or not self.phases or any(noise <= 0 for noise, _, _ in self.phases):
            return None
        epsilon = spent(self.phases, delta)
        return epsilon if math.isfinite(epsilon) else None

    def claim(self, delta: float | None) -> dict[str, Any]:
        """Return ``manifest.dp`` as far as the loop knows it."""
        opacus, phases = _opacus(), self.phases
        noisy = bool(phases) and all(noise > 0 for noise, _, _ in phases)
        one = phases[0] if len(phases) == 1 else None
        epsilon = self.epsilon(delta)
        found = {
            "claimed": noisy,
            "epsilon": f"{number(epsilon):f}" if epsilon is not None else None,
            "delta": f"{number(delta):f}" if delta is not None else None,
            "mechanism": f"DP-SGD (Opacus {opacus}, {type(self._optimizer).__name__})",
            "accountant": "Rényi DP (Opacus)" if epsilon is not None else None,
            "accountant_version": opacus if epsilon is not None else None,
            "unit": "record",
            "neighbouring": "add_remove",
            "sampling": {True: "poisson", False: "shuffle", None: None}[self._train.poisson],
            "sample_rate": f"{number(one[1]):f}" if one else None,
            "noise_multiplier": f"{number(one[0]):f}" if one else None,
            "clip_norm": _clip_norm(self._optimizer),
            "steps": sum(steps for _, _, steps in phases) or None,
            "composition": [f"{n} steps, noise {noise:g}, sample rate {rate:.6g}" for noise, rate, n in phases[:20]],
            "statement": "" if noisy else "Gradients were clipped, but no noise was added: this is no protection.",
        }
        return {name: value for name, value in found.items() if value is not None}

    def safeguard(self) -> dict[str, Any]:
        """Return DP-SGD as a safeguard; clipping alone where no noise was added."""
        noisy = bool(self.phases) and all(noise > 0 for noise, _, _ in self.phases)
        parameters = {"clip_norm": _clip_norm(self._optimizer) or "per layer"}
        if noisy:
            parameters["noise_multiplier"] = f"{self.phases[-1][0]:g}"
        kind = "dp_sgd" if noisy else "gradient_clip"
        return {"id": kind.replace("_", "-"), "kind": kind, "stage": "training", "parameters": parameters}


def privacy_of(optimizer: Any, engine: Any, train: Split) -> Privacy | None:
    """Return what there is to capture; None when training is not private."""
    private = all(hasattr(optimizer, name) for name in ("noise_multiplier", "max_grad_norm", "original_optimizer"))
    return Privacy(optimizer, engine, train) if private else None


def _accountant_of(optimizer: Any) -> Any:
    """Return the accountant that the engine tied to the optimizer's steps; None when there is none to be seen."""
    hook = getattr(optimizer, "step_hook", None)
    if not inspect.isfunction(hook):
        return None
    seen = inspect.getclosurevars(hook).nonlocals.get("self")
    return seen if hasattr(seen, "history") else None


def _clip_norm(optimizer: Any) -> str | None:
    norm = getattr(optimizer, "max_grad_norm", None)
    return f"{number(float(norm)):f}" if isinstance(norm, int | float) else None


def spent(phases: tuple[Phase, ...], delta: float) -> float:
    """Return epsilon of the phases by Rényi DP, with Opacus's orders and per-step figures (Mironov et al. 2019).

    The step from Rényi DP to (epsilon, delta) is theorem 21 of Balle et al. (2020), as Opacus takes it.
    """
    total = sum(_per_step(noise, rate) * steps for noise, rate, steps in phases)
    return max(0.0, float(np.fmin.reduce(total + _offset(delta))))


@lru_cache(maxsize=8)
def _offset(delta: float) -> NDArray[np.float64]:
    orders = _orders()
    found: NDArray[np.float64] = np.log1p(-1 / orders) - (math.log(delta) + np.log(orders)) / (orders - 1)
    return found


@lru_cache(maxsize=1)
def _opacus() -> str:
    return version("opacus")


@lru_cache(maxsize=1)
def _orders() -> NDArray[np.float64]:
    from opacus.accountants import RDPAccountant  # noqa: PLC0415 only private runs have it

    return np.asarray(RDPAccountant.DEFAULT_ALPHAS, dtype=np.float64)


@lru_cache(maxsize=64)
def _per_step(noise: float, rate: float) -> NDArray[np.float64]:
    from opacus.accountants.analysis.rdp import compute_rdp  # noqa: PLC0415 only private runs have it

    return np.asarray(compute_rdp(q=rate, noise_multiplier=noise, steps=1, orders=list(_orders())), dtype=np.float64)
