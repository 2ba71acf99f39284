"""What happened while the checkpoint was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.figures import digits
from exeat.policy.matter import MODEL_BEARING

if TYPE_CHECKING:
    from decimal import Decimal

    from exeat.model.curves import TraceEpoch, TrainingTrace
    from exeat.policy.matter import Matter


MOST_BITS = 64
CHANCE = 1
"""Bits: the middle exposure of records that were never planted."""


class Traced(NamedTuple):
    """The newest trace; ``released`` is the epoch whose weights would leave, where that is known."""

    trace: TrainingTrace
    released: int | None
    tool: str
    others: int
    sentence: str


def traced(matter: Matter, noun: str) -> Traced | None:
    """Return the newest training trace of the case; None when no report has one."""
    found = [bound for bound in matter.reports.used if bound.report.trace is not None]
    if not found:
        return None
    newest = max(found, key=lambda bound: (bound.report.date, bound.sha256))
    trace, tool = newest.report.trace, newest.report.tool
    if trace is None:
        return None
    released = _released(matter, trace)
    return Traced(trace, released, f"{tool.name} {tool.version}", len(found) - 1, _sentence(trace, released, noun))


def _released(matter: Matter, trace: TrainingTrace) -> int | None:
    """Return the epoch with the digest of a leaving file, else the one that the manifest names, if it is traced."""
    leaving = {part.component.sha256 for part in matter.of_kinds(MODEL_BEARING)}
    known = next((one.epoch for one in trace.epochs if one.weights_sha256 in leaving), None)
    stated = matter.manifest.epoch
    return known if known is not None else next((one.epoch for one in trace.epochs if one.epoch == stated), None)


def _sentence(trace: TrainingTrace, released: int | None, noun: str) -> str:
    at = {one.epoch: one for one in trace.epochs}
    here = at[released] if released is not None else trace.epochs[-1]
    return f"{_memorized(here, noun)} {_advice(trace.recommended_epoch, at, released)}".strip()


def _advice(recommended: int | None, at: dict[int, TraceEpoch], released: int | None) -> str:
    if recommended is None:
        return ""
    if recommended == released:
        return "No other epoch is recommended."
    there = at[recommended].canary_exposure
    said = "" if there is None else f", where it is {_rank(there)}"
    return f"Epoch {recommended} is recommended{said}."


def _memorized(epoch: TraceEpoch, noun: str) -> str:
    """Return what the exposure of planted records means; an exposure of k bits is a rank of 1 in 2^k."""
    if epoch.canary_exposure is not None:
        low = epoch.canary_exposure_low
        chance = low is not None and low <= CHANCE
        end = ", which may be chance" if chance else ""
        return (
            f"After epoch {epoch.epoch} an attacker ranks a made-up record that was planted in the training data as "
            f"{_rank(epoch.canary_exposure)} (the middle one of those planted{end})."
        )
    if epoch.mia_auc is not None:
        one = "person" if noun == "people" else "record"
        return (
            f"After epoch {epoch.epoch} an attacker who is shown one {one} from the training data and one from outside "
            f"names the right one in about {100 * epoch.mia_auc:.0f} of 100 such pairs; guessing gets 50."
        )
    return "Memorization was not measured while training: only losses and accuracy are known."


def _rank(exposure: Decimal) -> str:
    """Return ``1 of about 4,100 look-alikes``; what lies outside 0 to 64 bits is no rank that anybody measured."""
    if not 0 <= exposure <= MOST_BITS:
        return f"an exposure of {digits(exposure)} bits, which is no possible rank"
    return f"1 of about {digits(2**exposure, 2)} look-alikes"
