"""The same attacks on other kinds of data: which results depend on the confidential records, which hold without.

In a regime the attacker does not hold the true records but masked, shifted or synthetic ones; the model under attack
stays the same. Area that is lost there was owed to the exact values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from exeat.audit.target import Records, Target
    from exeat.model.manifest import Regime as Kind

SHARE, NOISE, SCALE = 0.5, 0.5, 1.1


@dataclass(frozen=True, slots=True)
class Regime:
    """Records as an attacker of another kind has them.

    ``kind`` is masked, synthetic, shifted or real, ``detail`` says in a few words how they were made. ``members[i]``
    stands for the target's member i, and likewise outside: shadow models know only the target's records, so both sides
    must be as long as the target's.
    """

    kind: Kind
    detail: str
    members: Records
    non_members: Records

    def target(self, target: Target) -> Target:
        """Return the target with the records of this regime."""
        if (len(self.members), len(self.non_members)) != (len(target.members), len(target.non_members)):
            raise BadInput(
                f"The regime {self.kind} has {len(self.members)} members and {len(self.non_members)} non-members, the "
                f"target {len(target.members)} and {len(target.non_members)}.",
                "Give one record per record of the target, in the same order.",
            )
        return replace(target, members=self.members, non_members=self.non_members)


def masked(target: Target, *, share: float = SHARE, seed: int = 0) -> Regime:
    """Return a regime in which a random share of the features is masked: set to the mean over all records."""
    import torch  # noqa: PLC0415 the caller has it already

    everything = _floating(target)
    width = everything[0].numel()
    hidden = torch.randperm(width, generator=torch.Generator().manual_seed(seed))[: round(share * width)]
    mean = everything.flatten(1).mean(dim=0)

    def mask(x: Tensor) -> Tensor:
        flat = x.flatten(1).clone()
        flat[:, hidden] = mean[hidden].to(x.dtype)
        return flat.reshape(x.shape)

    return _changed(target, "masked", f"{len(hidden)} of {width} features set to their mean (seed {seed})", mask)


def shifted(target: Target, *, noise: float = NOISE, scale: float = SCALE, seed: int = 0) -> Regime:
    """Return a regime of a changed population: features scaled about their mean and noise added, in deviations."""
    import torch  # noqa: PLC0415 the same

    everything = _floating(target)
    mean, spread = everything.mean(dim=0), everything.std(dim=0)
    generator = torch.Generator().manual_seed(seed)

    def shift(x: Tensor) -> Tensor:
        drawn = torch.randn(x.shape, generator=generator, dtype=x.dtype)
        return mean + scale * (x - mean) + noise * spread * drawn

    detail = f"features scaled by {scale:g} about their mean, noise of {noise:g} standard deviations (seed {seed})"
    return _changed(target, "shifted", detail, shift)


BUILT_IN: dict[str, Callable[..., Regime]] = {"masked": masked, "shifted": shifted}


def _floating(target: Target) -> Tensor:
    x, _ = target.everyone()
    if not x.is_floating_point():
        raise BadInput(
            "The inputs are whole numbers (tokens or codes), so they cannot be averaged or shifted.",
            "Give regimes of your own: define regimes() in the job file.",
        )
    return x


def _changed(target: Target, kind: Kind, detail: str, change: Callable[[Tensor], Tensor]) -> Regime:
    members, others = target.members, target.non_members
    return Regime(kind, detail, replace(members, x=change(members.x)), replace(others, x=change(others.x)))
