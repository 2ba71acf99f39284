"""One entry of a SACRO-ML report.json, and how its figures are read: exact decimals, or a refusal with the place."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.evidence.readers.report_shape import plain_params
from exeat.model.documents import json_path
from exeat.model.risk_report import Indicator

if TYPE_CHECKING:
    from exeat.model.risk_report import Adversary

LEFT_OUT = ("output_dir", "write_report", "attack_name")


@dataclass(frozen=True, slots=True)
class Attack:
    """One entry of a report.json; ``percent`` says that the figure after ``TPR@`` is percent (since 2.0).

    ``name`` is its word in indicator ids.
    """

    key: str
    entry: dict[str, Any]
    metadata: dict[str, Any]
    version: str
    percent: bool
    name: str
    title: str
    adversary: Adversary

    def place(self, *parts: str) -> str:
        """Return the JSON path of a part of this entry."""
        return json_path((self.key, *parts))

    @property
    def instances(self) -> dict[str, dict[str, Any]]:
        """Return the repetitions; empty when the attack failed."""
        logger = self.entry.get("attack_experiment_logger")
        found = logger.get("attack_instance_logger") if isinstance(logger, dict) else None
        if not isinstance(found, dict):
            return {}
        return {str(name): one for name, one in found.items() if isinstance(one, dict)}

    @property
    def params(self) -> dict[str, str]:
        """Return the plain parameters of the attack as short text."""
        given = self.metadata.get("attack_params")
        kept = {k: v for k, v in given.items() if k not in LEFT_OUT} if isinstance(given, dict) else None
        return plain_params(kept)

    def figure(self, indicator_id: str, **fields: Any) -> Indicator:
        """Return an indicator of this attack; without a value it must carry a status and a reason."""
        params = self.params | fields.pop("params", {})
        base = {"status": "measured", "unit": "fraction", "split": "test"}
        return Indicator(
            indicator_id=indicator_id,
            method=f"SACRO-ML {self.title}",
            attack_params=params,
            adversary=self.adversary,
            **(base | fields),
        )


def number(attack: Attack, instance: str, name: str) -> Decimal | None:
    """Return a figure as an exact decimal; None when the producer wrote null; BadInput for anything else."""
    value = attack.instances[instance].get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(
            f"{name} is {str(value)[:40]!r}, not a number.",
            "Export the report again.",
            place=attack.place("attack_experiment_logger", "attack_instance_logger", instance, name),
        )
    return Decimal(repr(value)) if abs(value) < 10**15 else Decimal("Infinity")


def rate(attack: Attack, instance: str, name: str) -> Decimal | None:
    """Return a figure between 0 and 1, or None; BadInput for anything else."""
    value = number(attack, instance, name)
    if value is not None and not 0 <= value <= 1:
        raise BadInput(
            f"{name} is {value:.6g}; a rate lies between 0 and 1.",
            "Export the report again.",
            place=attack.place("attack_experiment_logger", "attack_instance_logger", instance, name),
        )
    return value


def count(attack: Attack, instance: str, name: str) -> int:
    """Return a count; the producer writes it as int or as float."""
    value = number(attack, instance, name)
    if value is None or not value.is_finite() or value != int(value) or not 0 < value < 2**53:
        raise BadInput(
            f"{name} is {value}; intervals need the number of members and non-members.",
            "Run the attack again with a SACRO-ML version that writes the counts.",
            place=attack.place("attack_experiment_logger", "attack_instance_logger", instance, name),
        )
    return int(value)


def inlined_rows(attack: Attack) -> int:
    """Return how many per-record rows the entry inlines (0 when it inlines none)."""
    blocks = [one.get("individual") for one in attack.instances.values()]
    columns = [column for block in blocks if isinstance(block, dict) for column in block.values()]
    return max((len(column) for column in columns if isinstance(column, list)), default=0)
