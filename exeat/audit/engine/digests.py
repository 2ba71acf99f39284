"""Content digests of what an audit works on: the keys of its cache and what the report says it was made from."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

    from exeat.audit.target import Recipe, Records


def records_digest(records: Records) -> str:
    """Return the SHA-256 over inputs, labels and subgroups, with their shapes and types."""
    digest = hashlib.sha256()
    _add(digest, "x", records.x)
    _add(digest, "y", records.y)
    for name in sorted(records.groups):
        digest.update(f"{name}\0".encode() + records.groups[name].tobytes())
    return "sha256:" + digest.hexdigest()


def model_digest(model: nn.Module) -> str:
    """Return the SHA-256 over the names and values of the state, and over what the modules are."""
    digest = hashlib.sha256(repr(model).encode())
    for name, tensor in sorted(model.state_dict().items()):
        _add(digest, name, tensor)
    return "sha256:" + digest.hexdigest()


def recipe_values(recipe: Recipe | None) -> dict[str, Any]:
    """Return the numbers of a recipe, and digests of its code: the weights it begins with, and ``train``'s bytes."""
    if recipe is None:
        return {}
    import torch  # noqa: PLC0415

    with torch.random.fork_rng():
        torch.manual_seed(0)
        start = model_digest(recipe.build())
    values = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    return values | {"build": start, "train": _code(recipe.train) if recipe.train else None}


def _code(function: Any) -> str:
    code = getattr(function, "__code__", None)
    text = repr(code.co_code + repr(code.co_names).encode()) if code is not None else repr(type(function))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _add(digest: Any, name: str, tensor: Tensor) -> None:
    import torch  # noqa: PLC0415

    plain = tensor.detach().cpu().contiguous()
    digest.update(f"{name}\0{plain.dtype}\0{list(plain.shape)}\0".encode())
    digest.update(plain.reshape(-1).view(torch.uint8).numpy().data)
