"""What an audit is asked to do; plain values, so that both processes and the report can hold them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from exeat.errors import BadInput
from exeat.model.base import digest_of
from exeat.model.manifest import DpClaim

ATTACKS = (
    "loss", "label_gap", "lira", "lira_offline", "lira_online", "lira_online_fixed", "lira_bounded",
    "lira_online_bounded", "rmia", "rmia_online", "label",
    "gradient",
)  # fmt: skip
"""Every attack that can be asked for; the same names as ``exeat.audit.attacks.ATTACKS``, without importing torch."""
USUAL = ("loss", "label_gap", "lira", "lira_online_fixed", "rmia", "label", "gradient")
"""One attack or more for each adversary: labels, confidences, weights with gradients."""
NEEDS_NO_SHADOWS = frozenset({"loss", "label_gap"})
FOR_EPSILON = ("lira", "rmia", "lira_online_fixed", "loss")
"""The attack whose scores bound epsilon, first that is there: chosen beforehand: the best of several would lie."""
REGIMES = ("masked", "shifted")
"""Built-in regimes; others come from the job file."""
MAX_SHADOWS = 4096
MAX_THREADS = 1024
_LINE = re.compile(r"[^\x00-\x1f\x7f]{1,300}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Settings of one audit.

    ``attacks`` left empty means every attack that the target allows. ``delta`` is the delta at which lower bounds of
    epsilon are given where ``claim``, what the manifest says of differential privacy, states none. ``device`` is a
    torch device for training; ``threads`` pins torch and its libraries. ``only_membership`` leaves out structure,
    reconstruction, attributes and linkage.
    """

    attacks: tuple[str, ...] = ()
    shadows: int = 64
    seed: int = 0
    threads: int = 1
    device: str = "cpu"
    regimes: tuple[str, ...] = ()
    delta: Decimal = Decimal("1e-5")
    author: str = "not stated"
    independent: bool = False
    claim: DpClaim | None = None
    only_membership: bool = False

    def __post_init__(self) -> None:
        _known("attack", self.attacks, ATTACKS)
        _known("regime", self.regimes, REGIMES)
        _within("--shadows", self.shadows, 2, MAX_SHADOWS)
        _within("--threads", self.threads, 1, MAX_THREADS)
        _within("--seed", self.seed, 0, 2**32 - 1)
        if not 0 < self.delta < 1:
            raise BadInput(f"delta is {self.delta}.", "Give a number between 0 and 1, such as 1e-5.")
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise BadInput(f"There is no device {self.device!r}.", "Give cpu, cuda or cuda:0.")
        if not _LINE.fullmatch(self.author):
            raise BadInput("The author is not one line of at most 300 characters.", "Give a role or an office.")

    def as_values(self) -> dict[str, Any]:
        """Return the settings as JSON knows them."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the attacks to run."""
        return self.attacks or USUAL

    @classmethod
    def of_values(cls, values: dict[str, Any]) -> Plan:
        """Return the plan that ``as_values`` wrote."""
        known = {field.name for field in fields(cls)}
        given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        if set(given) - known:
            raise BadInput("The plan has unknown settings.", "Start the audit with exeat audit.")
        if given.get("claim") is not None:
            given["claim"] = DpClaim.model_validate_json(json.dumps(given["claim"]))
        given["delta"] = as_delta(str(given["delta"]))
        return cls(**given)


def as_delta(text: str) -> Decimal:
    """Read a delta; raise BadInput when it is no number."""
    try:
        return Decimal(text)
    except InvalidOperation as exc:
        raise BadInput(f"delta is {text[:40]!r}.", "Give a number between 0 and 1, such as 1e-5.") from exc


def digest_of_values(values: Any) -> str:
    """Return the SHA-256 of plain values as sorted JSON without spaces."""
    return digest_of(json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, DpClaim):
        return value.model_dump(mode="json", exclude_none=True)
    return f"{value:f}" if isinstance(value, Decimal) else value


def _known(what: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise BadInput(f"There is no {what} {unknown[0][:40]!r}.", f"Choose from: {', '.join(known)}.")
    if len(set(given)) != len(given):
        raise BadInput(f"{given[0]} stands twice among the {what}s.", "Name each once.")


def _within(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise BadInput(f"{name} is {value:,}.", f"Give a number from {low:,} to {high:,}.")
