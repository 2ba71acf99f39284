"""An ONNX model in a folder whose larger tensors lie in files beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.inspection.code_in_text import CODE
from exeat.evidence.inspection.code_members import is_code
from exeat.evidence.inspection.merging import merge, part_of
from exeat.evidence.inspection.open_onnx import read_onnx
from exeat.evidence.inspection.opened import Member
from exeat.evidence.inspection.opening import open_numbers
from exeat.evidence.inspection.plain_text import is_plain
from exeat.evidence.inspection.refusal import AMBIGUOUS, COPY_AGAIN, shown
from exeat.evidence.inspection.streams import SNIFFED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.inspection.open_onnx import External
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

CHUNK = 2**20
OTHERS = (
    *(".json", ".yaml", ".yml", ".toml", ".txt", ".md", ".html", ".jinja", ".j2", ".model", ".metadata", ".distcp"),
    *(".so", ".dll", ".dylib", ".exe", ".pyc", ".pyd", ".onnx", ".safetensors", ".gguf", ".npy", ".npz", ".zip"),
)
"""Ends of names under which other readers look for a file."""


def open_model(window: Window, windows: Mapping[str, Window], judge: Judge) -> set[str]:
    """Open a model and the files that hold its tensors; return the names of all of them."""
    part = part_of(judge, window)
    away = read_onnx(window, part.judge)
    merge(judge, part)
    judge.opened.format = "onnx" if judge.opened.format == "folder" else judge.opened.format
    folder = window.name.rpartition("/")[0]
    files: dict[str, list[External]] = {}
    for external in away:
        files.setdefault(f"{folder}/{external.location}" if folder else external.location, []).append(external)
    done = {window.name}
    for name, tensors in files.items():
        if name in windows and _is_more(name, windows[name], window):
            sentence = (
                f"The model {window.name} takes the file {shown(name)} for numbers, which other readers take for more."
            )
            judge.problem("odd-data", sentence, AMBIGUOUS, window.name)
        elif name in windows:
            _data(windows[name], tensors, judge)
            done.add(name)
        else:
            sentence = f"The file {shown(name)}, in which tensors of {window.name} lie, is not in the folder."
            judge.problem("missing-file", sentence, COPY_AGAIN, window.name, unsafe=False)
    return done


def _is_more(name: str, window: Window, model: Window) -> bool:
    """Return whether a file has a reader of its own: by its name, as a program, as plain text."""
    if window is model or name.lower().endswith((*CODE, *OTHERS)):
        return True
    head = window.read(0, SNIFFED)
    text = head.decode("utf-8", "replace")
    return is_code("", head) or (bool(head) and is_plain(text) and "\ufffd" not in text[:-4])


def _data(window: Window, tensors: list[External], judge: Judge) -> None:
    """Judge a file of bare numbers and place the tensors that fill it; zeros may stand between them."""
    part = part_of(judge, window)
    open_numbers(window, part.judge)
    merge(judge, part)
    before = len(judge.opened.tensors)
    for external in tensors:
        _tensor(external, window, judge)
    at = 0
    spans = sorted(tensor.storage[1:3] for tensor in judge.opened.tensors[before:])
    for offset, length in [*spans, (window.size, 0)]:
        if offset > at and not _is_zero(window, at, offset):
            sentence = f"{window.name} holds bytes from byte {at:,} on that belong to no tensor."
            judge.problem("unlisted-bytes", sentence, AMBIGUOUS, window.name)
        at = max(at, offset + length)


def _is_zero(window: Window, begin: int, end: int) -> bool:
    return not any(any(window.read(at, min(CHUNK, end - at))) for at in range(begin, end, CHUNK))


def _tensor(external: External, window: Window, judge: Judge) -> None:
    tensor = external.tensor
    place = tensor.storage
    length = window.size - place.offset if place.bytes < 0 else place.bytes
    if length < 0 or place.offset + length > window.size:
        sentence = f"{window.name} ends before the tensor {shown(tensor.name)}."
        judge.problem("file-cut", sentence, COPY_AGAIN, tensor.name, unsafe=False)
        return
    storage = Member(tensor.name, place.offset, length, window.name)
    judge.opened.tensors.append(tensor._replace(storage=storage))
