"""Simulated access events of the last weeks, every one labelled simulated; made at load time so that they are recent.

A few habits, drawn with a seeded generator: people work by day and rarely at weekends, services run at night, some
attempts are denied. Three small stories are mixed in: a night-time bulk read, a denied series, and a busy consortium.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOURCE = "simulated-store"
KINDS = ("weights", "diagnostic_log", "training_trace", "config", "docs", "eval_output")
SIZES = {
    "weights": 1_400,
    "diagnostic_log": 2_200,
    "training_trace": 2_000,
    "config": 260,
    "docs": 800,
    "eval_output": 2_700,
}
"""Bytes of a typical component of the sample."""
WORKDAY = (0.2, 0.2, 0.1, 0.1, 0.1, 0.3, 1, 3, 7, 10, 11, 9, 6, 8, 10, 10, 8, 5, 3, 2, 1.5, 1, 0.6, 0.3)
NIGHT = (5, 6, 8, 8, 4, 1, *([0.1] * 16), 1, 3)
CHECKPOINTS = tuple(f"{lineage}-mlp-v{version}" for lineage in ("onco", "glyco", "digits") for version in range(1, 6))


@dataclass(frozen=True, slots=True)
class Habit:
    """How one principal uses the store; ``daily`` events on a working day, ``weekend`` a share of that."""

    principal: str
    role: str
    tier: int
    daily: float
    checkpoints: tuple[str, ...]
    components: tuple[str, ...]
    actions: tuple[str, ...] = ("read", "read", "list", "head")
    hours: tuple[float, ...] = WORKDAY
    weekend: float = 0.1
    denied: float = 0.01
    kind: str = "human"
    agent: str = "Mozilla/5.0"
    agreement: str | None = None


_ONCO, _GLYCO, _DIGITS = CHECKPOINTS[:5], CHECKPOINTS[5:10], CHECKPOINTS[10:]
_PAPER = ("docs", "config", "eval_output")
_AGREED = "AGR-onco-mlp-v4-t2"
_ASK = ("query", "query", "query", "query", "list")
HABITS: tuple[Habit, ...] = (
    Habit("steward-1", "steward", 4, 14, CHECKPOINTS, (*_PAPER, "diagnostic_log", "training_trace")),
    Habit("steward-2", "steward", 4, 12, CHECKPOINTS, (*_PAPER, "diagnostic_log", "training_trace")),
    Habit("steward-3", "steward", 4, 5, CHECKPOINTS, _PAPER),
    Habit("custodian-1", "custodian", 5, 9, CHECKPOINTS, KINDS, ("read", "write", "list", "head")),
    Habit("submitter-1", "submitter", 3, 8, _ONCO, (*_PAPER, "training_trace"), ("read", "list", "write")),
    Habit("submitter-2", "submitter", 3, 9, _GLYCO + _DIGITS, (*_PAPER, "training_trace"), ("read", "list", "write")),
    Habit("board-1", "board_member", 2, 1.5, CHECKPOINTS, ("docs", "eval_output")),
    Habit("board-2", "board_member", 2, 1, CHECKPOINTS, ("docs",)),
    Habit("auditor-1", "auditor", 4, 3, CHECKPOINTS, _PAPER, ("read", "list")),
    Habit("researcher-1", "researcher", 1, 6, CHECKPOINTS, _PAPER, denied=0.08),
    Habit("researcher-2", "researcher", 3, 10, _ONCO + _GLYCO, (*_PAPER, "weights"), denied=0.05),
    Habit("consortium-analyst-1", "researcher", 2, 32, ("onco-mlp-v4",), ("weights",), _ASK, agreement=_AGREED),
    Habit("consortium-analyst-2", "researcher", 2, 21, ("onco-mlp-v4",), ("weights",), _ASK, agreement=_AGREED),
    Habit("consortium-analyst-3", "researcher", 2, 9, ("onco-mlp-v4", "onco-mlp-v2"), ("weights",), _ASK, denied=0.06,
          agreement=_AGREED),
    Habit("site-north", "researcher", 1, 7, _DIGITS, ("docs", "config"), denied=0.04),
    Habit("site-south", "researcher", 1, 5, _DIGITS, ("docs", "config"), denied=0.04),
    Habit("svc-integrity-check", "service", 5, 20, CHECKPOINTS, KINDS, ("head", "read"), NIGHT, 1.0, 0.0, "service",
          "northmoor-integrity/2.1"),
    Habit("svc-backup", "service", 5, 15, CHECKPOINTS, KINDS, ("read",), NIGHT, 1.0, 0.0, "service", "restic/0.18"),
    Habit("anonymous", "", 0, 2.5, CHECKPOINTS, ("docs", "weights"), ("read", "list", "head"), (1.0,) * 24, 1.0, 0.6,
          "unknown", "curl/8.11"),
)  # fmt: skip


def simulate(*, today: datetime, days: int, seed: int) -> list[dict[str, Any]]:
    """Return canonical access events of the last ``days`` days until ``today``, in the order of time."""
    rng = random.Random(seed)  # noqa: S311 a repeatable simulation, no secret
    first = (today - timedelta(days=days)).date()
    drawn: list[tuple[datetime, Habit, dict[str, Any]]] = []
    for offset in range(days + 1):
        day = datetime.combine(first + timedelta(days=offset), time(), UTC)
        for habit in HABITS:
            drawn += [(moment, habit, {}) for moment in _moments(rng, habit, day)]
    drawn += list(_stories(rng, today))
    drawn = sorted((one for one in drawn if one[0] <= today), key=lambda one: one[0])
    return [_event(rng, number, *one) for number, one in enumerate(drawn)]


def as_lines(events: Sequence[dict[str, Any]]) -> bytes:
    """Return one JSON event per line."""
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def _moments(rng: random.Random, habit: Habit, day: datetime) -> Iterator[datetime]:
    expected = habit.daily * (habit.weekend if day.weekday() >= 5 else 1)  # noqa: PLR2004 Saturday
    for _ in range(_count(rng, expected)):
        hour = rng.choices(range(24), habit.hours)[0]
        yield day + timedelta(hours=hour, seconds=rng.uniform(0, 3600))


def _count(rng: random.Random, expected: float) -> int:
    """Draw a number of events around the expected one, wider than a coin's: people have busy days."""
    return int(rng.gammavariate(4, expected / 4) + rng.random())


