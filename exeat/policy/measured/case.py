"""Everything that can be drawn of one case, from the reports that count for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.measured.epsilon import epsilons
from exeat.policy.measured.groups import groups
from exeat.policy.measured.opinions import opinions
from exeat.policy.measured.pilots import frontier
from exeat.policy.measured.regimes import regimes
from exeat.policy.measured.roc import rocs
from exeat.policy.measured.trace import traced
from exeat.policy.sentence import noun_for

if TYPE_CHECKING:
    from exeat.policy.matter import Matter
    from exeat.policy.measured.epsilon import Epsilons
    from exeat.policy.measured.groups import Groups
    from exeat.policy.measured.opinions import Opinion
    from exeat.policy.measured.pilots import Frontier
    from exeat.policy.measured.regimes import Regimes
    from exeat.policy.measured.roc import Rocs
    from exeat.policy.measured.trace import Traced


LONGEST = 500
"""Characters that are shown of what a report says to be simulated."""


class Measured(NamedTuple):
    """What the reports show; None or empty is what nobody measured."""

    rocs: Rocs | None
    epsilons: Epsilons | None
    groups: Groups | None
    regimes: Regimes | None
    traced: Traced | None
    frontier: Frontier | None
    opinions: tuple[Opinion, ...]
    claims_privacy: bool
    simulated: tuple[str, ...]


def measured(matter: Matter) -> Measured:
    """Return what the reports about the leaving files hold, judged at the tier of the case."""
    noun = noun_for(matter.manifest.data_sources)
    dp = matter.manifest.dp
    return Measured(
        rocs=rocs(matter, noun),
        epsilons=epsilons(matter, noun),
        groups=groups(matter, noun),
        regimes=regimes(matter),
        traced=traced(matter, noun),
        frontier=frontier(matter, noun),
        opinions=opinions(matter),
        claims_privacy=dp is not None and dp.claimed,
        simulated=_simulated(matter),
    )


def _simulated(matter: Matter) -> tuple[str, ...]:
    """Return what reports say of themselves to be simulated."""
    said = ((bound.report.__pydantic_extra__ or {}).get("x_simulated") for bound in matter.reports.used)
    return tuple(dict.fromkeys("its figures" if one is True else str(one)[:LONGEST] for one in said if one))
