"""P and D: approvals of the owners, and what the model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.policy.checks.registry import check
from exeat.policy.duo import excluded
from exeat.policy.figures import counted, listed
from exeat.policy.matter import Matter, Outcome, failed, not_applicable, not_measured, passed

if TYPE_CHECKING:
    from exeat.model.manifest import DataSource

SENSITIVE = {
    "special_category": "special categories",
    "children": "children",
    "small_population": "a small population",
    "linked": "linked data",
}


def is_sensitive(matter: Matter) -> bool:
    """Return whether a source holds special categories, children, a small population or linked data."""
    return any(SENSITIVE.keys() & set(source.sensitivity) for source in matter.manifest.data_sources)


def is_about_people(matter: Matter) -> bool:
    """Return whether any source is, or may be, about people: only an explicit "none" on all says no."""
    return any(source.sensitivity != ("none",) for source in matter.manifest.data_sources)


def pia_is_valid(matter: Matter) -> bool:
    """Return whether a validated impact assessment is named."""
    governance = matter.manifest.governance
    return bool(governance.pia_ref) and governance.pia_status in {"simple_validation", "signed_validation"}


@check("P4")
def owners_agreed(matter: Matter) -> Outcome:
    """Check that every data source names its approval, no owner refused, and no data-use code excludes the purpose."""
    agreed = matter.context.owner_agreed or {}
    sources = matter.manifest.data_sources
    if refused := [source.name for source in sources if agreed.get(source.id) is False]:
        return failed(f"The owner of {listed(refused)} does not agree.")
    purpose = matter.proposal.purpose_duo if matter.proposal else ()
    against = [(source.name, codes) for source in sources if (codes := excluded(purpose, source.duo))]
    if against:
        name, codes = against[0]
        return failed(f"The data-use codes of {name} do not permit {listed(codes)}.")
    open_ = [s.name for s in sources if not (agreed.get(s.id) or s.approval_ref or s.regime == "synthetic")]
    if not matter.manifest.governance.approval_ref:
        open_.append("the project as a whole")
    if open_:
        return not_measured(f"No approval is named for {listed(open_)}.")
    return passed(f"Approvals are named for the project and {counted(len(sources), 'data source')}.")


@check("D1")
def sources_identified(matter: Matter) -> Outcome:
    """Check that every data source has a digest, and a base model has its pre-training data listed."""
    nameless = [source.name for source in matter.manifest.data_sources if source.digest is None]
    if nameless:
        return not_measured(f"{counted(len(nameless), 'data source')} without digest: {listed(nameless)}.")
    base = matter.manifest.lineage.base_model
    if base and not any(source.role == "pretrain" for source in matter.manifest.data_sources):
        return not_measured(f"The data behind the base model {base} are not listed.")
    return passed(f"{counted(len(matter.manifest.data_sources), 'data source')}, each with version and digest.")


@check("D2")
def sensitive_data(matter: Matter) -> Outcome:
    """Check that each source states its sensitivity, and that sensitive data have a validated impact assessment."""
    kinds = sorted(
        {word for source in matter.manifest.data_sources for word in source.sensitivity if word in SENSITIVE}
    )
    words = listed([SENSITIVE[kind] for kind in kinds])
    if kinds and not pia_is_valid(matter):
        return failed(f"The data hold {words}, and no validated impact assessment is named.")
    silent = [source.name for source in matter.manifest.data_sources if not source.sensitivity]
    if silent:
        return not_measured(f"Sensitivity is not stated for {listed(silent)}.")
    if kinds:
        return passed(f"Sensitive data ({words}) under a valid assessment.")
    return passed("No special categories, children, small population or linked data.")


@check("D4")
def people_counted(matter: Matter) -> Outcome:
    """Check that records, persons and records per person are stated for each training source, and agree."""
    sources = matter.people_sources
    if not sources:
        return not_applicable("The model was trained on synthetic data only.")
    unknown = [s.name for s in sources if None in (s.n_records, s.n_units, s.max_records_per_unit)]
    if unknown:
        return not_measured(f"Records, persons or records per person are not stated for {listed(unknown)}.")
    if wrong := [source.name for source in sources if not _adds_up(source)]:
        return failed(f"The counts of {listed(wrong)} contradict each other.")
    persons = sum(source.n_units or 0 for source in sources)
    most = max(source.max_records_per_unit or 0 for source in sources)
    return passed(f"{persons:,} {sources[0].unit} units, at most {counted(most, 'record')} each.")


def _adds_up(source: DataSource) -> bool:
    records, units, most = source.n_records or 0, source.n_units or 0, source.max_records_per_unit or 0
    return units <= records <= units * most
