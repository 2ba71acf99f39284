"""The same figure by two tools: whether they differ, and why, as far as the reports themselves say."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from exeat.policy.ends import widened
from exeat.policy.measured.judging import membership, resolved, worst_of
from exeat.policy.reading import label

if TYPE_CHECKING:
    from exeat.model.risk_report import Indicator
    from exeat.policy.binding import Measurement
    from exeat.policy.matter import Matter

OURS = "exeat"
_SHADOWS = re.compile(r"^(n_)?(shadow|reference)(_models|s|_pairs)?$")


class Opinion(NamedTuple):
    """One figure as our own tool and as another gives it; the last sentence says whether they differ and why."""

    label: str
    area: bool
    ours: Indicator
    our_tool: str
    theirs: Indicator
    their_tool: str
    differ: bool | None
    sentence: str


def opinions(matter: Matter) -> tuple[Opinion, ...]:
    """Return each figure over everybody that two tools measured, the largest difference first."""
    by_figure: dict[tuple[str, Decimal | None, str], dict[str, list[Measurement]]] = {}
    for one in matter.measurements:
        it = one.indicator
        if it.subgroup is None and membership(it) and resolved(matter, it):
            tools = by_figure.setdefault((it.indicator_id, it.fpr, it.regime), {})
            tools.setdefault(one.source.report.tool.name, []).append(one)
    found = [pair for tools in by_figure.values() for pair in _pairs(tools)]
    return tuple(sorted(found, key=lambda one: (one.differ is not True, -abs(_gap(one)), one.label)))


def _gap(opinion: Opinion) -> Decimal:
    return (opinion.ours.value or Decimal(0)) - (opinion.theirs.value or Decimal(0))


def _pairs(tools: dict[str, list[Measurement]]) -> list[Opinion]:
    """Return our figure beside each other tool's; of several runs of one tool the worst counts."""
    own = [one for name in sorted(tools) if name.startswith(OURS) for one in tools[name]]
    return [_opinion(own, tools[name]) for name in sorted(tools) if own and not name.startswith(OURS)]


def _opinion(ours: list[Measurement], theirs: list[Measurement]) -> Opinion:
    one, other = _worst(ours), _worst(theirs)
    differ = _differ(one.indicator, other.indicator)
    their_tool = _tool(other)
    reasons = reasons_of(one.indicator, other.indicator)
    return Opinion(
        label(one.indicator), one.indicator.indicator_id.endswith("auc"), one.indicator, _tool(one), other.indicator,
        their_tool, differ, _sentence(differ, other.source.report.tool.name, reasons, len(theirs)),
    )  # fmt: skip


def _worst(found: list[Measurement]) -> Measurement:
    worst = worst_of(one.indicator for one in found)
    return next(one for one in found if one.indicator is worst)


def _tool(found: Measurement) -> str:
    return f"{found.source.report.tool.name} {found.source.report.tool.version}"


def _differ(one: Indicator, other: Indicator) -> bool | None:
    """Return whether the intervals are apart; None when one has none."""
    (low, high), (other_low, other_high) = widened(one), widened(other)
    if low is None or high is None or other_low is None or other_high is None:
        return None
    return low > other_high or other_low > high


def reasons_of(one: Indicator, other: Indicator) -> tuple[str, ...]:
    """Return what the two reports themselves say to be different: nothing is guessed."""
    found = [
        *_counts(one, other),
        *_shadows(one, other),
        *_seen(one, other),
        *_settings(one, other),
        *_no_interval(one, other),
    ]
    if one.ci_level is not None and other.ci_level is not None and one.ci_level != other.ci_level:
        found.append("the intervals hold at different confidence")
    if one.method != other.method:
        found.append(f"the methods are called “{one.method}” and “{other.method}”")
    return tuple(found)


def _settings(one: Indicator, other: Indicator) -> list[str]:
    """Return what both state and state differently; seeds explain nothing by themselves."""
    a, b = one.attack_params, other.attack_params
    shared = [name for name in a if name in b and a[name] != b[name] and "seed" not in name]
    return [f"{_words(name)} {a[name]} against {b[name]}" for name in shared if not _SHADOWS.match(name)][:3]


def _counts(one: Indicator, other: Indicator) -> list[str]:
    sizes = (one.n_in, one.n_out), (other.n_in, other.n_out)
    if None in (*sizes[0], *sizes[1]):
        return ["one does not say how many records it tried"]
    if sizes[0] == sizes[1]:
        return []
    (a, b), (c, d) = sizes
    return [f"other records ({a:,} members and {b:,} others; {c:,} and {d:,})"]


def _shadows(one: Indicator, other: Indicator) -> list[str]:
    a, b = shadow_models(one), shadow_models(other)
    if a == b:
        return []
    if a is None or b is None:
        return [f"{a or b} shadow models against a number that is not stated"]
    return [f"{a} shadow models against {b}"]


def shadow_models(indicator: Indicator) -> str | None:
    """Return how many shadow or reference models the attack says it trained."""
    return next((value for name, value in indicator.attack_params.items() if _SHADOWS.match(name)), None)


def _seen(one: Indicator, other: Indicator) -> list[str]:
    a, b = one.adversary.access, other.adversary.access
    return [] if a is b else [f"another adversary ({_words(a.value)} against {_words(b.value)})"]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _no_interval(one: Indicator, other: Indicator) -> list[str]:
    missing = [who for who, it in (("ours", one), ("theirs", other)) if it.ci_low is None]
    return [f"no interval for {' and '.join(missing)}"] if missing else []


def _sentence(differ: bool | None, tool: str, reasons: tuple[str, ...], runs: int) -> str:
    most = f" Of {runs} runs of {tool} the worst is shown." if runs > 1 else ""
    why = f" What the reports say to be different: {'; '.join(reasons)}." if reasons else ""
    if differ is None:
        return f"Whether the two differ cannot be said without both intervals.{why}{most}"
    if differ:
        return f"The two differ: their intervals do not meet.{why or ' The reports do not say why.'}{most}"
    return f"No difference is shown: their intervals meet.{why}{most}"
