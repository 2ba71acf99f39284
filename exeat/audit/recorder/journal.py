"""The recorder's folder: who writes it, one line per epoch as training goes, and the Parquet file made of them."""

from __future__ import annotations

import io
import os
import time
from typing import TYPE_CHECKING, Any

import orjson

from exeat.errors import BadInput
from exeat.model.base import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FLUSH_EVERY = 0.25
"""Seconds within which a line reaches the file; a crash loses no more than that."""
HEADER, LINES = "recorder.json", "trace.jsonl"
CHECKPOINT, TRACE = "checkpoint", "trace.parquet"
COLUMNS: dict[str, str] = {
    "epoch": "int64", "step": "int64", "running_loss": "double", "train_loss": "double", "test_loss": "double",
    "loss_gap": "double", "train_accuracy": "double", "test_accuracy": "double", "n_train": "int64", "n_test": "int64",
    "gradient_norm_q50": "double", "gradient_norm_q90": "double", "gradient_norm_q99": "double",
    "outlying_gradients": "int64", "n_gradients": "int64", "canary_exposure": "double",
    "canary_exposure_low": "double", "canary_exposure_high": "double", "n_canaries": "int64",
    "canary_at_ceiling": "bool", "mia_auc": "double",
    "mia_auc_low": "double", "mia_auc_high": "double", "epsilon": "double", "weights_sha256": "string",
    "training_seconds": "double", "recorder_seconds": "double", "note": "string",
}  # fmt: skip
"""Columns of the trace; null means not measured at that epoch. Seconds are processor time so far."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write a whole file or nothing: beside it first, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


class Journal:
    """One line of JSON per epoch, appended at once; a line that was cut off by a crash is left out."""

    def __init__(self, folder: Path, header: dict[str, Any], *, resume: bool) -> None:
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        self._pending: list[bytes] = []
        self._flushed = 0.0
        path = folder / HEADER
        if path.exists():
            self._continue(header, resume=resume)
            return
        if folder.exists() and any(folder.iterdir()):
            raise BadInput(f"{folder} holds files that are not a recorder's.", "Give a folder of its own.")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # weights of every epoch, and the seed
        write_atomically(path, orjson.dumps(header, option=orjson.OPT_INDENT_2))

    def _continue(self, header: dict[str, Any], *, resume: bool) -> None:
        before = read_header(self.folder)
        self.rows = read_lines(self.folder)
        if not resume:
            raise BadInput(
                f"{self.folder} already holds {len(self.rows)} epochs of {before.get('checkpoint_id')}.",
                "Give another folder, or resume=True to go on with that run.",
            )
        wrong = [name for name in ("checkpoint_id", "train", "test", "model") if before.get(name) != header.get(name)]
        if wrong:
            raise BadInput(
                f"{self.folder} was recorded with another {' and '.join(name.replace('_', ' ') for name in wrong)}.",
                "Resume with the same model and data, or give another folder.",
            )
        self._rewrite()

    def rewind(self, epoch: int) -> None:
        """Forget epochs from ``epoch`` on: training goes on from an earlier checkpoint, and they lead nowhere."""
        kept = [row for row in self.rows if row["epoch"] < epoch]
        if len(kept) < len(self.rows):
            self.rows = kept
            self._rewrite()

    def append(self, row: dict[str, Any]) -> None:
        """Add an epoch."""
        self.rows.append(row)
        self._pending.append(_line(row))
        if time.monotonic() - self._flushed > FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        """Bring every line to the file."""
        if self._pending:
            with (self.folder / LINES).open("ab") as file:
                file.write(b"".join(self._pending))
            self._pending.clear()
        self._flushed = time.monotonic()

    def amend(self, **fields: Any) -> None:
        """Add fields to the last epoch."""
        self.rows[-1] |= fields
        if self._pending:
            self._pending[-1] = _line(self.rows[-1])
        else:
            self._rewrite()

    def _rewrite(self) -> None:
        self._pending.clear()
        write_atomically(self.folder / LINES, b"".join(map(_line, self.rows)))

    def write_parquet(self) -> str:
        """Write the trace and return its digest."""
        data = parquet_of(self.rows)
        write_atomically(self.folder / CHECKPOINT / TRACE, data)
        return digest_of(data)


def read_header(folder: Path) -> dict[str, Any]:
    """Return what was written about the run when it began; raise BadInput when it is damaged."""
    try:
        found = orjson.loads((folder / HEADER).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        found = None
    if not isinstance(found, dict):
        raise BadInput(f"{folder / HEADER} is damaged, so nobody knows which run this was.", "Give another folder.")
    return found


def _line(row: dict[str, Any]) -> bytes:
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """Return the epochs that were written whole, also after a crash in the middle of a line."""
    path = folder / LINES
    rows: list[dict[str, Any]] = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            break
        if not _follows(row, rows[-1]["epoch"] if rows else 0):
            break
        rows.append(row)
    return rows


def _follows(row: Any, last: int) -> bool:
    """Return whether this is the row of a later epoch, of known columns."""
    if not isinstance(row, dict) or not row.keys() <= COLUMNS.keys():
        return False
    epoch, step = row.get("epoch"), row.get("step")
    return isinstance(epoch, int) and isinstance(step, int) and epoch > last


def parquet_of(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return the Parquet file of the rows."""
    import pyarrow as pa  # noqa: PLC0415 a run that crashes early need not load it
    import pyarrow.parquet as pq  # noqa: PLC0415

    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in COLUMNS.items()])
    columns = {name: [row.get(name) for row in rows] for name in COLUMNS}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns, schema=schema), sink)  # snappy: zstd costs more than it saves on so few rows
    return sink.getvalue()
