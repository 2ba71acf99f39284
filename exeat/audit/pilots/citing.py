"""How a manifest cites a pilot: entries of ``safeguards``, ``surrogate`` and ``dp`` that a submitter can paste."""

from __future__ import annotations

from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from exeat.model.manifest import DpClaim, Safeguard, Surrogate

if TYPE_CHECKING:
    from exeat.model.manifest import Metric
    from exeat.model.risk_report import Indicator, Pilot, PilotKind, RiskReport

KINDS: dict[PilotKind, tuple[str, str]] = {
    "dp_finetune": ("dp_sgd", "training"),
    "clipping": ("gradient_clip", "training"),
    "weight_noise": ("regularization", "release"),
    "pruning": ("regularization", "release"),
    "quantisation": ("quantization", "release"),
    "rounding": ("output_rounding", "serving"),
    "top_k": ("output_rounding", "serving"),
    "label_only": ("output_rounding", "serving"),
    "surrogate": ("distillation", "release"),
}
"""Kind and stage of a manifest's safeguard; where the manifest knows no closer word, ``method`` says what it was."""


def entries(report: RiskReport, evidence_sha256: str) -> list[dict[str, Any]]:
    """Return per pilot that worked what a manifest may say of it: ``safeguards``, ``surrogate``, ``dp``."""
    original = report.pilots[0]
    found = [_entry(report, pilot, original, evidence_sha256) for pilot in report.pilots[1:] if worked(pilot)]
    return [entry for entry in found if len(entry) > 1]


def worked(pilot: Pilot) -> bool:
    """Return whether the protection could be applied and measured."""
    return all(one.status != "failed" for one in pilot.indicators)


def strongest(pilot: Pilot) -> Indicator | None:
    """Return the attack with the largest area, which is what exposure means here."""
    areas = [one for one in pilot.indicators if one.indicator_id.endswith(".auc") and one.value is not None]
    return max(areas, key=lambda one: one.value or 0, default=None)


def metric(pilot: Pilot, name: str) -> Metric | None:
    """Return a figure of utility by its id."""
    return next((one for one in pilot.utility if one.id == name), None)


def _entry(report: RiskReport, pilot: Pilot, original: Pilot, evidence: str) -> dict[str, Any]:
    found: dict[str, Any] = {"pilot": pilot.pilot_id}
    if pilot.kind in KINDS:
        found["safeguards"] = [_dumped(_safeguard(report, pilot, original, evidence))]
    if pilot.kind in ("surrogate", "synthetic"):
        found["surrogate"] = _dumped(_surrogate(report, pilot))
    if pilot.kind == "dp_finetune" and pilot.parameters.get("start") == "fresh":
        found["dp"] = _dumped(_claim(pilot))
    return found


def _safeguard(report: RiskReport, pilot: Pilot, original: Pilot, evidence: str) -> Safeguard:
    kind, stage = KINDS[pilot.kind]
    if pilot.kind == "dp_finetune" and pilot.parameters.get("start") != "fresh":
        kind = "gradient_perturbation"  # a manifest that lists dp_sgd must claim epsilon for the whole training
    return Safeguard.model_validate(
        {
            "id": pilot.pilot_id,
            "kind": kind,
            "stage": stage,
            "parameters": {"method": pilot.title, **pilot.parameters},
            "effect_on_utility": effect(pilot, original),
            "piloted_on": report.subject.checkpoint_id,
            "reversible_pilot": True,
            "evidence_sha256": evidence,
        }
    )


def _surrogate(report: RiskReport, pilot: Pilot) -> Surrogate:
    near = pilot.approximation or pilot.utility[0]
    return Surrogate(
        of=report.subject.checkpoint_id, method=pilot.title, approximation_metric=near.id,
        approximation_value=near.value, ci_low=near.ci_low, ci_high=near.ci_high, limitations=pilot.limits,
    )  # fmt: skip


def _claim(pilot: Pilot) -> DpClaim:
    said = pilot.parameters
    return DpClaim(
        claimed=True, epsilon=Decimal(said["epsilon"]), delta=Decimal(said["delta"]), mechanism="DP-SGD",
        accountant=f"{said['accountant']} (dp-accounting)", accountant_version=version("dp-accounting"), unit="record",
        neighbouring="add_remove", sampling="poisson", sample_rate=Decimal(said["rate"]),
        noise_multiplier=Decimal(said["noise_multiplier"]), clip_norm=Decimal(said["clip_norm"]),
        steps=int(said["steps"]), composition=(f"{said['steps']} steps of this training",), tuning_accounted=False,
        trust_model="central", statement=pilot.limits,
    )  # fmt: skip


def effect(pilot: Pilot, original: Pilot) -> str:
    """Return one sentence on utility and one on exposure, with their intervals."""
    accuracy, change = metric(pilot, "accuracy"), metric(pilot, "accuracy-difference")
    parts = []
    if accuracy is not None and change is not None:
        parts.append(
            f"Accuracy {_with_interval(accuracy)} on {accuracy.n} records not trained on; copy minus original "
            f"{_with_interval(change)} (paired)."
        )
    after, before = strongest(pilot), strongest(original)
    if after is not None and before is not None:
        parts.append(f"Strongest attack: AUC {_with_interval(after)}, on the original {_with_interval(before)}.")
    return " ".join(parts)


def _with_interval(figure: Metric | Indicator) -> str:
    ends = "" if figure.ci_low is None else f" [{figure.ci_low:.3f}, {figure.ci_high:.3f}]"
    return f"{figure.value:.3f}{ends}"


def _dumped(part: Safeguard | Surrogate | DpClaim) -> dict[str, Any]:
    found: dict[str, Any] = part.model_dump(mode="json", exclude_none=True)
    return found
