"""Torch's own opinion of a checkpoint, in a process that owns nothing: python -m exeat.audit.second_opinion DESCRIPTOR.

Started only by ``exeat.evidence.inspection.second_opinion``, which hands over one end of a socket. Each question is a
line of JSON with an open file; each answer is a line of JSON. Asked about ``globals``, torch disassembles the pickle
and loads nothing. Asked about ``digests``, it loads with ``weights_only=True, mmap=True``; that is for files that have
passed. Limits on memory, processor time and written bytes are set before each question.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

MAX_QUESTION = 2**16
LEGACY_PICKLES = 5
CHUNK = 4 * 2**20
MAX_DEPTH = 200


def main(descriptor: int) -> None:
    """Answer until the other end closes."""
    _forbid()
    import torch  # noqa: PLC0415, F401  after the limits that hold for the whole life

    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # no further process or thread; root is exempt
    with socket.socket(fileno=descriptor) as line:
        line.sendall(b'{"ready": true}\n')
        while True:
            question, files, _, _ = socket.recv_fds(line, MAX_QUESTION, 1)
            if not question:
                return
            line.sendall(json.dumps(_answer(json.loads(question), files[0])).encode() + b"\n")
            os.close(files[0])


def _forbid() -> None:
    """Write no file, dump no core, open few files."""
    for kind, most in ((resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 128)):
        resource.setrlimit(kind, (most, most))


def _answer(question: dict[str, Any], file: int) -> dict[str, Any]:
    _limit(question["bytes"], question["seconds"])
    try:
        return {"answer": QUESTIONS[question["about"]](file, question)}
    except MemoryError:
        return {"refused": "it needs more memory than it may have"}
    except Exception as exc:  # noqa: BLE001 whatever torch says about a hostile file is its answer
        text = " ".join(str(exc).split())
        return {"refused": f"{type(exc).__name__}: {text}"[:300]}


def _limit(more: int, seconds: int) -> None:
    """Allow this much more memory and processor time than is used now, as far as the system lets us say so."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    pages = Path("/proc/self/statm")
    now = int(pages.read_text().split()[0]) * resource.getpagesize() if pages.exists() else 2**34
    for kind, soft in (
        (resource.RLIMIT_AS, now + more),
        (resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds + 1),
    ):
        resource.setrlimit(kind, (soft, resource.getrlimit(kind)[1]))


def _globals(file: int, question: dict[str, Any]) -> list[str]:
    """Return the names that torch's safe loader does not allow."""
    from torch import _weights_only_unpickler as reader  # noqa: PLC0415
    from torch.serialization import get_unsafe_globals_in_checkpoint  # noqa: PLC0415

    with os.fdopen(os.dup(file), "rb") as opened:
        opened.seek(0)
        if question["format"] == "torch-zip":
            return sorted(get_unsafe_globals_in_checkpoint(opened))
        head = io.BytesIO(opened.read(question["pickles"]))
    found: set[str] = set()
    for _ in range(LEGACY_PICKLES):
        found |= reader.get_globals_in_pkl(head)
    return sorted(found - set(reader._get_allowed_globals()))  # noqa: SLF001 torch shows no other way for this format


def _digests(file: int, question: dict[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of the elements of every tensor, by its path in the checkpoint."""
    import torch  # noqa: PLC0415

    if any(name.startswith("torch.distributed.") for name in question["needs"]):
        import torch.distributed.tensor  # noqa: PLC0415 torch's loader asks for it
    with torch.serialization.safe_globals(_numpy(question["needs"])):
        path = f"/dev/fd/{file}"
        mapped = question["format"] == "torch-zip"
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    return {".".join(path) or "tensor": _digest(tensor) for path, tensor in _tensors(loaded, ())}


def _numpy(needs: list[str]) -> list[Any]:
    """Return what builds numpy's numbers and arrays, where a file that has passed needs it."""
    if not any(name.startswith("numpy.") for name in needs):
        return []
    import numpy as np  # noqa: PLC0415
    from numpy._core import multiarray  # noqa: PLC0415 the only home of these two

    made: list[Any] = [(multiarray.scalar, f"numpy.{home}.multiarray.scalar") for home in ("core", "_core")]
    made += [(multiarray._reconstruct, f"numpy.{home}.multiarray._reconstruct") for home in ("core", "_core")]  # noqa: SLF001
    return [*made, np.ndarray, np.dtype, *{type(np.dtype(kind)) for kind in "?bhilqBHILQefdFDSUVMm"}]


def _tensors(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Tensor]]:
    """Yield the tensors with the paths that ``exeat.evidence.inspection.tensors`` gives them."""
    import torch  # noqa: PLC0415

    if len(path) > MAX_DEPTH:
        return
    if hasattr(value, "_local_tensor"):
        yield from _tensors(value._local_tensor, (*path, "_local_tensor"))  # noqa: SLF001 what the file holds of it
    elif isinstance(value, torch.Tensor):
        yield from ((path + step, part) for step, part in _pieces(value))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _tensors(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _tensors(item, (*path, str(number)))


def _pieces(tensor: Tensor) -> Iterator[tuple[tuple[str, ...], Tensor]]:
    """Yield a tensor, or the plain tensors that a sparse or nested one is made of."""
    import torch  # noqa: PLC0415

    if tensor.is_meta:
        return
    if tensor.layout is torch.sparse_coo:
        yield from ((("indices",), tensor._indices()), (("values",), tensor._values()))  # noqa: SLF001 uncoalesced too
    elif tensor.layout is not torch.strided:
        rows = tensor.layout in (torch.sparse_csr, torch.sparse_bsr)
        yield ("crow_indices",), tensor.crow_indices() if rows else tensor.ccol_indices()
        yield ("col_indices",), tensor.col_indices() if rows else tensor.row_indices()
        yield ("values",), tensor.values()
    elif tensor.is_nested:
        parts = (tensor.values(), tensor._nested_tensor_size(), tensor._nested_tensor_strides())  # noqa: SLF001
        yield from (((name,), part) for name, part in zip(("buffer", "sizes", "strides"), parts, strict=True))
        yield ("storage_offsets",), tensor._nested_tensor_storage_offsets()  # noqa: SLF001 no public name
    elif tensor.is_quantized:
        yield (), tensor.int_repr()
        if tensor.qscheme() in (torch.per_channel_affine, torch.per_channel_affine_float_qparams):
            yield ("quantiser", "1"), tensor.q_per_channel_scales()
            yield ("quantiser", "2"), tensor.q_per_channel_zero_points()
    else:
        yield (), tensor


def _digest(tensor: Tensor) -> str:
    """Return the SHA-256 of the elements in C order as they are stored, conjugated and negated views too."""
    import torch  # noqa: PLC0415

    plain = tensor.detach()
    plain = plain.conj() if plain.is_conj() else plain
    plain = torch._neg_view(plain) if plain.is_neg() else plain  # noqa: SLF001 the only way to undo such a view
    raw = memoryview(plain.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    digest = hashlib.sha256()
    for at in range(0, len(raw), CHUNK):
        digest.update(raw[at : at + CHUNK])
    return digest.hexdigest()


QUESTIONS: dict[str, Callable[[int, dict[str, Any]], Any]] = {"globals": _globals, "digests": _digests}

if __name__ == "__main__":
    main(int(sys.argv[1]))
