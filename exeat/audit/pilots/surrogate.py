"""A surrogate by distillation: a smaller student learns the teacher's answers on inputs that are nobody's in training.

Source: Hinton, Vinyals and Dean (2015). The student never sees a member's record, only what the teacher says of other
inputs; what the teacher learned by heart can still show in those answers, so the student is attacked for the
teacher's members.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import nn
from torch.nn.functional import kl_div, log_softmax, softmax

from exeat.audit.pilots.protection import Protection, ProtectionFailed, Trainable
from exeat.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor

    from exeat.audit.target import Recipe
    from exeat.model.risk_report import PilotKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrogate(Protection):
    """A fresh network with one hidden layer of ``width`` units, trained on the teacher's soft labels.

    Inputs are half of the non-members; agreement, accuracy and attacks stand on the other half. ``temperature``
    softens both sides.
    """

    width: int = 8
    epochs: int = 200
    learning_rate: float = 0.01
    temperature: float = 2.0
    kind: ClassVar[PilotKind] = "surrogate"
    title: ClassVar[str] = "smaller student of the model's answers"
    needs_transfer: ClassVar[bool] = True
    limits: ClassVar[str] = (
        "Agrees with the original only as often as the approximation says, and only on inputs like those it was "
        "tested on; no statement about rare inputs. Not private by construction: the teacher's answers carry what it "
        "learned of its members."
    )

    def __post_init__(self) -> None:
        if min(self.width, self.epochs) < 1 or self.learning_rate <= 0 or self.temperature <= 0:
            raise BadInput(
                "A student needs a width, epochs, a rate of learning and a temperature above zero.", "Correct them."
            )

    def trainings(self, recipe: Recipe) -> float:
        """Return the cost for one model in units of one training."""
        return self.epochs / recipe.epochs

    def protect(self, model: nn.Module, data: Trainable, seed: int) -> nn.Module:
        """Return a student of the model."""
        if data.transfer is None or not data.transfer.is_floating_point():
            raise ProtectionFailed("the student here learns from inputs that are real numbers; these are not")
        with torch.no_grad():
            taught = softmax(model(data.transfer) / self.temperature, dim=1)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            student = Student(data.transfer[0].numel(), self.width, taught.shape[1])
        self._learn(student, data.transfer, taught)
        return student.eval()

    def _learn(self, student: nn.Module, x: Tensor, taught: Tensor) -> None:
        """Change the student in place: whole passes over all inputs, so that no order has to be drawn."""
        optimizer = torch.optim.Adam(student.parameters(), lr=self.learning_rate)
        for _ in range(self.epochs):
            optimizer.zero_grad()
            said = log_softmax(student(x) / self.temperature, dim=1)
            loss = kl_div(said, taught, reduction="batchmean") * self.temperature**2
            loss.backward()  # type: ignore[no-untyped-call]  # torch says nothing of its type
            optimizer.step()


class Student(nn.Module):
    """Inputs flattened, one hidden layer, tanh."""

    def __init__(self, inputs: int, width: int, classes: int) -> None:
        super().__init__()
        layers = [layer for a, b in pairwise((inputs, width, classes)) for layer in (nn.Linear(a, b), nn.Tanh())]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        answer: Tensor = self.layers(x.flatten(1))
        return answer
