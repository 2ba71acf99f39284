"""Names that people write into free fields of every format (metadata, properties, tags), and what they mean to us."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exeat.evidence.inspection.part_rules import names_records
from exeat.evidence.manifest_path import item
from exeat.evidence.readers import values
from exeat.evidence.readers.saying import brief
from exeat.evidence.readers.yaml_text import Unread

if TYPE_CHECKING:
    from exeat.evidence.readers.saying import Saying

Convert = Callable[[Any], Any]
NAMES: Mapping[str, tuple[str, Convert]] = {
    "checkpoint_id": ("checkpoint_id", values.slug),
    "run_id": ("run_id", values.slug),
    "run_family": ("lineage.run_family", values.slug),
    "title": ("title", values.line),
    "epoch": ("epoch", values.integer),
    "global_step": ("global_step", values.integer),
    "total_epochs": ("total_epochs", values.integer),
    "max_epochs": ("total_epochs", values.integer),
    "intended_tier": ("intended_tier", values.tier),
    "retention_until": ("retention.retain_until", values.day),
    "retain_until": ("retention.retain_until", values.day),
    "approval": ("governance.approval_ref", values.line),
    "approval_ref": ("governance.approval_ref", values.line),
    "pia_ref": ("governance.pia_ref", values.line),
    "org": ("org", values.line),
    "contact": ("contact", values.line),
}
DP: Mapping[str, tuple[str, Convert]] = {
    "epsilon": ("epsilon", values.number),
    "delta": ("delta", values.number),
    "mechanism": ("mechanism", values.line),
    "accountant": ("accountant", values.line),
    "accountant_version": ("accountant_version", values.line),
    "unit": ("unit", values.line),
    "neighbouring": ("neighbouring", values.line),
    "sampling": ("sampling", values.line),
    "sample_rate": ("sample_rate", values.number),
    "noise_multiplier": ("noise_multiplier", values.number),
    "clip": ("clip_norm", values.number),
    "clip_norm": ("clip_norm", values.number),
    "max_grad_norm": ("clip_norm", values.number),
    "steps": ("steps", values.integer),
}
TRAINING_DP = frozenset({"noise_multiplier", "max_grad_norm", "clip_norm", "sample_rate", "delta", "epsilon"})
"""Parameters of DP-SGD that are settings of a run as well."""
REVERSIBLE: Mapping[str, str] = {
    "no": "no",
    "by key": "by_key",
    "by controller": "by_controller",
    "by data controller": "by_controller",
    "by combination": "by_combination",
}
MASKED: Mapping[str, Convert] = {
    "method": values.line,
    "component_id": values.slug,
    "key_holder": values.line,
    "residual_note": values.text,
    "reversible": lambda value: REVERSIBLE.get(" ".join(str(value).lower().replace("_", " ").split())),
}


def tell(saying: Saying, name: str, value: Any, place: str) -> bool:
    """Take a name that this list knows (``:`` and ``.`` separate parts); return whether it does."""
    head, _, rest = name.replace(":", ".").partition(".")
    if head == "seed" and rest:
        tell_seed(saying, rest, value, place)
    elif head == "masked" and "." in rest:
        _tell_masked(saying, rest, value, place)
    elif name in ("seeds", "dp"):
        _tell_group(saying, name, value, place)
    elif name in NAMES:
        path, convert = NAMES[name]
        saying.takes(path, value, place, convert)
    else:
        return False
    return True


def tell_seed(saying: Saying, name: str, value: Any, place: str) -> None:
    """Take one random seed."""
    key = values.slug(name) or "seed"
    saying.takes(item("seeds", key, "value"), value, place, values.whole_number)


def tell_dp(saying: Saying, parameters: Mapping[str, Any], place: str) -> None:
    """Take a structured claim of differential privacy; a stated epsilon is a claim."""
    for name, raw in parameters.items():
        if name in DP:
            field, convert = DP[name]
            saying.takes(f"dp.{field}", raw, f"{place}.{name}", convert)
        else:
            saying.note(f"{place}.{brief(name)} has no place in a claim of differential privacy.")
    if values.number(parameters.get("epsilon")) is not None:
        saying.says("dp.claimed", True, f"{place}.epsilon")


def _tell_masked(saying: Saying, rest: str, value: Any, place: str) -> None:
    what, field = rest.rsplit(".", 1)
    if field in MASKED:
        saying.takes(item("masked", what, field), value, place, MASKED[field])
    else:
        saying.note(f"{place} has no place in the manifest: {brief(value)}.")


def _tell_group(saying: Saying, name: str, value: Any, place: str) -> None:
    group = values.mapping(value)
    if group is None:
        saying.note(f"{place}: not a table of names and values; left out.")
    elif name == "dp":
        tell_dp(saying, group, place)
    else:
        for seed, number in group.items():
            tell_seed(saying, seed, number, f"{place}.{seed}")


def tell_settings(saying: Saying, settings: Mapping[str, Any], place: str) -> None:
    """Take hyperparameters, nested ones with dotted names; seeds go to the seeds, what is no setting is noted."""
    pending = [(str(name), raw) for name, raw in reversed(list(settings.items()))]
    for count in range(MAX_SETTINGS):
        if not pending:
            return
        name, raw = pending.pop()
        if isinstance(raw, Mapping) and raw and name.count(".") < MAX_NESTING:
            pending += [(f"{name}.{key}", child) for key, child in reversed(list(raw.items())[: MAX_SETTINGS - count])]
        else:
            _tell_setting(saying, name, raw, place)
    saying.note(f"{place} has more than {MAX_SETTINGS:,} entries; the first are read.")


def _tell_setting(saying: Saying, name: str, raw: Any, place: str) -> None:
    last, where = name.rsplit(".", 1)[-1], f"{place}.{brief(name)}"
    if last.lower() == "seed" or last.lower().endswith("_seed"):
        tell_seed(saying, name.lower().removesuffix("_seed"), raw, f"{place}.{name}")
    elif names_records(last) and not isinstance(raw, int | float):
        saying.note(f"{where} is named like a list of records; no value of it is read.")
    elif isinstance(raw, list | tuple) and len(raw) <= MAX_LIST and all(isinstance(x, SCALARS) for x in raw):
        _tell_setting(saying, name, " ".join(map(brief, raw)), place)
    elif isinstance(raw, list | tuple):
        saying.note(f"{where} is a list of {len(raw):,}; a list of this kind may name records.")
    elif isinstance(raw, str) and is_private(raw):
        saying.note(f"{where} holds a path or an address; it is left out of the manifest.")
    elif isinstance(raw, str) and len(_NUMBER.findall(raw)) > MAX_LIST:
        saying.note(f"{where} holds more than {MAX_LIST} numbers, which may name records; it is left out.")
    elif isinstance(raw, (*SCALARS, Decimal, Unread)):
        saying.takes(item("hyperparameters", name), raw, f"{place}.{name}", values.setting)
    elif raw is not None:
        what = getattr(raw, "func", None) or type(raw).__name__
        saying.note(f"{where} is an object ({brief(str(what))}), no setting; it is left out.")


def tell_training_dp(saying: Saying, settings: Mapping[str, Any], place: str) -> None:
    """Take those settings of a run that are parameters of differential privacy as such as well."""
    for name in TRAINING_DP & settings.keys():
        field, convert = DP[name]
        saying.takes(f"dp.{field}", settings[name], f"{place}.{name}", convert)


def is_private(text: str) -> bool:
    """Return whether some word of the text is a path, a URL or an e-mail address."""
    return any(_PRIVATE.match(word) for word in _BETWEEN.split(text))


_BETWEEN = re.compile(r"[\s=,;'\"()\[\]{}<>]+")
_PRIVATE = re.compile(r"/[^/\s]|~[/\w]|\\\\|[A-Za-z]:[\\/]|[A-Za-z0-9+]{2,12}://|[^\s@]{1,64}@[^\s@]{1,200}$")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
SCALARS = (str, int, float, bool)
MAX_LIST = 16
"""Longest list that is a setting (kernel sizes, layer widths); a longer one may be indices of records."""
MAX_NESTING = 8
MAX_SETTINGS = 3000
"""Most hyperparameters that are read of one file."""
