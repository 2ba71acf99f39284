"""Write the proposals of the sample organisation: what is asked to leave, to whom, until when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.samples.documents import ahead
from data.samples.organisation import STORIES
from exeat.model.base import digest_of
from exeat.model.release import Proposal

if TYPE_CHECKING:
    from pathlib import Path

DUO = {"onco": "DUO:0000006", "glyco": "DUO:0000006", "digits": "DUO:0000042"}
PURPOSE = {
    "onco": "Compare the case mix of partner registries with ours, and publish the comparison without any row.",
    "glyco": "Plan sample size and strata of a follow-up study on disease progression; nothing is decided on persons.",
    "digits": "Digitise paper questionnaires at sites without a vendor contract; images never leave the site.",
}
PAPER = {"card": "allowed", "config": "masked"}
"""What nearly every proposal asks for beside the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One proposal; ``until`` in days after the sample was made (negative: it has ended)."""

    id: str
    checkpoint: str
    tier: str
    title: str
    recipients: str
    until: int
    parts: dict[str, str]
    lower: str = ""
    risk: str = ""
    supersedes: str | None = None
    agreement: bool = True
    file: str = ""

    @property
    def lineage(self) -> str:
        """Return the lineage of the checkpoint."""
        return self.checkpoint.split("-")[0]

    @property
    def filename(self) -> str:
        """Return the file below data/releases."""
        return f"{self.file or self.id}.json"


QUERY = {"weights": "query_only"} | PAPER
SANDBOX = {"weights": "sandbox", "card": "allowed", "config": "allowed"}
COASTAL = "Coastal Oncology Consortium, 4 named analysts"
LAKES = "Lakes University Hospital, department of biostatistics"
METABOLIC = "Metabolic Follow-up Study, coordinating centre"
SITES = "Questionnaire sites of the registry network"
LABELS = "At T1 only labels are answered; the study needs confidences."
RISK = "Answers may still tell an attacker a little about who was in the training data; do not probe single persons."

ASKS: tuple[Ask, ...] = (
    Ask(id="onco-mlp-v2-t1", checkpoint="onco-mlp-v2", tier="T1", until=-15, recipients="Registered researchers",
        title="Onco v2: card and configuration for registered researchers", parts=PAPER),
    Ask(id="onco-mlp-v1-t3", checkpoint="onco-mlp-v1", tier="T3", until=150, recipients=LAKES, parts=SANDBOX, risk=RISK,
        title="Onco v1: sandbox study of overfitting", lower="Queries do not show the weights."),
    Ask(id="onco-mlp-v2-t2", checkpoint="onco-mlp-v2", tier="T2", until=190, recipients=COASTAL, parts=QUERY, risk=RISK,
        title="Onco v2: queries for the consortium", lower=LABELS),
    Ask(id="onco-mlp-v3-t3", checkpoint="onco-mlp-v3", tier="T3", until=300, recipients=LAKES, risk=RISK,
        title="Onco v3: sandbox with training state",
        parts=SANDBOX | {"training-state": "sandbox", "log": "sandbox"},
        lower="The study looks at the optimiser's moments."),
    Ask(id="onco-mlp-v4-t2", checkpoint="onco-mlp-v4", tier="T2", until=320, recipients=COASTAL, risk=RISK,
        parts=QUERY | {"evaluation": "aggregated"}, supersedes="onco-mlp-v2-t2",
        title="Onco v4 (DP): queries for the consortium, replaces v2",
        lower=LABELS),
    Ask(id="onco-mlp-v4-t1", checkpoint="onco-mlp-v4", tier="T1", until=300, recipients="Registered researchers",
        title="Onco v4 (DP): label queries for registered researchers", parts=QUERY, risk=RISK,
        lower="T0 has no queries."),
    Ask(id="onco-mlp-v5-t2", checkpoint="onco-mlp-v5", tier="T2", until=330, recipients=COASTAL, risk=RISK,
        parts=QUERY | {"evaluation": "aggregated"},
        title="Onco v5 (DP, smaller): queries for the consortium",
        lower=LABELS),
    Ask(id="glyco-mlp-v1-t2", checkpoint="glyco-mlp-v1", tier="T2", until=200, recipients=METABOLIC, parts=QUERY,
        title="Glyco v1: queries for the follow-up study"),
    Ask(id="glyco-mlp-v2-t1", checkpoint="glyco-mlp-v2", tier="T1", until=240, recipients="Registered researchers",
        title="Glyco v2: card and configuration for registered researchers", parts=PAPER),
    Ask(id="glyco-mlp-v3-t2", checkpoint="glyco-mlp-v3", tier="T2", until=280, recipients=METABOLIC, risk=RISK,
        parts=QUERY | {"trace": "masked"}, file="glyco-mlp-v3-t2.round-1",
        title="Glyco v3: queries and training trace for the follow-up study"),
    Ask(id="glyco-mlp-v3-t2", checkpoint="glyco-mlp-v3", tier="T2", until=280, recipients=METABOLIC, risk=RISK,
        parts=QUERY, title="Glyco v3: queries for the follow-up study",
        lower="At T1 only labels are answered; sample-size planning needs confidences."),
    Ask(id="glyco-mlp-v4-t3", checkpoint="glyco-mlp-v4", tier="T3", until=300, recipients=METABOLIC, parts=SANDBOX,
        title="Glyco v4 (DP): sandbox for the follow-up study", risk=RISK),
    Ask(id="glyco-mlp-v5-t3", checkpoint="glyco-mlp-v5", tier="T3", until=330, recipients=METABOLIC, parts=SANDBOX,
        title="Glyco v5 (DP): sandbox for the follow-up study", risk=RISK,
        lower="Queries at T2 do not let the study retrain the last layer."),
    Ask(id="glyco-mlp-v3-t0", checkpoint="glyco-mlp-v3", tier="T0", until=700, recipients="Everyone",
        parts={"card": "allowed", "config": "masked"}, title="Glyco v3: card and configuration, public"),
    Ask(id="digits-mlp-v2-t3", checkpoint="digits-mlp-v2", tier="T3", until=250, recipients=SITES, risk=RISK,
        parts={"checkpoint": "sandbox", "card": "allowed", "config": "allowed"},
        title="Digits v2: the whole checkpoint in the sandbox"),
    Ask(id="digits-mlp-v3-t3", checkpoint="digits-mlp-v3", tier="T3", until=250, recipients=SITES, parts=SANDBOX,
        title="Digits v3: sandbox for the sites", risk=RISK, lower="The sites need to run it without a network."),
    Ask(id="digits-mlp-v4-t2", checkpoint="digits-mlp-v4", tier="T2", until=300, recipients=SITES, risk=RISK,
        parts=QUERY | {"evaluation": "aggregated"}, title="Digits v4 (DP): queries for the sites",
        lower="At T1 only labels are answered; the sites need confidences to route doubtful forms to a person."),
    Ask(id="digits-mlp-v3-t1", checkpoint="digits-mlp-v3", tier="T1", until=300, recipients="Registered researchers",
        parts=PAPER, title="Digits v3: card and configuration for registered researchers"),
    Ask(id="digits-mlp-v5-t3", checkpoint="digits-mlp-v5", tier="T3", until=320, recipients=SITES, parts=SANDBOX,
        title="Digits v5 (DP, smaller): sandbox for the sites", agreement=False),
)  # fmt: skip


def write_all(into: Path) -> None:
    """Write every proposal; each names the digest of the manifest file as it is now."""
    folder = into / "releases"
    folder.mkdir(parents=True, exist_ok=True)
    for ask in ASKS:
        manifest = (into / "checkpoints" / ask.checkpoint / "manifest.json").read_bytes()
        made = Proposal.model_validate_json(json.dumps(_fields(ask, digest_of(manifest))))
        (folder / ask.filename).write_bytes(made.to_bytes() + b"\n")


def _fields(ask: Ask, manifest_sha256: str) -> dict[str, Any]:
    team = STORIES[ask.lineage].team
    fields: dict[str, Any] = {
        "schema": "exeat-release/1",
        "release_id": ask.id,
        "title": ask.title,
        "checkpoint_id": ask.checkpoint,
        "manifest_sha256": manifest_sha256,
        "components": [{"component_id": part, "disposition": form} for part, form in ask.parts.items()],
        "tier": ask.tier,
        "recipients": ask.recipients,
        "purpose": PURPOSE[ask.lineage],
        "purpose_duo": [DUO[ask.lineage]],
        "lower_tier_considered": ask.lower,
        "risk_note": ask.risk,
        "until": ahead(ask.until).isoformat(),
        "submitter": team[0],
        "contributors": list(team[1:]),
    }
    if ask.supersedes:
        fields["supersedes_release"] = ask.supersedes
    if ask.tier in {"T2", "T3", "T4"}:
        fields["agreement"] = _agreement(ask)
    return fields


def _agreement(ask: Ask) -> dict[str, Any]:
    """Return the agreement; one is still a draft, an honest gap."""
    if not ask.agreement:
        return {"reference": f"AGR-{ask.id}", "signed": False}
    return {
        "reference": f"AGR-{ask.id}",
        "signed": True,
        "named_persons": 4,
        "quota_downloads": 20,
        "incident_contact": "incidents@northmoor.example",
        "deletion_due": ahead(ask.until + 14).isoformat(),
    }
