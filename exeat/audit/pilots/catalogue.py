"""The protections that can be named on the command line, and their settings as text: ``pruning:share=0.8``."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from exeat.audit.pilots.finetune import Clipping, DpFinetune
from exeat.audit.pilots.outputs import LabelOnly, Rounding, TopK
from exeat.audit.pilots.surrogate import Surrogate
from exeat.audit.pilots.synthetic import Synthetic
from exeat.audit.pilots.weights import Pruning, Quantisation, WeightNoise
from exeat.errors import BadInput

if TYPE_CHECKING:
    from exeat.audit.pilots.study import Tried

BY_NAME: dict[str, type[Tried]] = {
    "dp_finetune": DpFinetune,
    "clipping": Clipping,
    "weight_noise": WeightNoise,
    "pruning": Pruning,
    "quantisation": Quantisation,
    "rounding": Rounding,
    "top_k": TopK,
    "label_only": LabelOnly,
    "surrogate": Surrogate,
    "synthetic": Synthetic,
}
ALL = (
    "dp_finetune", "dp_finetune:start=fresh:noise_multiplier=2", "dp_finetune:start=fresh:noise_multiplier=4",
    "clipping", "clipping:start=fresh", "weight_noise", "weight_noise:scale=0.5", "pruning", "quantisation",
    "rounding", "top_k", "label_only", "surrogate", "synthetic",
)  # fmt: skip
"""What ``all`` stands for."""
STARTS = ("original", "fresh")


def read(text: str) -> list[Tried]:
    """Return the protections of a list such as ``rounding,pruning:share=0.8``; ``all`` stands for the usual ones.

    Raises BadInput that says what can be named.
    """
    names = [part.strip() for part in text.split(",") if part.strip()]
    names = [name for part in names for name in (ALL if part == "all" else (part,))]
    if not names:
        raise BadInput("No protection was named, so there is nothing to try.", f"Name some of {', '.join(BY_NAME)}.")
    return [_one(name) for name in names]


def _one(text: str) -> Tried:
    name, *settings = text.split(":")
    kind = BY_NAME.get(name.strip().replace("-", "_"))
    if kind is None:
        raise BadInput(f"There is no protection {name[:40]!r}.", f"Name some of {', '.join(BY_NAME)}, or all.")
    usual = {field.name: field.type for field in fields(kind)}
    values = dict(_setting(name, usual, setting) for setting in settings)
    return kind(**values)


def _setting(name: str, usual: dict[str, Any], setting: str) -> tuple[str, Any]:
    key, equals, value = setting.partition("=")
    if key not in usual or not equals:
        known = ", ".join(usual) or "none"
        raise BadInput(
            f"{name} has no setting {setting[:40]!r}.", f"Its settings: {known}. Write {name}:setting=value."
        )
    if usual[key] == "Start":
        if value not in STARTS:
            raise BadInput(f"{name} cannot start from {value[:40]!r}.", f"Name one of {', '.join(STARTS)}.")
        return key, value
    try:
        return key, int(value) if usual[key] == "int" else float(value)
    except ValueError as exc:
        raise BadInput(f"{key} of {name} is no number: {value[:40]!r}.", "Give a number.") from exc
