"""The story of a checkpoint: purpose, data, safeguards, masked portions, channels, reproducibility, retention."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from components.numbers import day
from components.table import table
from components.text import paragraphs, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exeat.model.manifest import Manifest, Seed
    from exeat.model.release import Proposal


def show_story(proposal: Proposal, manifest: Manifest) -> None:
    """Draw the parts of the manifest that need reading rather than checking."""
    st.header("Story", anchor=False)
    _said("Purpose of the release", proposal.purpose)
    _said("Why not a lower tier", proposal.lower_tier_considered or "Nothing is said about lower tiers.")
    _said("Residual risk, for the recipients", proposal.risk_note or "No note for the recipients.")
    sections: tuple[tuple[str, str, Callable[[Manifest], None]], ...] = (
        ("The model", ":material/model_training:", _model),
        (f"Data sources ({len(manifest.data_sources)})", ":material/database:", _data),
        (f"Safeguards ({len(manifest.safeguards)})", ":material/shield:", _safeguards),
        (f"Masked portions ({len(manifest.masked)})", ":material/visibility_off:", _masked),
        (f"Leakage channels ({len(manifest.leakage_channels)})", ":material/leak_add:", _channels),
        (f"Reproducibility ({len(manifest.reproducibility)})", ":material/replay:", _reproducibility),
        ("Retention and responsibility", ":material/event_busy:", _retention),
    )
    for label, icon, draw in sections:
        with st.expander(label, icon=icon):
            draw(manifest)


def _said(heading: str, text: str) -> None:
    for number, line in enumerate(paragraphs(text)):
        st.markdown(f"**{heading}.** {line}" if not number else line)


def _rows(rows: Sequence[dict[str, object]], caption: str, none: str) -> None:
    if rows:
        table(pd.DataFrame(rows), caption)
    else:
        st.write(none)


def _model(manifest: Manifest) -> None:
    _said("Purpose of the model", manifest.purpose)
    _said("Out of scope", manifest.out_of_scope)
    _said("Limitations", manifest.limitations or "None stated.")
    facts = {
        "Family": manifest.model.family,
        "Architecture": manifest.model.architecture,
        "Parameters": f"{manifest.model.n_parameters:,}",
        "Task": manifest.model.task,
        "Stores training records": "yes, by design" if manifest.model.instance_based else "no",
        "Lineage": f"{manifest.lineage.run_family}, version {manifest.lineage.version}",
        "Trained with": f"{manifest.training.framework} {manifest.training.framework_version}",
        "Epoch, step": f"{manifest.epoch:,} of {manifest.total_epochs or '—'}, step {manifest.global_step:,}",
        "Chosen by": manifest.selection_rule,
        "Created": f"{day(manifest.created_at)} by {manifest.created_by}, {manifest.org}",
        **{f"Hyperparameter {name}": value for name, value in manifest.hyperparameters.items()},
        **{f"Seed {seed.name}": _seed(seed) for seed in manifest.seeds},
    }
    _rows([{"Fact": name, "Value": value} for name, value in facts.items()], "The model", "")


def _seed(seed: Seed) -> str:
    return f"{'withheld' if seed.value is None else seed.value}, {'released' if seed.released else 'not released'}"


def _data(manifest: Manifest) -> None:
    rows: list[dict[str, object]] = [
        {
            "Source": f"{s.name}, {s.version}",
            "Role": s.role,
            "Regime": s.regime,
            "Records": f"{s.n_records:,}" if s.n_records is not None else "not stated",
            "Persons": f"{s.n_units:,}" if s.n_units is not None else "not stated",
            "Records per person": s.max_records_per_unit,
            "Sensitivity": ", ".join(word.replace("_", " ") for word in s.sensitivity) or "none stated",
            "Period": s.period,
            "Erasure checked": day(s.erasure_check_date),
            "Approval": s.approval_ref,
            "Digest": f"{s.digest[:19]}…" if s.digest else "none",
        }
        for s in manifest.data_sources
    ]
    _rows(rows, "Data sources", "No data source is named.")


def _safeguards(manifest: Manifest) -> None:
    rows: list[dict[str, object]] = [
        {
            "Safeguard": s.kind.replace("_", " "),
            "Stage": s.stage,
            "Parameters": ", ".join(f"{key} {value}" for key, value in s.parameters.items()),
            "Effect on utility": s.effect_on_utility,
            "Piloted on": s.piloted_on,
            "Reversible pilot": "yes" if s.reversible_pilot else "no",
        }
        for s in manifest.safeguards
    ]
    _rows(rows, "Safeguards", f"No safeguard was applied. {plain(manifest.no_safeguards_reason)}".strip())
    dp = manifest.dp
    if dp and dp.claimed:
        unit = dp.unit or "unit of privacy not stated"
        st.markdown(
            f"**Differential privacy claimed.** ε {plain(dp.epsilon)}, δ {plain(dp.delta)} per {plain(unit)}; "
            f"{plain(dp.mechanism or 'mechanism not stated')}; {plain(dp.accountant or 'accountant not stated')} "
            f"{plain(dp.accountant_version or '')}"
        )
        for line in paragraphs(dp.statement):
            st.markdown(line)


def _masked(manifest: Manifest) -> None:
    rows: list[dict[str, object]] = [
        {
            "Component": m.component_id,
            "What": m.what,
            "Method": m.method,
            "Reversible": m.reversible.replace("_", " "),
            "Key held by": m.key_holder,
            "What remains": m.residual_note,
        }
        for m in manifest.masked
    ]
    _rows(rows, "Masked portions", "Nothing is masked.")


def _channels(manifest: Manifest) -> None:
    rows: list[dict[str, object]] = [
        {
            "Channel": c.channel,
            "Component": c.component_id,
            "Assessed": "yes" if c.assessed else "no",
            "Indicators": ", ".join(c.indicator_ids),
            "Mitigation": c.mitigation,
        }
        for c in sorted(manifest.leakage_channels, key=lambda c: c.assessed)
    ]
    _rows(rows, "Leakage channels", "No leakage channel is described.")


def _reproducibility(manifest: Manifest) -> None:
    rows: list[dict[str, object]] = [
        {
            "Part": r.part,
            "Level": r.level,
            "From tier": f"{r.requires_tier} {r.requires_tier.title}",
            "Authorised by": r.authorization,
            "Sandbox data": r.sandbox_data,
            "Needs confidential data": "yes" if r.depends_on_confidential else "no",
            "How": r.how,
        }
        for r in manifest.reproducibility
    ]
    _rows(rows, "Reproducibility", "Nothing is said about reproducing it.")


def _retention(manifest: Manifest) -> None:
    kept, ruled = manifest.retention, manifest.governance
    pia = ruled.pia_status or "status not stated"
    escrow = f"{kept.escrow.holder}, until {day(kept.escrow.until)}" if kept.escrow else None
    facts: dict[str, object] = {
        "Kept until": day(kept.retain_until),
        **{f"Delete {name}": day(when) for name, when in kept.delete_components_at.items()},
        "Revocation": kept.revocation_procedure,
        "Escrow": escrow,
        "Approval": ruled.approval_ref,
        "Privacy impact assessment": f"{ruled.pia_ref or '—'}, {pia.replace('_', ' ')}",
        "Opinion of the data protection officer": ruled.dpo_opinion,
        "Custodian": ruled.custodian,
        "Licence": ruled.licence,
        "Monitoring": ruled.monitoring,
        "Contact": manifest.contact,
    }
    _rows([{"Fact": name, "Value": value} for name, value in facts.items()], "Retention and responsibility", "")
