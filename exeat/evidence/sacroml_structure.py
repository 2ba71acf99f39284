"""Structural, attribute and instance-based attacks of SACRO-ML as indicators."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput
from exeat.policy.interval import clopper_pearson

if TYPE_CHECKING:
    from exeat.evidence.sacroml_attack import Attack
    from exeat.model.risk_report import Indicator

LEVEL = Decimal("0.95")
FLAGS = {
    "unnecessary_risk": "struct.unnecessary",
    "dof_risk": "struct.dof",
    "k_anonymity_risk": "struct.k_anonymity",
    "class_disclosure_risk": "struct.class_disclosure",
    "lowvals_cd_risk": "struct.low_values",
    "smallgroup_risk": "struct.smallgroup",
    "gen_error_risk": "gen.gap_significant",
}
MAX_FEATURES = 1000


def structural(attack: Attack) -> list[Indicator]:
    """Return one flag (1 risk found, 0 not found) per structural check, and the generalisation gap."""
    given = _results(attack)
    found = [_flag(attack, FLAGS[name], given[name], name) for name in FLAGS if name in given]
    return found + _gap(attack, given)


def instance_based(attack: Attack) -> list[Indicator]:
    """Return whether the model stores training records by design, and which share of them was found in it."""
    given = _results(attack)
    found = [_flag(attack, "struct.instance_based", given.get("is_instance_based"), "is_instance_based")]
    if given.get("storage_fraction") is not None:
        value = _share(attack, given["storage_fraction"], "storage_fraction")
        found.append(attack.figure("struct.stored_fraction", value=value, split="train"))
    return found


def attribute(attack: Attack) -> list[Indicator]:
    """Return per feature how much better an attacker guesses it with the model than without."""
    found = []
    for name, instance in attack.instances.items():
        for group, read in (("categorical", _categorical), ("quantitative", _quantitative)):
            rows = instance.get(group) or []
            if not isinstance(rows, list) or len(rows) > MAX_FEATURES:
                raise _wrong(attack, f"{name}.{group}", rows)
            found += [read(attack, row, f"{name}.{group}[{i}]") for i, row in enumerate(rows)]
    return found


def _results(attack: Attack) -> dict[str, Any]:
    first = next(iter(attack.instances.values()), {})
    overall = attack.metadata.get("global_metrics")
    return (overall if isinstance(overall, dict) else {}) | first


def _flag(attack: Attack, indicator_id: str, value: object, name: str) -> Indicator:
    if value is None:
        reason = f"the producer wrote no answer for {name}"
        return attack.figure(indicator_id, unit="flag", status="not_measured", reason=reason, split="train")
    if not isinstance(value, bool):
        raise _wrong(attack, name, value)
    return attack.figure(indicator_id, unit="flag", value=Decimal(int(value)), split="train")


def _gap(attack: Attack, given: dict[str, Any]) -> list[Indicator]:
    """Compute training minus test accuracy: ``generalisation_gap`` itself had the opposite sign until 1.x."""
    if given.get("train_acc") is None or given.get("test_acc") is None:
        return []
    gap = _share(attack, given["train_acc"], "train_acc") - _share(attack, given["test_acc"], "test_acc")
    return [attack.figure("gen.gap", unit="difference", value=gap, bound_note="training minus test accuracy")]


def _categorical(attack: Attack, row: Any, place: str) -> Indicator:
    """Compare correct inferences with always guessing the commonest value (given in percent)."""
    feature = _feature(attack, row, place)
    try:
        correct, total, percent, _, n_samples = row["train"]
        baseline = Decimal(repr(percent)) / 100
        counts = int(correct), int(total), int(n_samples)
    except (TypeError, ValueError, KeyError, ArithmeticError) as exc:
        raise _wrong(attack, f"{place}.train", row.get("train")) from exc
    if not 0 <= counts[0] <= counts[1] <= counts[2] < 2**53 or not 0 <= baseline <= 1:
        raise _wrong(attack, f"{place}.train", row["train"])
    return _advantage(attack, feature, counts, baseline)


def _advantage(attack: Attack, feature: str, counts: tuple[int, int, int], baseline: Decimal) -> Indicator:
    correct, total, n_samples = counts
    base = {"params": {"feature": feature}, "split": "train", "n_in": n_samples}
    if total == 0:
        reason = "the attack made no inference for this feature"
        return attack.figure("attr.adv_over_imputation", status="not_measured", reason=reason, **base)
    rate = Decimal(correct) / total
    interval = clopper_pearson(correct, total, LEVEL)
    return attack.figure(
        "attr.adv_over_imputation",
        value=max(rate - baseline, Decimal(0)),
        ci_low=max(min(interval.low, rate) - baseline, Decimal(0)),
        ci_high=max(max(interval.high, rate) - baseline, Decimal(0)),
        ci_level=LEVEL,
        ci_method="clopper_pearson",
        n_events=correct,
        baseline_value=baseline,
        bound_note=f"{total:,} inferences were made on {n_samples:,} records; {rate:.3f} of them right against "
        f"{baseline:.3f} by guessing; an advantage below zero counts as zero",
        **base,
    )


def _quantitative(attack: Attack, row: Any, place: str) -> Indicator:
    """Compare the share of records whose value can be bounded within 10 %: training against test."""
    feature = _feature(attack, row, place)
    train = _share(attack, row.get("train"), f"{place}.train")
    test = _share(attack, row.get("test"), f"{place}.test")
    return attack.figure(
        "attr.bounds_excess",
        unit="difference",
        value=train - test,
        baseline_value=test,
        params={"feature": feature},
        split="train",
    )


def _feature(attack: Attack, row: Any, place: str) -> str:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise _wrong(attack, place, row)
    return str(row["name"])[:200]


def _share(attack: Attack, value: object, place: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _wrong(attack, place, value)
    return Decimal(repr(value))


def _wrong(attack: Attack, place: str, value: object) -> BadInput:
    return BadInput(
        f"{place} is {str(value)[:60]!r}, which SACRO-ML does not write.",
        "Export the report again.",
        place=f"{attack.place()}.{place}",
    )
