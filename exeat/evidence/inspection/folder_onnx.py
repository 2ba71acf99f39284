"""An ONNX model in a folder whose larger tensors lie in files beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.inspection.merging import merge, part_of
from exeat.evidence.inspection.open_onnx import read_onnx
from exeat.evidence.inspection.opened import Member
from exeat.evidence.inspection.opening import open_file
from exeat.evidence.inspection.refusal import COPY_AGAIN, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.inspection.open_onnx import External
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window


def open_model(window: Window, windows: Mapping[str, Window], judge: Judge) -> set[str]:
    """Open a model and the files that hold its tensors; return the names of all of them."""
    part = part_of(judge, window)
    away = read_onnx(window, part.judge)
    merge(judge, part)
    judge.opened.format = "onnx" if judge.opened.format == "folder" else judge.opened.format
    folder = window.name.rpartition("/")[0]
    done = {window.name}
    for external in away:
        name = f"{folder}/{external.location}" if folder else external.location
        if name in windows:
            if name not in done:
                _data(windows[name], judge)
                done.add(name)
            _tensor(external, windows[name], judge)
        else:
            sentence = f"The file {shown(name)}, in which tensors of {window.name} lie, is not in the folder."
            judge.problem("missing-file", sentence, COPY_AGAIN, window.name, unsafe=False)
    return done


def _data(window: Window, judge: Judge) -> None:
    """Judge a file of bare numbers: it may be anything but a pickle or an archive in disguise."""
    part = part_of(judge, window)
    open_file(window, part.judge)
    opened = part.judge.opened
    opened.problems[:] = [problem for problem in opened.problems if problem.code != "unknown-format"]
    opened.members[:] = [Member(window.name, 0, window.size, window.name)]
    merge(judge, part)


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
