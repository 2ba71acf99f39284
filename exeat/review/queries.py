"""What the review asks of the warehouse: the queue, earlier releases, the docket. All its SQL is here.

The warehouse is derived and catches up with the ledger before each answer; it never says who may do what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd

    from exeat.model.policy import MatrixCellRef

PAGE_ROWS = 25


class Gateway(Protocol):
    """Read access to the warehouse; ``exeat.storage.warehouse.Warehouse`` is one."""

    def frame(self, sql: str, params: Sequence[Any] = ()) -> pd.DataFrame:
        """Return the rows of one SELECT as of now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilters:
    """What to show of the queue; empty means no restriction, and nothing is hidden that the page does not name."""

    awaiting_me: bool = True
    overdue: bool = False
    undecided: bool = True
    tier: str = ""
    lineage: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """One page of the queue: its rows, and how many there are in all."""

    rows: pd.DataFrame
    total: int
    awaiting_me: int
    overdue: int
    awaiting_others: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """The person as the queue sees them: who they are, and whose turns are theirs."""

    person_id: str
    sees_all: bool
    reviews: bool
    board: bool
    custodian: bool


_COLUMNS = """release_id, title, checkpoint_id, run_family, ckpt_version, tier, recipients, until, submitter, state,
turn, round, case_version, submitted_at, updated_at, due_at, n_fail, n_not_measured, n_warn, n_pass, n_blocking,
n_conditional, reviewers_needed, reviews_in, risk"""

_AWAITING_ME = """(
  ($reviews AND state IN ('submitted', 'in_review') AND NOT coalesce(list_contains(barred, $me), false)
     AND NOT coalesce(list_contains(reviewed_by, $me), false)
     AND (coalesce(list_contains(reviewers, $me), false) OR coalesce(len(reviewers), 0) < reviewers_needed))
  OR ($reviews AND state = 'in_review' AND reviews_in >= reviewers_needed
     AND coalesce(list_contains(reviewed_by, $me), false))
  OR ($reviews AND state = 'suspended' AND submitter <> $me)
  OR ($board AND state = 'referred')
  OR ($custodian AND state = 'approved')
  OR (state IN ('draft', 'returned') AND submitter = $me)
)"""
_OVERDUE = "(due_at IS NOT NULL AND due_at < $now AND state IN ('submitted', 'in_review'))"
_VISIBLE = "($sees_all OR submitter = $me)"
_UNDECIDED = "state IN ('draft', 'submitted', 'in_review', 'returned', 'referred', 'suspended', 'approved')"
_RISK_ORDER = "CASE risk WHEN 'high' THEN 0 WHEN 'medium' THEN 1 WHEN 'low' THEN 2 ELSE 3 END"


