"""Audit of a trained model: attacks, bounds and recorders. torch is imported here only, and only when used.

The names below are the whole public interface; each is loaded when it is first asked for, so that importing
``exeat.audit`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exeat.audit.attribute import Attribute
    from exeat.audit.engine.checkpoint import digests_of
    from exeat.audit.engine.run import audit, estimate
    from exeat.audit.linkage import Linkable
    from exeat.audit.recorder import Recorder
    from exeat.audit.regimes import Regime
    from exeat.audit.target import Recipe, Records, Target

__all__ = [
    "Attribute",
    "Linkable",
    "Recipe",
    "Recorder",
    "Records",
    "Regime",
    "Target",
    "audit",
    "digests_of",
    "estimate",
]

_HOMES = {
    "Attribute": "exeat.audit.attribute",
    "Linkable": "exeat.audit.linkage",
    "Recipe": "exeat.audit.target",
    "Recorder": "exeat.audit.recorder",
    "Records": "exeat.audit.target",
    "Regime": "exeat.audit.regimes",
    "Target": "exeat.audit.target",
    "audit": "exeat.audit.engine.run",
    "estimate": "exeat.audit.engine.run",
    "digests_of": "exeat.audit.engine.checkpoint",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for."""
    home = _HOMES.get(name)
    if home is None:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
