"""What is audited: a model, the records it was and was not trained on, and how to train one like it.

torch is imported by whoever builds one of these; nothing here runs a model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    Build = Callable[[], nn.Module]
    Train = Callable[[Tensor, Tensor, int], nn.Module]

OptimizerName = Literal["sgd", "adam", "adamw"]


@dataclass(frozen=True, slots=True)
class Records:
    """Inputs ``x`` of shape [n, ...], class numbers ``y`` of shape [n], and masks of shape [n] that name subgroups."""

    x: Tensor
    y: Tensor
    groups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise BadInput(f"There are {len(self.x)} inputs and {len(self.y)} labels.", "Give one label per input.")
        for name, mask in self.groups.items():
            if len(mask) != len(self.y):
                raise BadInput(
                    f"The subgroup {name} marks {len(mask)} records of {len(self.y)}.", "Give one mark per record."
                )

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, slots=True)
class Target:
    """One checkpoint under attack; ``component_sha256`` are the digests of its files, to which the report is bound."""

    model: nn.Module
    members: Records
    non_members: Records
    checkpoint_id: str
    component_sha256: tuple[str, ...]

    def everyone(self) -> tuple[Tensor, Tensor]:
        """Return inputs and labels of the members, then of the non-members."""
        import torch  # noqa: PLC0415 the caller has it already

        return torch.cat([self.members.x, self.non_members.x]), torch.cat([self.members.y, self.non_members.y])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to train one model like the target, on other records.

    With ``train`` left out, the engine trains all shadow models together from these numbers (cross-entropy, shuffled
    batches without replacement, the last one smaller). ``build`` returns a fresh module whose initial weights come
    from torch's global generator. ``train(x, y, seed)`` replaces all of that by code of your own, one model at a time.
    ``noise_multiplier`` and ``clip_norm`` (both or neither) make it DP-SGD with Poisson batches.
    """

    build: Build
    epochs: int
    batch_size: int
    learning_rate: float
    optimizer: OptimizerName = "sgd"
    momentum: float = 0.0
    weight_decay: float = 0.0
    noise_multiplier: float | None = None
    clip_norm: float | None = None
    train: Train | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 1 or self.learning_rate <= 0:
            raise BadInput(
                "A recipe needs at least one epoch, one record per batch and a positive rate.", "Correct it."
            )
        if (self.noise_multiplier is None) != (self.clip_norm is None):
            raise BadInput("Noise and clipping belong together.", "Give noise_multiplier and clip_norm, or neither.")

    @property
    def private(self) -> bool:
        """Return whether it trains with DP-SGD."""
        return self.noise_multiplier is not None
