"""PyTorch Lightning checkpoint: position in training, hyperparameters, and which parts lie beside the weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.evidence.readers import conventions, inside, parts, values
from exeat.evidence.readers.saying import Saying, brief
from exeat.evidence.readers.shape import Reader

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "lightning"
VERSION = "pytorch-lightning_version"
MARKS = frozenset({"state_dict", "epoch", "global_step"})
SETTINGS = ("hyper_parameters", "datamodule_hyper_parameters")
KNOWN = frozenset({VERSION, *MARKS, *SETTINGS, "loops", "callbacks", "optimizer_states", "lr_schedulers"})
KNOWN_TOO = frozenset({"hparams_name", "hparams_type", "datamodule_hparams_name", "datamodule_hparams_type"})


def recognises(peek: Peek) -> bool:
    """Return whether the file holds a dict with Lightning's version, or with the keys of its trainer."""
    root = inside.root_of(peek.opened)
    return VERSION in root or (set(root) >= MARKS and "hyper_parameters" in root)


def read(bundle: Bundle) -> Partial:
    """Read the plain values at the top level; tensors and objects are counted, never loaded."""
    saying = Saying(NAME, bundle)
    opened = bundle.opened
    root = inside.root_of(opened)
    for name in ("epoch", "global_step"):
        saying.takes(name, root.get(name), name, values.integer)
    saying.says("training.framework", "PyTorch", VERSION)
    if VERSION in root:
        saying.note(f"{VERSION} is {brief(root[VERSION])}; the version of PyTorch itself is not in the file.")
    saying.says("model.n_parameters", inside.parameters(opened.tensors), "state_dict, buffers included")
    for name in SETTINGS:
        conventions.tell_settings(saying, _named(root.get(name)), name)
        conventions.tell_training_dp(saying, _named(root.get(name)), name)
    _rest(saying, root)
    form = "lightning-zip" if opened.format == "torch-zip" else "lightning-pickle"
    parts.tell_checkpoint(saying, bundle.file, opened, form)
    return saying.partial()


def _named(value: Any) -> dict[str, Any]:
    return {str(key): part for key, part in inside.table_of(value).items()}


def _rest(saying: Saying, root: dict[Any, Any]) -> None:
    """Note the callbacks and what somebody added by hand."""
    for name in list(inside.table_of(root.get("callbacks")))[:20]:
        saying.note(f"callbacks: {brief(str(name), 100)} keeps its state in the file.")
    for name in [name for name in root if name not in KNOWN | KNOWN_TOO][:50]:
        count = f" ({len(root[name]):,} entries)" if isinstance(root[name], dict | list | tuple) else ""
        saying.note(f"{brief(str(name))}{count} was added by hand; no value of it is read.")


READER = Reader(NAME, "a PyTorch Lightning checkpoint", recognises, read)
