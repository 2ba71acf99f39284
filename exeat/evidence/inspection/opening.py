"""Tell what a file is by its bytes, never by its name, and have it opened by the module for that format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.inspection.archive import END, TAIL
from exeat.evidence.inspection.containers import container_of, is_tar, refuse_container
from exeat.evidence.inspection.open_gguf import looks_like_gguf, open_gguf
from exeat.evidence.inspection.open_numpy import looks_like_npy, open_npy
from exeat.evidence.inspection.open_onnx import looks_like_onnx, looks_like_tokenizer, open_onnx, open_tokenizer
from exeat.evidence.inspection.open_pickle import looks_like_pickle, open_pickle
from exeat.evidence.inspection.open_safetensors import looks_like_safetensors, open_safetensors
from exeat.evidence.inspection.open_zip import looks_like_zip, open_zip
from exeat.evidence.inspection.opened import Member, Opened
from exeat.evidence.inspection.streams import SNIFFED, Judge
from exeat.evidence.inspection.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exeat.evidence.inspection.limits import Limits

END_RECORD = 22
UNKNOWN = "Inspect checkpoints of torch, safetensors, numpy, ONNX and GGUF, and folders of them."


class Opener(NamedTuple):
    """One format: how it begins and how it is opened."""

    looks_like: Callable[[bytes, int], bool]
    open: Callable[[Window, Judge], None]


OPENERS: tuple[Opener, ...] = (
    Opener(looks_like_zip, open_zip),
    Opener(looks_like_npy, open_npy),
    Opener(looks_like_gguf, open_gguf),
    Opener(looks_like_safetensors, open_safetensors),
    Opener(looks_like_onnx, open_onnx),
    Opener(looks_like_tokenizer, open_tokenizer),
)
"""In this order; what none of them knows may still be a container, a pickle or a zip behind other bytes."""


def open_path(path: Path, limits: Limits) -> Opened:
    """Open a file or a folder; raise BadInput where the path cannot be read at all."""
    if path.is_dir() and not path.is_symlink():
        return _folder(path, limits)
    window = Window(path)
    opened = Opened("unknown", window.size, sources={"": window})
    try:
        open_file(window, Judge(opened, limits))
    except BadInput as exc:
        opened.close()
        raise exc from None
    return opened


def open_file(window: Window, judge: Judge) -> None:
    """Open one file, alone or of a folder, by what it begins with."""
    head = window.read(0, SNIFFED)
    if not head:
        judge.problem("empty-file", "The file is empty.", "Copy it again from its origin.", window.name, unsafe=False)
        return
    opener = next((each for each in OPENERS if each.looks_like(head, window.size)), None)
    is_zip = opener is not None and opener.open is open_zip
    kind = "a tar archive" if is_tar(head) else "" if is_zip else container_of(head)
    if kind:
        refuse_container(window, judge, kind)
    elif opener is not None:
        opener.open(window, judge)
        _two_formats(window, judge)
    elif looks_like_pickle(head, window.size) or judge.tried(window, window.name).at is not None:
        open_pickle(window, judge)
    elif not _ends_as_zip(window):
        judge.problem("unknown-format", "This is no checkpoint that Exeat knows.", UNKNOWN, window.name, unsafe=False)
    if not is_zip:
        _hidden_zip(window, judge)


def open_numbers(window: Window, judge: Judge) -> None:
    """Judge a file of bare numbers, which another file describes: it may be nothing else for any reader."""
    head = window.read(0, SNIFFED)
    known = any(each.looks_like(head, window.size) for each in OPENERS)
    judge.opened.members.append(Member(window.name, 0, window.size, window.name))
    if known or container_of(head) or judge.suspect(window, window.name):
        sentence = f"{window.name} is named as bare numbers of a model, and other readers find more in it."
        judge.problem("odd-data", sentence, "Treat the file as hostile.", window.name)
    _hidden_zip(window, judge)


def _two_formats(window: Window, judge: Judge) -> None:
    """Refuse a file of another format that unpicklers run as well: they look at its first bytes only."""
    if judge.suspect(window, window.place("the file read as a pickle")):
        sentence = f"The file is of the format {judge.opened.format}, and a pickle for whoever reads it as one."
        judge.problem("two-formats", sentence, "Treat the file as hostile.", window.name)


def _hidden_zip(window: Window, judge: Judge) -> None:
    """Refuse a file of another format that zip readers open all the same: they look for the end only."""
    if _ends_as_zip(window):
        sentence = "Readers of zip archives find an archive at the end of this file, other readers something else."
        judge.problem("hidden-zip", sentence, "Treat the file as hostile.", window.name)


def _ends_as_zip(window: Window) -> bool:
    tail = window.read(max(0, window.size - TAIL), TAIL)
    at = tail.rfind(END)
    while at >= 0:
        if at + END_RECORD + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
            return True
        at = tail.rfind(END, 0, at)
    return False


def _folder(path: Path, limits: Limits) -> Opened:
    from exeat.evidence.inspection.open_folder import open_folder  # noqa: PLC0415 it opens files through this module

    opened = Opened("folder", 0)
    try:
        open_folder(path, Judge(opened, limits))
    except BadInput:
        opened.close()
        raise
    return opened
