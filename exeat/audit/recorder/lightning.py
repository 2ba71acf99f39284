"""The recorder as a callback of Lightning (``lightning`` or ``pytorch_lightning``, 2.x)."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from exeat.audit.recorder.recorder import Recorder
from exeat.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from exeat.audit.recorder.recorder import Recorded


class LightningHooks:
    """What the callback does at each hook; ``recorded`` holds the result after ``fit``."""

    def __init__(self, folder: str | Path, checkpoint_id: str, **options: Any) -> None:
        self._folder, self._options = folder, {"checkpoint_id": checkpoint_id, **options}
        self.recorder: Recorder | None = None
        self.recorded: Recorded | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin to record, in the process of rank 0 alone."""
        if not trainer.is_global_zero:
            return
        epochs = trainer.max_epochs if isinstance(trainer.max_epochs, int) and trainer.max_epochs > 0 else None
        options = {"train": trainer.train_dataloader, "total_epochs": epochs, **self._options}
        self.recorder = Recorder(self._folder, pl_module, next(iter(trainer.optimizers), None), **options)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:  # noqa: ARG002 Lightning's names
        """Note the loss of the batch."""
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if self.recorder is not None and loss is not None:
            self.recorder.step(loss)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002 Lightning's names
        """End the epoch."""
        if self.recorder is not None:
            self.recorder.epoch(trainer.current_epoch + 1)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:  # noqa: ARG002 Lightning's names
        """Write everything."""
        if self.recorder is not None:
            self.recorded = self.recorder.finish()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:  # noqa: ARG002 Lightning's names
        """Keep what there is."""
        if self.recorder is not None:
            self.recorder.close()


def lightning_callback(folder: str | Path, *, checkpoint_id: str, **options: Any) -> Any:
    """Return a callback for ``Trainer(callbacks=[...])``; ``options`` are those of ``Recorder``.

    Without ``train``, the training records are those of the trainer's own DataLoader. ``test`` has to be given: what
    is validated on is often used to choose, and may not count as unseen.
    """
    kind = type("RecorderCallback", (LightningHooks, _lightning().Callback), {"__doc__": LightningHooks.__doc__})
    return kind(folder, checkpoint_id, **options)


def _lightning() -> Any:
    for name in ("lightning.pytorch", "pytorch_lightning"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise BadInput(
        "Lightning is not installed.", "Install it (pip install lightning), or use Recorder in a plain loop."
    )
