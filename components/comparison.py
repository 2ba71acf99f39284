"""What changed between two versions of a lineage: files, data, safeguards, figures. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from components.charts.interval_strip import bad_end, row_label, verdict_text
from components.numbers import figure, interval, listed, shown_unit, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exeat.model.manifest import Manifest, Metric
    from exeat.model.release import Proposal
    from exeat.policy.finding import Reading


class Change(NamedTuple):
    """One difference, in words."""

    what: str
    then: str
    now: str


def changed(what: str, then: Mapping[str, str], now: Mapping[str, str], absent: str = "none") -> list[Change]:
    """Return one change for each key whose words differ, removed ones included."""
    names = [*then, *(name for name in now if name not in then)]
    pairs = ((name, then.get(name, absent), now.get(name, absent)) for name in names)
    return [Change(f"{what} {name}".strip(), before, after) for name, before, after in pairs if before != after]


def manifest_changes(then: Manifest, now: Manifest) -> list[Change]:
    """Return what differs between two manifests, in the order in which it matters."""
    return [
        *changed("Component", _components(then), _components(now), "not there"),
        *changed("Data source", _data(then), _data(now), "not used"),
        *changed("Safeguard", _safeguards(then), _safeguards(now)),
        *changed("", _facts(then), _facts(now)),
        *changed("Utility:", _metrics(then), _metrics(now), "not stated"),
    ]


def _components(manifest: Manifest) -> dict[str, str]:
    return {part.id: f"{part.kind.title}, {size(part.bytes)}, {part.sha256[7:15]}…" for part in manifest.components}


def _data(manifest: Manifest) -> dict[str, str]:
    return {
        s.id: f"{s.version}, {s.n_units if s.n_units is not None else '?'} {s.unit}s" for s in manifest.data_sources
    }


def _safeguards(manifest: Manifest) -> dict[str, str]:
    return {
        s.kind.replace("_", " "): listed([f"{key} {value}" for key, value in s.parameters.items()], "applied")
        for s in manifest.safeguards
    }


def _facts(manifest: Manifest) -> dict[str, str]:
    dp = manifest.dp
    return {
        "Architecture": manifest.model.architecture,
        "Parameters": f"{manifest.model.n_parameters:,}",
        "Epoch": f"{manifest.epoch:,}",
        "Claimed ε": figure(dp.epsilon, "epsilon") if dp and dp.claimed else "none",
        "Kept until": str(manifest.retention.retain_until),
    }


def _metrics(manifest: Manifest) -> dict[str, str]:
    return {f"{m.id} ({m.split})": metric_words(m) for m in manifest.metrics if not m.subgroup}


def metric_words(metric: Metric) -> str:
    """Return ``94.7 % [91 %, 97 %]``."""
    unit = shown_unit(metric.id, metric.unit)
    return f"{figure(metric.value, unit)} {interval(metric.ci_low, metric.ci_high, unit)}".strip()


def reading_changes(then: Iterable[Reading], now: Iterable[Reading]) -> list[Change]:
    """Return each indicator whose words differ, worst now first."""
    order = {row_label(reading): -bad_end(reading) for reading in now}
    changes = changed("Exposure:", _readings(then), _readings(now), "not reported")
    return sorted(changes, key=lambda change: order.get(change.what.removeprefix("Exposure: "), 0.0))


def _readings(readings: Iterable[Reading]) -> dict[str, str]:
    return {row_label(reading): verdict_text(reading) for reading in readings}


def proposal_changes(then: Proposal, now: Proposal) -> list[Change]:
    """Return how what is asked for differs from what was asked for before."""
    facts = [
        {
            "Tier": f"{p.tier} {p.tier.title}",
            "Recipients": p.recipients,
            "Until": str(p.until),
            **{f"Asked for {part.component_id}": part.disposition.title for part in p.components},
        }
        for p in (then, now)
    ]
    return changed("", facts[0], facts[1], "not asked for")
