"""The demo people: made up, labelled demo, anyone may act as any of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

from exeat.errors import BadInput
from exeat.model.person import Person, Role
from exeat.model.tier import Tier

SAMPLE = Path(__file__).resolve().parents[2] / "data"
"""The sample organisation's folder in a checkout."""


def load_people(path: Path = SAMPLE / "people.toml") -> list[Person]:
    """Return the people of ``people.toml`` in file order, authenticated as ``demo``; raise BadInput."""
    try:
        rows = tomllib.loads(path.read_text())["person"]
        return [
            Person(
                row["id"],
                row["name"],
                frozenset(Role(role) for role in row["roles"]),
                Tier(row.get("tier", "T0")),
                "demo",
            )
            for row in rows
        ]
    except (OSError, KeyError, TypeError, ValueError) as exc:
        raise BadInput(f"The demo people cannot be read from {path.name}: {exc}.", "Restore data/people.toml.") from exc


def abouts(path: Path = SAMPLE / "people.toml") -> dict[str, str]:
    """Return person id -> one line that says what the person does."""
    return {row["id"]: row.get("about", "") for row in tomllib.loads(path.read_text())["person"]}
