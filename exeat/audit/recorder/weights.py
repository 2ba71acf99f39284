"""Weights of single epochs as safetensors: written while training, thinned to those that may still be chosen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from safetensors.torch import load, save

from exeat.audit.recorder.journal import write_atomically
from exeat.audit.recorder.recommend import utility
from exeat.errors import BadInput
from exeat.model.base import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from exeat.audit.recorder.recommend import Look

Keep = Literal["best", "all"] | int
EPOCHS = "epochs"
_NAME = re.compile(r"epoch-(\d{6})\.safetensors")


class Weights:
    """The folder of weights per epoch; only files that it named itself are ever deleted.

    ``keep``: ``"best"`` keeps, while training goes on, each epoch that no other beats in both utility and exposure;
    a number keeps at most so many of these; ``"all"`` deletes nothing. The newest is always kept.
    """

    def __init__(self, folder: Path, keep: Keep) -> None:
        if not (keep in ("best", "all") or (isinstance(keep, int) and not isinstance(keep, bool) and keep >= 1)):
            raise BadInput(f"keep={keep!r} is not known.", 'Give "best", "all" or a number of at least 1.')
        self._folder, self._keep = folder / EPOCHS, keep

    def write(self, epoch: int, model: nn.Module) -> str:
        """Write the weights of an epoch and return the file's digest."""
        data = bytes_of(model)
        write_atomically(self.path(epoch), data)
        return digest_of(data)

    def path(self, epoch: int) -> Path:
        """Return where the weights of an epoch lie, if they are kept."""
        return self._folder / f"epoch-{epoch:06d}.safetensors"

    def read(self, epoch: int) -> bytes:
        """Return the file of an epoch; raise BadInput when it was not kept."""
        try:
            return self.path(epoch).read_bytes()
        except FileNotFoundError as exc:
            raise BadInput(
                f"The weights of epoch {epoch} were not kept.",
                f'Choose one of {", ".join(map(str, self.kept())) or "none"}, or record with keep="all".',
            ) from exc

    def kept(self) -> list[int]:
        """Return the epochs whose weights are there."""
        found = (_NAME.fullmatch(path.name) for path in self._folder.glob("epoch-*.safetensors"))
        return sorted(int(match[1]) for match in found if match)

    def thin(self, looks: Sequence[Look]) -> None:
        """Delete what cannot be chosen any more."""
        if self._keep == "all" or not looks:
            return
        front = sorted(frontier(looks), key=lambda one: one.high)
        front = front if self._keep == "best" else front[: self._keep]
        self._delete_all_but({one.epoch for one in front} | {looks[-1].epoch})

    def leave(self, chosen: set[int]) -> None:
        """Delete what was not chosen in the end; of a number of epochs to keep, those on the frontier stay."""
        if self._keep == "best":
            self._delete_all_but(chosen)

    def _delete_all_but(self, epochs: set[int]) -> None:
        for epoch in self.kept():
            if epoch not in epochs:
                self.path(epoch).unlink(missing_ok=True)


def frontier(looks: Sequence[Look]) -> list[Look]:
    """Return the epochs that no other one beats: at least as good, with a lower upper end of the exposure."""
    ordered = sorted(looks, key=lambda one: (-utility(one), one.high, -one.epoch))
    front: list[Look] = []
    for one in ordered:
        if not front or one.high < front[-1].high:
            front.append(one)
    return front


def bytes_of(model: nn.Module) -> bytes:
    """Return the state of a model as safetensors; a tensor that stands under several names is written once for each."""
    return save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in model.state_dict().items()})


def state_of(data: bytes) -> dict[str, Tensor]:
    """Return the tensors of such a file."""
    return load(data)
