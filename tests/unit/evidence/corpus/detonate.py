"""Prove that the corpus is loaded: set each unsafe file off in a forked child and see whether its marker appears.

python -m tests.unit.evidence.corpus.detonate FOLDER: prints one JSON object, name -> true or false. Run it on a corpus
that you built yourself, never on anything else: loading is the point.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from tests.unit.evidence.corpus.build import marker_of, unsafe_cases

if TYPE_CHECKING:
    from tests.unit.evidence.corpus.shape import Unsafe

SECONDS, GRACE = 20, 2.0


def load(path: Path, reader: str) -> None:
    """Load every object that the file holds, as its ordinary reader would."""
    import pickle  # noqa: PLC0415  this is the reader that the corpus is made for

    if reader in ("torch", "bin"):
        import torch  # noqa: PLC0415

        torch.load(path / "pytorch_model.bin" if reader == "bin" else path, weights_only=False)
    elif reader == "dcp":
        from torch.distributed.checkpoint import state_dict_loader  # noqa: PLC0415

        state_dict_loader.load({"s": "text"}, checkpoint_id=path, no_dist=True)
    elif reader == "numpy":
        import numpy as np  # noqa: PLC0415

        loaded = np.load(path, allow_pickle=True)
        for name in getattr(loaded, "files", ()):
            loaded[name]
    elif reader == "joblib":
        import joblib  # type: ignore[import-untyped]  # noqa: PLC0415

        joblib.load(path)
    else:
        with path.open("rb") as file:
            while file.peek(1):
                pickle.load(file)  # noqa: S301  see above


def child(path: Path, reader: str) -> None:
    """Load in a process of its own, silent, with a time limit; never return."""
    signal.alarm(SECONDS)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    warnings.simplefilter("ignore")
    try:
        load(path, reader)
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join(1)
    finally:
        os._exit(0)


def went_off(case: Unsafe, folder: Path) -> bool:
    """Return whether the file's payload ran."""
    process = os.fork()
    if not process:
        child(folder / case.name, case.reader)
    os.waitpid(process, 0)
    marker, until = Path(marker_of(folder, case.name).path), time.monotonic() + GRACE
    while not marker.exists() and time.monotonic() < until:
        time.sleep(0.01)
    return marker.exists()


def main(folder: Path) -> None:
    """Print what each file did."""
    import torch  # noqa: PLC0415, F401  once, before the children

    print(json.dumps({case.name: went_off(case, folder) for case in unsafe_cases() if case.reader}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
