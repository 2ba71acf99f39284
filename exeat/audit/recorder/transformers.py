"""The recorder as a callback of the Trainer of Hugging Face transformers."""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any

from exeat.audit.recorder.recorder import Recorder
from exeat.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from exeat.audit.recorder.recorder import Recorded


class TrainerHooks:
    """What the callback does at each event; ``recorded`` holds the result after ``train``."""

    def __init__(self, folder: str | Path, checkpoint_id: str, **options: Any) -> None:
        self._folder, self._options = folder, {"checkpoint_id": checkpoint_id, **options}
        self.recorder: Recorder | None = None
        self.recorded: Recorded | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002 the Trainer's names
        """Begin to record, in the main process alone."""
        if not state.is_world_process_zero:
            return
        options = {"train": kwargs.get("train_dataloader"), "total_epochs": math.ceil(args.num_train_epochs)}
        optimizer = kwargs.get("optimizer")
        inside = getattr(optimizer, "optimizer", optimizer)  # accelerate wraps it
        self.recorder = Recorder(self._folder, kwargs["model"], inside, **(options | self._options))

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002 the Trainer's names
        """End the epoch."""
        if self.recorder is not None:
            self.recorder.epoch(max(1, round(state.epoch)))

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:  # noqa: ARG002 the Trainer's names
        """Write everything; about the last kept epoch where the Trainer has loaded weights that are no epoch's."""
        if self.recorder is None:
            return
        try:
            self.recorded = self.recorder.finish()
        except BadInput:
            if not args.load_best_model_at_end or not self.recorder.last_kept():
                raise
            self.recorded = self.recorder.finish(select=self.recorder.last_kept())


def trainer_callback(folder: str | Path, *, checkpoint_id: str, **options: Any) -> Any:
    """Return a callback for ``Trainer(callbacks=[...])``; ``options`` are those of ``Recorder``.

    Without ``train``, the training records are those of the Trainer's own DataLoader, one by one as its dataset gives
    them, all of one shape. ``test`` has to be given. A model whose labels are not one class per record needs
    ``record_loss``.
    """
    kind = type("RecorderCallback", (TrainerHooks, _transformers().TrainerCallback), {"__doc__": TrainerHooks.__doc__})
    return kind(folder, checkpoint_id, **options)


def _transformers() -> Any:
    try:
        return importlib.import_module("transformers")
    except ModuleNotFoundError as exc:
        raise BadInput(
            "transformers is not installed.", "Install it (pip install transformers), or use Recorder itself."
        ) from exc
