"""What a protection is: a change of a copy or of what it answers, and what a receiver of that form gets."""

from __future__ import annotations

import copy
import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from exeat.audit.target import Recipe
    from exeat.model.risk_report import PilotKind


class ProtectionFailed(Exception):
    """A protection could not be applied, or broke the copy; the study keeps the reason and goes on."""


@dataclass(frozen=True, slots=True)
class Trainable:
    """What a protection may use beside the model: the records that this model was trained on, and its recipe.

    ``transfer`` are inputs of records that the model was not trained on, for protections that need some.
    """

    x: Tensor
    y: Tensor
    recipe: Recipe
    transfer: Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection(ABC):
    """One protection; ``protect`` never changes the model that it is given.

    The same protection is applied to the target and, for an adversary who knows it, to every shadow model.
    """

    kind: ClassVar[PilotKind]
    title: ClassVar[str]
    limits: ClassVar[str] = ""
    access: ClassVar[Access] = Access.WHITE_BOX
    needs_transfer: ClassVar[bool] = False

    @abstractmethod
    def protect(self, model: nn.Module, data: Trainable, seed: int) -> nn.Module:
        """Return a protected copy; raise ProtectionFailed with the reason where that is not possible."""

    @property
    def pilot_id(self) -> str:
        """Return the kind with what differs from its usual settings, as a document id: ``pruning-share-0.8``."""
        usual = {field.name: field.default for field in fields(self)}
        told = [f"{name}-{self.parameters[name]}" for name, value in usual.items() if getattr(self, name) != value]
        return "-".join([self.kind, *told]).replace("_", "-").replace("+", "").lower()[:80].rstrip("-.")

    @property
    def parameters(self) -> dict[str, str]:
        """Return the settings as texts; those left to be chosen by the study are left out."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in values if value}

    def facts(self, data: Trainable) -> Mapping[str, str]:  # noqa: ARG002 most protections know nothing more
        """Return what only the data tell of the protection as applied, such as the epsilon of its steps."""
        return {}

    def trainings(self, recipe: Recipe) -> float:  # noqa: ARG002 most protections train nothing
        """Return the cost for one model in units of one training."""
        return 0.0

    @property
    def changes_weights(self) -> bool:
        """Return whether the copy has weights of its own; otherwise only its answers change."""
        return self.access is Access.WHITE_BOX


def clone(model: nn.Module) -> nn.Module:
    """Return a copy in evaluation mode that shares no tensor with the model."""
    return copy.deepcopy(model).eval()


def generator(seed: int) -> torch.Generator:
    """Return a random source of its own, so that no other part of the program moves it."""
    return torch.Generator().manual_seed(seed)


def seed_for(seed: int, *names: object) -> int:
    """Return a seed that follows from the study's seed and a name, whatever else is in the list of protections."""
    text = ":".join(str(name) for name in (seed, *names)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:7], "big")


def state_digest(model: nn.Module) -> str:
    """Return the SHA-256 over names, shapes and bytes of a model's state."""
    found = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        found.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
        found.update(tensor.detach().contiguous().cpu().flatten().view(torch.uint8).numpy().tobytes())
    return f"sha256:{found.hexdigest()}"


def check_usable(model: nn.Module, x: Tensor) -> None:
    """Raise ProtectionFailed when a weight or an answer is not a finite number."""
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ProtectionFailed(f"after the protection {name} holds numbers that are not finite")
    with torch.no_grad():
        answers: Any = model(x)
    if not bool(torch.isfinite(answers).all()):
        raise ProtectionFailed("the protected copy answers with numbers that are not finite")
