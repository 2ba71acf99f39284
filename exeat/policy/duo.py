"""Data-use codes (GA4GH DUO): whether a stated purpose lies within what a data source permits.

Only the permission terms are compared by machine; modifiers (non-profit only, ethics approval, …) need a person.
Source: the Data Use Ontology, https://github.com/EBISPOT/DUO (terms 0000004, 0000042, 0000006, 0000007, 0000011).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_RESTRICTION, GENERAL, HEALTH, DISEASE, POPULATIONS = (f"DUO:{n:07d}" for n in (4, 42, 6, 7, 11))
PERMITS: dict[str, frozenset[str]] = {
    NO_RESTRICTION: frozenset({NO_RESTRICTION, GENERAL, HEALTH, DISEASE, POPULATIONS}),
    GENERAL: frozenset({GENERAL, HEALTH, DISEASE, POPULATIONS}),
    HEALTH: frozenset({HEALTH, DISEASE}),
    DISEASE: frozenset({DISEASE}),
    POPULATIONS: frozenset({POPULATIONS}),
}


def excluded(purpose: Sequence[str], permitted: Sequence[str]) -> tuple[str, ...]:
    """Return the purposes that none of the source's permission terms covers; () when either side states none."""
    grants = [PERMITS[code] for code in permitted if code in PERMITS]
    asked = [code for code in purpose if code in PERMITS]
    return tuple(code for code in asked if grants and not any(code in grant for grant in grants))
