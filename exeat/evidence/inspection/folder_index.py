"""Check the index of a sharded model: every tensor lies in the shard that it names, every shard in the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.inspection.refusal import COPY_AGAIN, Refusal, ambiguous, cut, damaged, shown
from exeat.evidence.inspection.safetensors_header import strict_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

MAX_INDEX = 25 * 2**20


def check_index(window: Window, windows: Mapping[str, Window], judge: Judge) -> None:
    """Compare the index with the shards that were opened; a JSON without a map of weights is none."""
    try:
        placed = _placed(window)
        if placed:
            judge.opened.format = "sharded" if judge.opened.format == "folder" else judge.opened.format
            _compare(window, placed, windows, judge)
    except Refusal as exc:
        exc.tell(judge, window)


def _placed(window: Window) -> dict[str, set[str]]:
    """Return the tensors by shard."""
    if window.size > MAX_INDEX:
        raise damaged(f"The index has {window.size:,} bytes; at most {MAX_INDEX:,} are read.")
    found = strict_json(window.read(0, window.size), "index")
    weights = found.get("weight_map")
    if weights is None:
        return {}
    if not isinstance(weights, dict) or not all(isinstance(shard, str) for shard in weights.values()):
        raise damaged("The index does not map tensors to files.", "weight_map")
    placed: dict[str, set[str]] = {}
    for tensor, shard in weights.items():
        placed.setdefault(shard, set()).add(tensor)
    return placed


def _compare(window: Window, placed: dict[str, set[str]], windows: Mapping[str, Window], judge: Judge) -> None:
    folder = window.name.rpartition("/")[0]
    held: dict[str, set[str]] = {}
    for tensor in judge.opened.tensors:
        held.setdefault(tensor.storage.file, set()).add(tensor.name)
    for shard, tensors in placed.items():
        name = f"{folder}/{shard}" if folder else shard
        if shard.startswith("/") or ".." in shard.split("/") or "\\" in shard or ":" in shard:
            raise ambiguous("outside-folder", f"The index reads the shard {shown(shard)}, outside the folder.")
        if name not in windows:
            raise cut(f"The shard {shown(shard)}, which the index names, is not in the folder.")
        missing = sorted(tensors - held.get(name, set()))
        if missing:
            sentence = (
                f"The shard {shown(shard)} lacks {len(missing):,} tensors of the index, first {shown(missing[0])}."
            )
            judge.problem("missing-tensor", sentence, COPY_AGAIN, window.name, unsafe=False)
