"""The files that a report is bound to: their digests, and whether the audited model has their weights."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    try:
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror}.", "Check the path and its permissions.") from exc


def check_weights(model: nn.Module, files: Sequence[Path]) -> str:
    """Refuse a model whose weights are not those of the files; return a sentence where that cannot be told.

    A tensor matches by its name or, where the file has no such name, by its values; a file in a smaller precision is
    widened first. Only safetensors, torch files that the safe loader takes, and programs of torch.export are read.
    """
    held: dict[str, Tensor] = {}
    unread = [path.name for path in files if not _read_into(held, path)]
    own = model.state_dict()
    if not own:
        return "The model has no weights of its own, so they were not compared with the checkpoint's files."
    if not held:
        names = ", ".join(unread)
        return f"The weights were not compared with {names}: neither safetensors nor torch's safe loader reads it."
    missing = [name for name, tensor in own.items() if not _is_held(name, tensor, held)]
    if missing:
        raise BadInput(
            f"{len(missing)} of the model's {len(own)} tensors are not those of the checkpoint, {missing[0]} first.",
            OTHER_WEIGHTS,
        )
    return ""


def _is_held(name: str, tensor: Tensor, held: Mapping[str, Tensor]) -> bool:
    named = [held[key] for key in _names(name) if key in held]
    return any(_same(tensor, other) for other in named or held.values())


def _names(name: str) -> Iterator[str]:
    yield name
    for prefix in PREFIXES:
        yield prefix + name
        if name.startswith(prefix):
            yield name.removeprefix(prefix)


def _same(own: Tensor, other: Tensor) -> bool:
    import torch  # noqa: PLC0415

    if own.shape != other.shape:
        return False
    mine = own.detach().cpu()
    return bool(torch.equal(mine.nan_to_num(), other.to(mine.dtype).nan_to_num()))


def _read_into(held: dict[str, Tensor], path: Path) -> bool:
    """Add the tensors of one file by dotted name; return whether any reader knew it."""
    found = _safetensors(path) if path.suffix == ".safetensors" else _torch(path)
    held.update(found)
    return bool(found)


def _safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import load_file  # noqa: PLC0415

    try:
        return load_file(path)
    except (SafetensorError, OSError) as exc:
        raise BadInput(f"{path.name} is no safetensors file: {exc}.", "Write it again with save_file.") from exc


def _torch(path: Path) -> dict[str, Tensor]:
    import torch  # noqa: PLC0415

    if is_program(path):
        return dict(torch.export.load(path).state_dict)
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001 whatever torch says of a file it does not know
        return {}
    found = dict(_tensors(loaded, ()))
    return {name.split(".", 1)[1]: tensor for name, tensor in found.items() if "." in name} | found


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
