"""The figures behind the exposure as panels: question, answer in people, picture, how to read it, the same as a table.

Pure: what is drawn here is decided without Streamlit, so that it can be kept and tested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from components.charts.epsilon import SIGNS, epsilon_alt, epsilon_chart, epsilon_table
from components.charts.frontier import frontier_alt, frontier_chart, frontier_key, frontier_table, unit_of
from components.charts.regimes import regimes_alt, regimes_chart, regimes_table
from components.charts.regimes import unit_of as regimes_unit
from components.charts.roc import roc_alt, roc_chart, roc_table
from components.charts.subgroups import DRAWN, subgroups_alt, subgroups_chart, subgroups_table
from components.charts.trace import MOST, trace_alt, trace_chart, trace_table
from components.numbers import counted, figure, interval, listed
from exeat.policy.figures import listed as few
from exeat.policy.reading import shown_unit

if TYPE_CHECKING:
    from decimal import Decimal

    import plotly.graph_objects as go

    from exeat.model.risk_report import Indicator
    from exeat.policy.measured.case import Measured
    from exeat.policy.measured.epsilon import Epsilons
    from exeat.policy.measured.groups import Groups
    from exeat.policy.measured.opinions import Opinion
    from exeat.policy.measured.pilots import Frontier
    from exeat.policy.measured.regimes import Regimes
    from exeat.policy.measured.roc import Rocs
    from exeat.policy.measured.trace import Traced

OPINIONS = 6
"""Figures of a second tool that are shown, those that differ first."""


class Panel(NamedTuple):
    """One figure. ``badge`` is hue, icon and word of a verdict; ``reading`` says how to read the picture."""

    key: str
    title: str
    sentence: str
    chart: go.Figure | None
    alt: str
    reading: str
    frame: pd.DataFrame
    caption: str
    badge: tuple[str, str, str] | None = None


def panels(found: Measured, noun: str) -> tuple[Panel, ...]:
    """Return a panel for each thing that was measured, the strongest evidence first."""
    made = (
        found.rocs and roc_panel(found.rocs),
        found.epsilons and epsilon_panel(found.epsilons),
        found.groups and groups_panel(found.groups, noun),
        found.regimes and regimes_panel(found.regimes),
        found.frontier and frontier_panel(found.frontier),
        found.traced and trace_panel(found.traced),
        opinions_panel(found.opinions) if found.opinions else None,
    )
    return tuple(panel for panel in made if panel)


def missing(found: Measured) -> tuple[str, ...]:
    """Return what nobody measured, each with the command that would."""
    absent = {
        "the ROC of an attack (exeat audit)": found.rocs is None,
        "a lower bound on ε (exeat audit)": found.claims_privacy and not (found.epsilons and found.epsilons.bounds),
        "subgroups (exeat audit, with groups)": found.groups is None,
        "a second attacker or kind of data (exeat audit)": found.regimes is None,
        "protections tried on copies (exeat pilot)": found.frontier is None,
        "a training trace (exeat.audit.Recorder in the training loop)": found.traced is None,
        "the same figures by another tool": not found.opinions,
    }
    return tuple(name for name, is_absent in absent.items() if is_absent)


def roc_panel(found: Rocs) -> Panel:
    """Return the ROC curves."""
    steps = [f"{figure(step.limit)} up to {figure(step.fpr)} wrongly accused" for step in found.limits]
    limit = f" Red: beyond the policy's limit ({'; '.join(steps)})." if steps else ""
    more = f" Not drawn: {few(found.more)}." if found.more else ""
    return Panel(
        "roc", "How many would be recognised", found.sentence, roc_chart(found), roc_alt(found),
        "Further up is worse; far to the left are attackers who accuse almost no outsider wrongly. Band: interval. "
        "Dark grey: the outsiders who were tried are too few, so nobody can know; this is not zero. Light grey: too "
        f"few for the policy to count the rate.{limit} A rate of 0 lies below the lower edge.{more}",
        roc_table(found), f"{counted(len(found.curves), 'attack')} at a few false-positive rates",
    )  # fmt: skip


def epsilon_panel(found: Epsilons) -> Panel:
    """Return claimed beside measured epsilon."""
    unit = f" The claim is per {found.unit}." if found.unit else ""
    why = f" Not recomputed: {found.why_not}." if found.recomputed is None and found.claimed is not None else ""
    return Panel(
        "epsilon", "Claimed and measured ε", found.sentence, epsilon_chart(found), epsilon_alt(found),
        f"Smaller ε promises more.{unit} Squares: claimed, and recomputed from its parameters. Circles: measured; the "
        "truth lies somewhere to their right. The bar ends what the test could have shown: a test whose bar does not "
        f"reach beyond the claim cannot contradict it. Red: beyond the claim.{why}",
        epsilon_table(found), "claimed, recomputed and measured epsilon",
        (*SIGNS[found.verdict], found.verdict.value.upper()),
    )  # fmt: skip


def groups_panel(found: Groups, noun: str) -> Panel:
    """Return the subgroups."""
    unit, whole = shown_unit(found.rows[0]), found.everybody
    lines = f" Dashed: everybody ({figure(whole.value, unit)})." if whole is not None else ""
    lines += f" Dotted: the limit of {figure(found.limit, unit)}." if found.limit is not None else ""
    small = f" Groups with fewer than {found.least} {noun} are not shown: {found.hidden} here." if found.hidden else ""
    rest = len(found.rows) - DRAWN
    more = f" {counted(rest, 'better group')} in the table." if rest > 0 else ""
    return Panel(
        "groups", "Who is exposed most", found.sentence, subgroups_chart(found, noun), subgroups_alt(found),
        f"The worst of several groups looks worse than it is, by chance alone.{lines}{small}{more}",
        subgroups_table(found), f"{counted(len(found.rows), 'subgroup')}, worst first",
    )  # fmt: skip


def regimes_panel(found: Regimes) -> Panel:
    """Return the comparison of kinds of data and adversaries."""
    unit = regimes_unit(found)
    lines = f" Dashed: guessing ({figure(found.chance, unit)})." if found.chance is not None else ""
    lines += f" Dotted: the limit of {figure(found.limit, unit)}." if found.limit is not None else ""
    return Panel(
        "regimes", "On other data, by other attackers", found.sentence, regimes_chart(found), regimes_alt(found),
        f"{found.label}, the strongest attack that takes no more than each attacker has; whoever has more can run "
        f"those of the others too.{lines} A kind of data or an attacker without a row was not measured.",
        regimes_table(found), "kinds of data and attackers",
    )  # fmt: skip


def frontier_panel(found: Frontier) -> Panel:
    """Return the pilots."""
    limit = f" Red: beyond the limit of {figure(found.limit, unit_of(found))}." if found.limit is not None else ""
    absent = [title for title, _ in found.unplaced]
    more = f" Not measured on these axes: {listed(absent)}." if absent else ""
    return Panel(
        "frontier", "Protections tried on copies", found.sentence, frontier_chart(found), frontier_alt(found),
        f"{frontier_key(found)}. Measured on copies; this release is the ringed one. Further left exposes less, "
        f"further up is more useful; lines are intervals. Dashed: points that no other beats in both; the best of "
        f"several is partly luck.{limit}{more}",
        frontier_table(found), f"{counted(len(found.points), 'form')} of the model",
    )  # fmt: skip


def trace_panel(found: Traced) -> Panel:
    """Return the training trace."""
    trace = found.trace
    thin = f" Of {len(trace.epochs):,} epochs about {MOST} are drawn." if len(trace.epochs) > MOST else ""
    older = f" {counted(found.others, 'older trace')} not shown." if found.others else ""
    planted = f" {counted(trace.n_canaries, 'record')} planted." if trace.n_canaries else ""
    advice = f" The recorder says: {trace.recommendation.strip()}" if trace.recommendation.strip() else ""
    return Panel(
        "trace", "While it was trained", found.sentence, trace_chart(found), trace_alt(found),
        f"An exposure of k bits ranks the planted record as 1 of 2^k look-alikes; dotted: chance.{planted} Band: "
        f"interval. Only what was measured is drawn.{thin}{older}{advice}",
        trace_table(found), "the epochs",
    )  # fmt: skip


def opinions_panel(found: tuple[Opinion, ...]) -> Panel:
    """Return what another tool says of the same figures; there is no picture, the table is the figure."""
    apart, shown = sum(one.differ is True for one in found), found[:OPINIONS]
    differ = f"{apart} of them {'differs' if apart == 1 else 'differ'}" if apart else "none of them is shown to differ"
    rest = f" The other {len(found) - len(shown)} are not shown." if len(found) > len(shown) else ""
    return Panel(
        "opinions", "Second opinion",
        f"Figures that another tool measured too: {len(found)}; {differ}.",
        None, "", f"Reasons are only what the two reports themselves say to be different.{rest}",
        pd.DataFrame([_opinion(one) for one in shown]), "the same figures by two tools",
    )  # fmt: skip


def _opinion(one: Opinion) -> dict[str, str]:
    return {
        "Figure": one.label,
        one.our_tool.split(" ")[0]: _words(one.ours, one),
        "Second tool": f"{one.their_tool}: {_words(one.theirs, one)}",
        "Do they differ, and why": one.sentence,
    }


def _words(it: Indicator, one: Opinion) -> str:
    unit: str = "" if one.area else it.unit
    ends: tuple[Decimal | None, Decimal | None] = (it.ci_low, it.ci_high)
    return f"{figure(it.value, unit)} {interval(*ends, unit) or '(no interval)'}"
