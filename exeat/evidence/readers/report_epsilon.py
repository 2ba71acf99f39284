"""Privacy accounting: dp-accounting rows and the accountant state of Opacus, each epsilon recomputed.

A figure that its own parameters do not support is not taken over: the larger of the two stands, with a note. Sources:
google/differential-privacy dp_accounting 0.6.0 (``repr`` of an event); Opacus 1.6.0, opacus/accountants/accountant.py
(``history`` of (noise multiplier, sample rate, steps) and ``mechanism``).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.readers import report_values as values
from exeat.evidence.readers.report_shape import Converted, ReportReader
from exeat.model.tier import Access
from exeat.policy.epsilon import composed_epsilon

if TYPE_CHECKING:
    from exeat.evidence.readers.report_shape import Foreign
    from exeat.evidence.readers.shape import Peek
    from exeat.model.risk_report import Indicator

EPSILON = "dp.epsilon"
MAX_ROWS = 1000
MAX_HISTORY = 100_000
TOLERANCE = Decimal("0.01")
"""How far a printed epsilon may lie from the recomputed one, as a fraction: accountants differ in their grids."""
STATE = "privacy_accountant_state_dict"
_NUMBER = r"([0-9.eE+-]{1,40})"
_EVENT = re.compile(
    rf"SelfComposedDpEvent\(event=PoissonSampledDpEvent\(sampling_probability={_NUMBER}, "
    rf"event=GaussianDpEvent\(noise_multiplier={_NUMBER}\)\), count=([0-9]{{1,12}})\)"
)
_ACCOUNTANTS = {"pld": "PLD", "rdp": "RDP", "prv": "PRV", "gdp": "GDP"}


class Phase(NamedTuple):
    """Steps of DP-SGD with one noise multiplier and one sample rate."""

    noise: float
    rate: float
    steps: int


class Claimed(NamedTuple):
    """An epsilon as printed (None when it is not), by which accountant, at which delta."""

    epsilon: Decimal | None
    accountant: str
    delta: Decimal


def _recognises_rows(peek: Peek) -> bool:
    rows = peek.json.get("rows") if isinstance(peek.json, dict) else None
    first = rows[0] if isinstance(rows, list) and rows else None
    return isinstance(first, dict) and "noise_multiplier" in first and any(_is_epsilon(key) for key in first)


def _is_epsilon(key: str) -> bool:
    return key.startswith("eps")


def _read_rows(foreign: Foreign) -> Converted:
    given = values.table(foreign.peek.json)
    rows = values.entries(given["rows"], "$.rows", MAX_ROWS)
    tables = [values.table(row, f"$.rows[{i}]") for i, row in enumerate(rows)]
    chosen = _rows_of_event(given, tables)
    if len(chosen) != 1:
        reason = (
            f"the file holds {len(rows)} rows of parameters and does not say which of them the model was trained with"
        )
        return Converted([foreign.not_measured(EPSILON, reason, unit="epsilon")])
    place = f"$.rows[{chosen[0]}]"
    indicators = _row(foreign, tables[chosen[0]], place)
    others = len(rows) - 1
    notes = f"{others} rows are about other parameters than the event of the file and were left out." if others else ""
    return Converted(indicators, notes=notes, config=given.get("event"))


def _rows_of_event(given: dict[str, Any], rows: list[dict[str, Any]]) -> list[int]:
    """Return which rows have the parameters of the event; all of them when the file names none."""
    event = given.get("event")
    if event is None:
        return list(range(len(rows)))
    match = _EVENT.fullmatch(event) if isinstance(event, str) else None
    if match is None:
        raise BadInput(
            "The event is not Poisson-sampled Gaussian noise, the only one whose epsilon is recomputed.",
            "Write the repr of a SelfComposedDpEvent of PoissonSampledDpEvent of GaussianDpEvent.",
            place="$.event",
        )
    wanted = _phase({"q": _float(match[1]), "noise_multiplier": _float(match[2]), "steps": int(match[3])}, "$.event")
    return [i for i, row in enumerate(rows) if _phase(row, f"$.rows[{i}]") == wanted]


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError as exc:
        raise BadInput(f"{text!r} is not a number.", values.AGAIN, place="$.event") from exc


def _phase(row: dict[str, Any], place: str) -> Phase:
    rate = next((name for name in ("q", "sample_rate", "sampling_probability") if name in row), "q")
    steps = "steps" if "steps" in row else "count"
    noise, q = values.needed(row, "noise_multiplier", place), values.needed(row, rate, place)
    return Phase(float(noise), float(q), values.count(row, steps, place))


def _row(foreign: Foreign, row: dict[str, Any], place: str) -> list[Indicator]:
    phase = _phase(row, place)
    delta = values.needed(row, "delta", place)
    found = []
    for key in sorted(filter(_is_epsilon, row))[:4]:
        word = key.rpartition("_")[2].lower()
        accountant = _ACCOUNTANTS.get(word, values.text(row, "accountant")[:40] or "accountant not stated")
        found.append(_judged(foreign, Claimed(values.needed(row, key, place), accountant, delta), (phase,)))
    return found


def _judged(foreign: Foreign, claimed: Claimed, phases: tuple[Phase, ...]) -> Indicator:
    """Return the epsilon as printed when its parameters support it, or else the larger of printed and recomputed."""
    params = {"delta": str(claimed.delta), "accountant": claimed.accountant}
    params |= {"noise_multiplier": _listed(phases, 0), "sample_rate": _listed(phases, 1), "steps": _listed(phases, 2)}
    base: dict[str, Any] = {"unit": "epsilon", "attack_params": params, "split": "train"}
    base["method"] = f"{foreign.method}, {claimed.accountant}"
    try:
        again = composed_epsilon(tuple((p.noise, p.rate, p.steps) for p in phases), delta=float(claimed.delta))
    except BadInput as exc:
        return foreign.not_measured(EPSILON, exc.headline.rstrip("."), **base)
    value = claimed.epsilon
    both = f"recomputed: {again.tightest:.4g} to {again.loosest:.4g}"
    if value is None:
        return foreign.figure(EPSILON, value=again.tightest, bound_note=f"{both}; the file states none", **base)
    if again.tightest * (1 - TOLERANCE) <= value <= again.loosest * (1 + TOLERANCE):
        return foreign.figure(EPSILON, value=value, bound_note=both, **base)
    note = f"the file says {value:.4g}, which its parameters do not give ({both}); the larger stands"
    return foreign.figure(EPSILON, value=max(value, again.tightest), bound_note=note, **base)


def _listed(phases: tuple[Phase, ...], field: int) -> str:
    return ", ".join(str(phase[field]) for phase in phases)[:200]


def _state(peek: Peek) -> dict[str, Any] | None:
    found = peek.json.get(STATE, peek.json) if isinstance(peek.json, dict) else None
    fits = (
        isinstance(found, dict) and isinstance(found.get("history"), list) and isinstance(found.get("mechanism"), str)
    )
    return found if fits else None


def _read_state(foreign: Foreign) -> Converted:
    state = values.table(_state(foreign.peek))
    outer = values.table(foreign.peek.json)
    phases = _phases(state)
    mechanism = values.text(state, "mechanism").lower()
    accountant = _ACCOUNTANTS.get(mechanism, mechanism[:40] or "accountant not stated")
    epsilon = values.number(outer, "epsilon")
    delta = values.number(outer, "delta") or foreign.bound.binding.delta
    if delta is None:
        reason = "an accountant state holds no delta, and neither the file nor its binding states one"
        return Converted(
            [foreign.not_measured(EPSILON, reason, unit="epsilon", split="train")], config=state["history"]
        )
    return Converted([_judged(foreign, Claimed(epsilon, accountant, delta), phases)], config=state["history"])


def _phases(state: dict[str, Any]) -> tuple[Phase, ...]:
    """Return the history with equal noise and rate put together; order does not matter for composition."""
    history = values.entries(state["history"], "$.history", MAX_HISTORY)
    if not history:
        raise BadInput("The accountant has counted no step.", "Save its state after training.", place="$.history")
    steps: dict[tuple[float, float], int] = {}
    for i, entry in enumerate(history):
        place = f"$.history[{i}]"
        if not isinstance(entry, list) or len(entry) != 3:  # noqa: PLR2004 noise, rate, steps
            raise BadInput(f"{place} is not (noise multiplier, sample rate, steps).", values.AGAIN, place=place)
        phase = _phase(dict(zip(("noise_multiplier", "q", "steps"), entry, strict=True)), place)
        steps[phase[:2]] = steps.get(phase[:2], 0) + phase.steps
    return tuple(Phase(noise, rate, count) for (noise, rate), count in sorted(steps.items()))


def _recognises_state(peek: Peek) -> bool:
    return _state(peek) is not None


ROWS = ReportReader(
    "dp-accounting", "dp-accounting results", "dp-accounting", Access.TRACE, _recognises_rows, _read_rows
)
OPACUS = ReportReader(
    "opacus-accountant", "an Opacus accountant state", "opacus", Access.TRACE, _recognises_state, _read_state
)
