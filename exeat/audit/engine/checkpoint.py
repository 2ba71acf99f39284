"""The files that a report is bound to: their digests, and whether the audited model has their weights."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from torch import Tensor, nn

PREFIXES = ("model.", "module.", "_orig_mod.", "net.", "_module.")
"""What wrappers put before the names of a state_dict."""
OTHER_WEIGHTS = "A report about other weights would be attached to this file. Load the weights from the file, or name "
OTHER_WEIGHTS += "the file that holds them with --checkpoint."
MAX_DEPTH = 6


def digests_of(*paths: Path | str) -> tuple[str, ...]:
    """Return ``sha256:<hex>`` of each file, in the order given; raise BadInput when one cannot be read."""
    return tuple(_digest(Path(path)) for path in paths)


def _digest(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise BadInput(f"{path} is no plain file.", "Name a file; what is read from a pipe cannot be read again.")
    try:
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror}.", "Check the path and its permissions.") from exc


def check_weights(model: nn.Module, files: Sequence[Path]) -> str:
    """Refuse files that hold other weights than the model's; return a sentence about what could not be compared.

    A tensor matches by its name or, where a file has no such name, by its values; of two precisions the narrower is
    widened. Each file must hold something of the model: the report is bound to all of them. Only safetensors, torch
    files that the safe loader takes, and programs of torch.export are read.
    """
    read = [_read(path) for path in files]
    own = model.state_dict()
    if not own:
        return "The model has no weights of its own, so they were not compared with the checkpoint's files."
    if not any(held.written for held in read):
        names = ", ".join(held.file for held in read)
        return f"The weights were not compared with {names}: neither safetensors nor torch's safe loader reads it."
    found = {name: {at for held in read for at in _matches(name, tensor, held)} for name, tensor in own.items()}
    missing = [name for name, places in found.items() if not places]
    if missing:
        raise BadInput(
            f"{len(missing)} of the model's {len(own)} tensors are not those of the checkpoint, {missing[0]} first.",
            OTHER_WEIGHTS,
        )
    used = {place for places in found.values() for place in places}
    return " ".join(said for held in read if (said := _left_over(held, used, own)))


class Held(NamedTuple):
    """The tensors of one file: as they are written, and by the names under which a model may ask for them."""

    file: str
    written: dict[str, Tensor]
    asked: dict[str, Tensor]


def _matches(name: str, tensor: Tensor, held: Held) -> Iterator[tuple[str, str]]:
    """Yield file and written name of what equals a tensor of the model; what has its name stands before all others."""
    named = {id(held.asked[key]) for key in _names(name) if key in held.asked}
    for key, other in held.written.items():
        if (not named or id(other) in named) and _same(tensor, other):
            yield held.file, key


def _left_over(held: Held, used: set[tuple[str, str]], own: Mapping[str, Tensor]) -> str:
    """Refuse a file of other weights; say what else a file holds: nothing in the report is about it."""
    if not held.written:
        return f"{held.file} was not compared: neither safetensors nor torch's safe loader reads it."
    spare = [key for key in held.written if (held.file, key) not in used]
    wrong = [key for key in spare if any(key in _names(name) for name in own)]
    if len(spare) == len(held.written) or wrong:
        raise BadInput(
            f"{held.file} holds other weights than the audited model's, {(wrong or spare)[0]} first.",
            "The report would be bound to them too. Leave the file out of --checkpoint, and audit it by itself.",
        )
    if not spare:
        return ""
    more = f"{len(spare)} of the {len(held.written)} tensors in {held.file} are not the model's, {spare[0][:80]} first"
    return f"{more}: no figure is about them."


def _names(name: str) -> Iterator[str]:
    yield name
    for prefix in PREFIXES:
        yield prefix + name
        if name.startswith(prefix):
            yield name.removeprefix(prefix)


def _same(own: Tensor, other: Tensor) -> bool:
    """Return whether two tensors hold the same numbers, whatever the types they are kept in."""
    if own.shape != other.shape:
        return False
    mine, theirs = _plain(own), _plain(other)
    if mine.dtype != theirs.dtype:
        mine, theirs = _widest(mine), _widest(theirs)
    return bool(((mine == theirs) | ((mine != mine) & (theirs != theirs))).all())  # noqa: PLR0124 NaN in both


def _plain(tensor: Tensor) -> Tensor:
    plain = tensor.detach().cpu()
    return plain.dequantize() if plain.is_quantized else plain


def _widest(tensor: Tensor) -> Tensor:
    import torch  # noqa: PLC0415

    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)


def _read(path: Path) -> Held:
    """Return the tensors of one file by dotted name; none where no reader knows it."""
    if path.suffix == ".safetensors":
        found = _safetensors(path)
        return Held(path.name, found, found)
    found = _torch(path)
    return Held(path.name, found, {n.split(".", 1)[1]: tensor for n, tensor in found.items() if "." in n} | found)


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import load_file  # noqa: PLC0415

    try:
        return load_file(path)
    except (SafetensorError, OSError) as exc:
        raise BadInput(f"{path.name} is no safetensors file: {exc}.", "Write it again with save_file.") from exc


def _torch(path: Path) -> dict[str, Tensor]:
    import torch  # noqa: PLC0415

    try:
        if is_program(path):
            return dict(torch.export.load(path).state_dict)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001 whatever torch says of a file it does not know
        return {}
    return dict(_tensors(loaded, ()))


def is_program(path: Path) -> bool:
    """Return whether a file is a program of ``torch.export`` (.pt2): a zip with an archive format of that name."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return any(name.endswith(("archive_format", "serialized_exported_program.json")) for name in names)


def _tensors(value: Any, path: tuple[str, ...]) -> Iterable[tuple[str, Tensor]]:
    """Yield the tensors of a checkpoint by dotted path."""
    import torch  # noqa: PLC0415

    if isinstance(value, torch.Tensor):
        yield ".".join(path), value
    elif isinstance(value, dict) and len(path) < MAX_DEPTH:
        for key, item in value.items():
            yield from _tensors(item, (*path, str(key)))