def queue(
    gateway: Gateway, viewer: Viewer, filters: QueueFilters, page: int, now: datetime, rows: int = PAGE_ROWS
) -> QueuePage:
    """Return one page of the releases that the viewer may see, high risk first, then the longest waiting."""
    names = _names(viewer, now)
    where, extra = _where(filters)
    counted = _counts(gateway, names, where, extra)
    pages = max(1, -(-counted["total"] // rows))
    page = min(max(page, 1), pages)
    sql = f"""SELECT {_COLUMNS}, {_AWAITING_ME} AS awaiting_me, {_OVERDUE} AS overdue,
        date_diff('day', submitted_at, $now) AS waiting_days
        FROM release WHERE {_VISIBLE} AND {where}
        ORDER BY {_RISK_ORDER}, submitted_at NULLS LAST, release_id LIMIT {rows} OFFSET {(page - 1) * rows}"""  # noqa: S608 fixed texts and integers
    frame = gateway.frame(*_positional(sql, names | extra))
    return QueuePage(rows=frame, page=page, pages=pages, **counted)


def _counts(gateway: Gateway, names: dict[str, Any], where: str, extra: dict[str, Any]) -> dict[str, int]:
    sql = f"""SELECT count(*) FILTER ({where}) AS total, count(*) FILTER ({_AWAITING_ME}) AS mine,
        count(*) FILTER ({_AWAITING_ME} AND {_OVERDUE}) AS overdue,
        count(*) FILTER (NOT {_AWAITING_ME} AND state IN ('submitted', 'in_review')) AS others
        FROM release WHERE {_VISIBLE}"""  # noqa: S608 fixed texts
    row = gateway.frame(*_positional(sql, names | extra)).iloc[0]
    return {
        "total": int(row["total"]),
        "awaiting_me": int(row["mine"]),
        "overdue": int(row["overdue"]),
        "awaiting_others": int(row["others"]),
    }


def _names(viewer: Viewer, now: datetime) -> dict[str, Any]:
    return {
        "me": viewer.person_id,
        "sees_all": viewer.sees_all,
        "reviews": viewer.reviews,
        "board": viewer.board,
        "custodian": viewer.custodian,
        "now": now.replace(tzinfo=None),
    }


def _where(filters: QueueFilters) -> tuple[str, dict[str, Any]]:
    """Return the condition and its values; every value is bound, never written into the text."""
    parts, extra = [], dict[str, Any]()
    if filters.awaiting_me:
        parts.append(_AWAITING_ME)
    if filters.overdue:
        parts.append(_OVERDUE)
    if filters.undecided and not filters.state:
        parts.append(_UNDECIDED)
    for column, value in (("tier", filters.tier), ("run_family", filters.lineage), ("state", filters.state)):
        if value:
            parts.append(f"{column} = ${column}")
            extra[column] = value
    if filters.text:
        parts.append("(contains(lower(title), $text) OR contains(lower(release_id), $text))")
        extra["text"] = filters.text.lower()
    return " AND ".join(parts) or "true", extra


def _positional(sql: str, names: dict[str, Any]) -> tuple[str, list[Any]]:
    """Return the text with numbers for names, as the gateway binds a sequence; long names first, none hides another."""
    used = sorted((name for name in names if f"${name}" in sql), key=len, reverse=True)
    for number, name in enumerate(used, start=1):
        sql = sql.replace(f"${name}", f"${number}")
    return sql, [names[name] for name in used]


def earlier(gateway: Gateway, release_id: str) -> pd.DataFrame:
    """Return other releases of the same lineage (``why`` = lineage) or to the same recipients, newest first."""
    sql = """SELECT o.release_id, o.title, o.checkpoint_id, o.ckpt_version, o.tier, o.recipients, o.until, o.state,
        o.decided_at, o.decision_seq,
        CASE WHEN o.run_family = r.run_family AND o.recipients = r.recipients THEN 'lineage and recipients'
             WHEN o.run_family = r.run_family THEN 'lineage' ELSE 'recipients' END AS why,
        (SELECT string_agg(c.component_id || ' ' || coalesce(c.decided, c.proposed), ', ' ORDER BY c.component_id)
           FROM release_component c WHERE c.release_id = o.release_id) AS components
        FROM release o, release r
        WHERE r.release_id = $1 AND o.release_id <> r.release_id AND o.state <> 'draft'
          AND (o.run_family = r.run_family OR o.recipients = r.recipients)
        ORDER BY o.submitted_at DESC NULLS LAST, o.release_id LIMIT 200"""
    return gateway.frame(sql, [release_id])


def released_kinds(gateway: Gateway, run_family: str, release_id: str) -> pd.DataFrame:
    """Return release, checkpoint, tier and component kind of what left from this run family."""
    sql = """SELECT r.release_id, r.checkpoint_id, r.tier, list(DISTINCT k.kind ORDER BY k.kind) AS kinds
        FROM release r JOIN release_component c USING (release_id)
        JOIN component k ON k.checkpoint_id = r.checkpoint_id AND k.component_id = c.component_id
        WHERE r.run_family = $1 AND r.release_id <> $2 AND r.state IN ('approved', 'active', 'suspended')
          AND c.decided IS NOT NULL AND c.decided <> 'denied'
        GROUP BY ALL ORDER BY r.release_id"""
    return gateway.frame(sql, [run_family, release_id])


def last_approved(gateway: Gateway, run_family: str, release_id: str) -> str | None:
    """Return the release of the lineage that was approved last, other than this one; None when there is none."""
    sql = """SELECT release_id FROM release WHERE run_family = $1 AND release_id <> $2 AND decision_seq IS NOT NULL
        AND state IN ('approved', 'active', 'suspended', 'superseded', 'expired')
        ORDER BY decision_seq DESC LIMIT 1"""
    frame = gateway.frame(sql, [run_family, release_id])
    return None if frame.empty else str(frame.iloc[0]["release_id"])


def docket(gateway: Gateway, required: Sequence[MatrixCellRef]) -> pd.DataFrame:
    """Return what waits for the board (referred) and what the policy will send there (``lane`` says which)."""
    pairs = [f"{ref.tier.value}/{ref.kind.value}" for ref in required]
    sql = f"""SELECT {_COLUMNS}, CASE WHEN state = 'referred' THEN 'referred' ELSE 'required by policy' END AS lane
        FROM release r
        WHERE state = 'referred' OR (state IN ('submitted', 'in_review') AND EXISTS (
            SELECT 1 FROM release_component c JOIN component k
              ON k.checkpoint_id = r.checkpoint_id AND k.component_id = c.component_id
            WHERE c.release_id = r.release_id AND c.proposed <> 'denied'
              AND list_contains($1, r.tier || '/' || k.kind)))
        ORDER BY lane = 'referred' DESC, {_RISK_ORDER}, submitted_at NULLS LAST, release_id LIMIT 200"""  # noqa: S608 fixed texts
    return gateway.frame(sql, [pairs])