def _stories(rng: random.Random, today: datetime) -> Iterator[tuple[datetime, Habit, dict[str, Any]]]:
    by_name = {habit.principal: habit for habit in HABITS}
    night = (today - timedelta(days=11)).replace(hour=2, minute=10)
    for i in range(64):
        read = {"action": "read", "component": "weights", "outcome": "ok", "checkpoint_id": _ONCO[i % 5]}
        yield night + timedelta(seconds=20 * i + rng.uniform(0, 9)), by_name["researcher-2"], read
    tried = (today - timedelta(days=5)).replace(hour=19, minute=40)
    for i in range(48):
        refused = {"action": "read", "component": "weights", "outcome": "denied", "checkpoint_id": CHECKPOINTS[i % 15]}
        yield tried + timedelta(seconds=35 * i + rng.uniform(0, 20)), by_name["researcher-1"], refused
    for day in range(6):
        start = (today - timedelta(days=3 + day)).replace(hour=9, minute=0)
        for _ in range(90):
            query = {"action": "query", "component": "weights", "outcome": "ok", "checkpoint_id": "onco-mlp-v4"}
            yield start + timedelta(seconds=rng.uniform(0, 28_000)), by_name["consortium-analyst-1"], query


def _event(rng: random.Random, number: int, ts: datetime, habit: Habit, fixed: dict[str, Any]) -> dict[str, Any]:
    checkpoint = fixed.get("checkpoint_id") or rng.choice(habit.checkpoints)
    component = fixed.get("component") or rng.choice(habit.components)
    action = fixed.get("action") or rng.choice(habit.actions)
    outcome = fixed.get("outcome") or ("denied" if rng.random() < habit.denied else "ok")
    moved = SIZES[component] * rng.uniform(0.8, 1.2) if action in {"read", "write"} else 180 * rng.uniform(0.5, 2)
    lineage, _, version = checkpoint.rpartition("-")
    event = {
        "schema": "exeat-access-event/1",
        "ts": ts.isoformat(timespec="seconds"),
        "source": SOURCE,
        "source_event_id": f"{ts:%Y%m%d}-{number:06d}",
        "principal": habit.principal,
        "principal_kind": habit.kind,
        "role": habit.role or None,
        "client_ip": f"192.0.2.{1 + sum(habit.principal.encode()) % 250}",
        "user_agent": habit.agent,
        "checkpoint_id": checkpoint,
        "lineage_id": lineage,
        "version": version.removeprefix("v"),
        "component": component,
        "tier": habit.tier,
        "path": f"/models/{checkpoint}/{component}",
        "action": action,
        "bytes": int(moved) if outcome == "ok" else 0,
        "outcome": outcome,
        "status": "200" if outcome == "ok" else "403",
        "agreement_id": habit.agreement,
        "agreement_source": "header" if habit.agreement else "none",
        "simulated": True,
    }
    return {key: value for key, value in event.items() if value is not None}
