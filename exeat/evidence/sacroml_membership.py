"""Membership attacks of SACRO-ML as indicators: intervals from counts, unresolvable rates said so."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from exeat.errors import BadInput
from exeat.evidence.readers.report_rates import area_fields, exact_interval, interval_fields, rate_fields
from exeat.evidence.sacroml_attack import Attack, count, number, rate
from exeat.model.risk_report import Indicator
from exeat.policy.interval import Interval

BOTH_LEVEL = Decimal("0.975")
"""Level of each of two intervals that together hold at LEVEL (Bonferroni)."""
LEAST_P = Decimal("1e-30")
TPR_AT = re.compile(r"TPR@([0-9]+(?:\.[0-9]+)?(?:e-?[0-9]{1,2})?)(%?)")
FDIF = {"FDIF01": Decimal("0.1"), "FDIF02": Decimal("0.2"), "FDIF001": Decimal("0.01")}
Reader: TypeAlias = Callable[[Attack, str, str], Indicator | None]


def membership(attack: Attack) -> list[Indicator]:
    """Return area, advantage, rates at low FPR and score differences of a membership attack, strongest repetition."""
    if attack.entry.get("status") == "failed":
        return [_failed(attack)]
    measured = [name for name in attack.instances if "AUC" in attack.instances[name]]
    names = _rate_names(attack, measured)
    found = [_strongest(attack, measured, read, name) for read, name in _readers(names)]
    return [indicator for indicator in found if indicator is not None]


def _failed(attack: Attack) -> Indicator:
    reason = str(attack.entry.get("fail_reason") or "the attack produced no figures")[:2000]
    return attack.figure(f"mia.{attack.name}.auc", status="failed", reason=reason)


def _readers(rate_names: list[str]) -> list[tuple[Reader, str]]:
    rates: list[tuple[Reader, str]] = [(_tpr, name) for name in rate_names]
    return [(_auc, "AUC"), (_advantage, "Advantage"), *rates, *((_fdif, name) for name in FDIF)]


def _strongest(
    attack: Attack,
    instances: list[str],
    read: Reader,
    name: str,
) -> Indicator | None:
    """Read a figure in every repetition and keep the strongest: an attacker needs to succeed once."""
    found = [(instance, read(attack, instance, name)) for instance in instances]
    measured = [(i, one) for i, one in found if one is not None]
    if not measured:
        return None
    instance, best = max(measured, key=lambda pair: _strength(pair[1]))
    if len(instances) == 1:
        return best
    note = f"{best.bound_note} Strongest of {len(instances)} repetitions ({instance[:40]}).".strip()
    return best.model_copy(update={"bound_note": note})


def _strength(found: Indicator) -> Decimal:
    """Return how far the figure goes; an area below one half is as good as its mirror image."""
    if found.value is None:
        return Decimal(-1)
    return max(found.value, 1 - found.value) if found.indicator_id.endswith("auc") else found.value


def _base(attack: Attack, instance: str) -> dict[str, Any]:
    base: dict[str, Any] = {
        "n_in": count(attack, instance, "n_pos_test_examples"),
        "n_out": count(attack, instance, "n_neg_test_examples"),
    }
    if attack.instances[instance].get("calibration_ok") is False:
        observed = attack.instances[instance].get("observed_public_fpr")
        base["bound_note"] = f"The attack says its own calibration failed (observed FPR {str(observed)[:20]})."
    return base


def _null(attack: Attack, indicator_id: str, name: str, **fields: Any) -> Indicator:
    return attack.figure(indicator_id, status="not_measured", reason=f"the producer wrote null for {name}", **fields)


def _auc(attack: Attack, instance: str, name: str) -> Indicator:
    indicator_id = f"mia.{attack.name}.auc"
    base, value = _base(attack, instance), rate(attack, instance, name)
    if value is None:
        return _null(attack, indicator_id, name, **base)
    p_value = rate(attack, instance, "P_HIGHER_AUC")
    p_value = None if p_value is None else max(p_value, LEAST_P)
    return attack.figure(indicator_id, p_value=p_value, **base | area_fields(value, base["n_in"], base["n_out"]))


def _advantage(attack: Attack, instance: str, name: str) -> Indicator | None:
    """Return |TPR − FPR| with an interval from the two exact ones (Bonferroni)."""
    value = rate(attack, instance, name)
    tpr, fpr = rate(attack, instance, "TPR"), rate(attack, instance, "FPR")
    if value is None or tpr is None or fpr is None:
        return None
    base = _base(attack, instance)
    hit = exact_interval(max(tpr, fpr), base["n_in"] if tpr >= fpr else base["n_out"], BOTH_LEVEL)
    miss = exact_interval(min(tpr, fpr), base["n_out"] if tpr >= fpr else base["n_in"], BOTH_LEVEL)
    both = Interval(max(hit.low - miss.high, Decimal(0)), hit.high - miss.low)
    return attack.figure("mia.adv", **base, **interval_fields(both, value, "exact"))


def _rate_names(attack: Attack, instances: list[str]) -> list[str]:
    names = sorted({key for i in instances for key in attack.instances[i] if key.startswith("TPR@")})
    for name in names:
        match = TPR_AT.fullmatch(name)
        if match is None or (match[2] == "%") is not attack.percent:
            raise BadInput(
                f"{name[:40]!r} contradicts SACRO-ML {attack.version}: until 1.x the rate is a fraction (TPR@0.1 is "
                "FPR 10 %), since 2.0 percent (TPR@0.1% is FPR 0.1 %).",
                "The file was edited or mixed; run the attack again with one version.",
                place=attack.place("attack_experiment_logger"),
            )
    return names


def fpr_of(attack: Attack, name: str) -> Decimal:
    """Return the false-positive rate a name such as ``TPR@0.1%`` stands at, as a fraction."""
    match = TPR_AT.fullmatch(name)
    figure = Decimal(match[1]) if match else Decimal("NaN")
    fpr = figure / 100 if attack.percent else figure
    if not LEAST_P <= fpr <= 1:
        raise BadInput(f"{name[:40]!r} is not a rate between 0 and 1.", "Run the attack again.", place=attack.place())
    return fpr


def _tpr(attack: Attack, instance: str, name: str) -> Indicator | None:
    if name not in attack.instances[instance]:
        return None
    indicator_id = f"mia.{attack.name}.tpr_at_fpr"
    fpr, value, base = fpr_of(attack, name), rate(attack, instance, name), _base(attack, instance)
    if value is None:
        return _null(attack, indicator_id, name, fpr=fpr, **base)
    found = rate_fields(value, fpr, base["n_in"], base["n_out"])
    notes = [note for note in (base.get("bound_note"), found.get("bound_note")) if note]
    return attack.figure(indicator_id, **base | found | {"bound_note": " ".join(notes)})


def _fdif(attack: Attack, instance: str, name: str) -> Indicator | None:
    """Return the difference of membership shares between highest and lowest scores; PDIF is −ln p."""
    value = number(attack, instance, name)
    if value is None or not -1 <= value <= 1:
        return None
    log_p = number(attack, instance, name.replace("FDIF", "PDIF"))
    p_value = None
    if log_p is not None and log_p.is_finite():
        p_value = min(max(Decimal(repr(math.exp(-min(max(float(log_p), 0.0), 70.0)))), LEAST_P), Decimal(1))
    return attack.figure(
        f"mia.{attack.name}.{name.lower()}",
        unit="difference",
        value=value,
        p_value=p_value,
        params={"fraction": str(FDIF[name])},
        **_base(attack, instance),
    )
