"""The table of checks: checklist id -> pure function from the matter to an outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exeat.policy.matter import Matter, Outcome

Check = Callable[["Matter"], "Outcome"]
REGISTRY: dict[str, Check] = {}


def check(item_id: str) -> Callable[[Check], Check]:
    """Register the function as the answer to a checklist item; two for one item are a mistake."""

    def register(function: Check) -> Check:
        if item_id in REGISTRY:
            msg = f"checklist item {item_id} has two checks"
            raise RuntimeError(msg)
        REGISTRY[item_id] = function
        return function

    return register


def table() -> list[tuple[str, str]]:
    """Return (checklist id, what is computed in one sentence) in the order of the checklist, for the documents."""
    return [(name, (REGISTRY[name].__doc__ or "").strip().splitlines()[0]) for name in REGISTRY]
