"""What a membership attack hands over: one score per record, and who the attacker was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exeat.model.risk_report import Adversary
from exeat.model.tier import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

_RECORD = ("the record and its label",)
_SHADOWS = ("the record and its label", "data of the same distribution", "the training recipe")
KNOWS = {
    "loss": _RECORD,
    "lira": _SHADOWS,
    "lira_offline": _SHADOWS,
    "lira_online": _SHADOWS,
    "lira_online_fixed": _SHADOWS,
    "lira_bounded": _SHADOWS,
    "lira_online_bounded": _SHADOWS,
    "rmia": _SHADOWS,
    "rmia_online": _SHADOWS,
    "label_gap": _RECORD,
    "label": _SHADOWS,
    "gradient": _SHADOWS,
    "delta": ("the record and its label", "the earlier checkpoint of the lineage", "both training recipes"),
}
NAMES = {
    "loss": "loss threshold (Yeom et al. 2018)",
    "lira": "offline likelihood ratio, one spread for all (Carlini et al. 2022)",
    "lira_offline": "offline likelihood ratio, a spread for each record (Carlini et al. 2022)",
    "lira_online": "online likelihood ratio, a spread for each record (Carlini et al. 2022)",
    "lira_online_fixed": "online likelihood ratio, one spread for all (Carlini et al. 2022)",
    "lira_bounded": "offline likelihood ratio, one spread, confidence cut at 0.995 (after Carlini et al. 2022)",
    "lira_online_bounded": "online likelihood ratio, one spread, confidence cut at 0.995 (after Carlini et al. 2022)",
    "rmia": "robust membership inference, offline (Zarifzadeh et al. 2024)",
    "rmia_online": "robust membership inference, online (Zarifzadeh et al. 2024)",
    "label_gap": "gap attack: is the label right (Yeom et al. 2018)",
    "label": "robustness of the label to noise, against shadow models (after Choquette-Choo et al. 2021)",
    "gradient": "offline likelihood ratio on gradient norms (after Nasr et al. 2019, Carlini et al. 2022)",
    "delta": "offline likelihood ratio on two checkpoints of the lineage held together",
}
ACCESS = {
    "loss": Access.API_CONF,
    "lira": Access.API_CONF,
    "lira_offline": Access.API_CONF,
    "lira_online": Access.API_CONF,
    "lira_online_fixed": Access.API_CONF,
    "lira_bounded": Access.API_CONF,
    "lira_online_bounded": Access.API_CONF,
    "rmia": Access.API_CONF,
    "rmia_online": Access.API_CONF,
    "label_gap": Access.API_LABEL,
    "label": Access.API_LABEL,
    "gradient": Access.WHITE_BOX,
    "delta": Access.WHITE_BOX,
}
UNITS = {"loss": "nats", "rmia": "nats", "rmia_online": "nats", "lira_online": "nats", "lira_online_fixed": "nats",
         "lira_online_bounded": "nats", "label_gap": "right answers", "label": "difference"}  # fmt: skip
"""Units of scores; the others are in standard deviations."""


@dataclass(frozen=True, slots=True)
class Scores:
    """One attack's score per record, higher meaning member.

    ``groups`` are masks over the members, ``outside_groups`` of the same names over the non-members. ``queries`` is
    how often the target was asked, where the attack asks more than once per record.
    """

    attack: str
    members: NDArray[np.float64]
    non_members: NDArray[np.float64]
    groups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    outside_groups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    queries: int | None = None

    @property
    def adversary(self) -> Adversary:
        """Return what the attacker saw and knew."""
        return Adversary(access=ACCESS[self.attack], knowledge=KNOWS[self.attack], budget_queries=self.queries)

    @property
    def method(self) -> str:
        """Return the attack as the literature names it."""
        return NAMES[self.attack]
