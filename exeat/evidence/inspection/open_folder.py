"""Open a folder as one checkpoint: sharded, distributed, or any other, with every file in it.

Nothing in the folder is passed over: a file is a checkpoint, a text, the data of another file, or it is named as
something that Exeat cannot read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.inspection.code_in_text import judge_text
from exeat.evidence.inspection.folder_files import open_windows
from exeat.evidence.inspection.folder_index import check_index
from exeat.evidence.inspection.folder_onnx import open_model
from exeat.evidence.inspection.merging import Part, merge, part_of
from exeat.evidence.inspection.open_distributed import METADATA, open_distributed
from exeat.evidence.inspection.open_onnx import looks_like_onnx
from exeat.evidence.inspection.opened import Member, Text
from exeat.evidence.inspection.opening import open_file
from exeat.evidence.inspection.plain_text import WEIGHTS, is_plain
from exeat.evidence.inspection.refusal import COPY_AGAIN
from exeat.evidence.inspection.streams import SNIFFED, may_be_pickle

if TYPE_CHECKING:
    from pathlib import Path

    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

INDEX = ".index.json"


def open_folder(path: Path, judge: Judge) -> None:
    """Open every file of a folder; raise BadInput only where the folder itself cannot be read."""
    windows = open_windows(path, judge)
    judge.opened.format = "folder"
    if not windows:
        judge.problem("empty-folder", "The folder holds no file that can be read.", "Check the path.", unsafe=False)
    done: set[str] = set()
    for name in [name for name in windows if name.rsplit("/", 1)[-1] == METADATA]:
        done |= open_distributed(windows[name], windows, judge)
    for name, window in windows.items():
        if name not in done and looks_like_onnx(window.read(0, SNIFFED), window.size):
            done |= open_model(window, windows, judge)
    for name, window in windows.items():
        if name not in done:
            merge(judge, _one(window, judge))
    for name, window in windows.items():
        if name.endswith(INDEX):
            check_index(window, windows, judge)


def _one(window: Window, judge: Judge) -> Part:
    """Open one file that belongs to no other."""
    part = part_of(judge, window)
    text = _text(window, part.judge)
    if text is None:
        open_file(window, part.judge)
        return part
    opened = part.judge.opened
    opened.members.append(Member(window.name, 0, window.size, window.name))
    if window.name.lower().endswith(WEIGHTS):
        sentence = f"{window.name} is a text where its name says that it is a checkpoint."
        part.judge.problem("not-a-checkpoint", sentence, COPY_AGAIN, window.name, unsafe=False)
    if text:
        opened.texts.append(Text(window.name, text))
        judge_text(part.judge, window.name, text)
    return part


def _text(window: Window, judge: Judge) -> str | None:
    """Return a file as text when it is nothing else: a pickle of the oldest protocol is text as well."""
    limit = judge.limits.text_bytes
    data = window.read(0, min(window.size, limit))
    try:
        text = data.decode()
    except UnicodeDecodeError as exc:
        if window.size <= limit or exc.start < limit - 4:
            return None
        text = data[: exc.start].decode()
    if not is_plain(text):
        return None
    if window.size > limit:
        judge.opened.notes.append(f"{window.name}: text beyond {limit:,} bytes was not read.")
    tried = judge.tried(window, window.name)
    return None if tried.at is not None or (tried.done and may_be_pickle(data)) else text
