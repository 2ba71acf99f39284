"""Play the story of the sample organisation through the real services, with a clock that counts back from today."""

from __future__ import annotations

import re
import tempfile
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.demo.access_events import as_lines, simulate
from exeat.demo.dates import MADE_ON, stage
from exeat.demo.people import load_people
from exeat.demo.steps import STEPS, Scene
from exeat.errors import BadInput, ExeatError

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.desk import Desk

_AT = re.compile(r"-(\d{1,3})d (\d{2}):(\d{2})")
EVENT_DAYS = 60
EVENT_SEED = 20261124


class Loaded(NamedTuple):
    """What loading the demo wrote."""

    steps: int
    entries: int
    access_events: int


def load_demo(
    desk: Desk, data_dir: Path, set_clock: Callable[[datetime], None], *, now: datetime | None = None
) -> Loaded:
    """Play ``story.toml`` and ingest simulated access events; raise BadInput where the story cannot go on.

    ``set_clock`` sets the clock that the desk was opened with. Nothing is written past the services: each step may be
    refused like any click.
    """
    today = (now or datetime.now(UTC)).replace(microsecond=0)
    people = {person.person_id: person for person in load_people(data_dir / "people.toml")}
    steps = read_story(data_dir / "story.toml")
    with tempfile.TemporaryDirectory(prefix="exeat-demo-") as folder:
        staged = Path(folder)
        stage(data_dir, staged, (today.date() - MADE_ON).days)
        scene = Scene(desk, people, data_dir, staged)
        with desk.evidence.one_inspector():
            for number, step in enumerate(steps, start=1):
                set_clock(min(moment_of(step["at"], today), today))
                _play(scene, number, step)
        set_clock(today)
        events = simulate(today=today, days=EVENT_DAYS, seed=EVENT_SEED)
        result = desk.evidence.ingest_bytes("simulated access events", as_lines(events), people["custodian-1"])
        if result.rejected:
            raise BadInput(f"The simulated access events were refused: {result.rejected[0].reason}", "Report this.")
    return Loaded(len(steps), desk.ledger.size(), len(events))


def read_story(path: Path) -> list[dict[str, Any]]:
    """Return the steps of a story in file order, which is the order of time."""
    steps: list[dict[str, Any]] = tomllib.loads(path.read_text())["step"]
    return steps


def moment_of(at: str, today: datetime) -> datetime:
    """Return the point in time of ``-9d 10:12``: that many days before today, at that hour in UTC."""
    match = _AT.fullmatch(at)
    if match is None:
        raise BadInput(f"{at!r} is not a time of the story.", 'Write it like "-9d 10:12".')
    days, hour, minute = (int(part) for part in match.groups())
    return (today - timedelta(days=days)).replace(hour=hour, minute=minute, second=0)


def _play(scene: Scene, number: int, step: dict[str, Any]) -> None:
    where = f"Step {number} of the story ({step['at']}, {step['who']}: {step['do']} {step.get('release', '')})"
    play = STEPS.get(step["do"])
    if play is None or step["who"] not in scene.people:
        raise BadInput(f"{where} names an unknown person or deed.", f"Known deeds: {', '.join(sorted(STEPS))}.")
    try:
        play(scene, scene.people[step["who"]], step, f"story-{number}")
    except ExeatError as exc:
        raise BadInput(f"{where} was refused: {exc.headline}", exc.what_to_do) from exc
