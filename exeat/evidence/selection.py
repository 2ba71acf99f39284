"""Which tensors of a checkpoint a minimised file keeps: those of the chosen parts, the weights unless one says more."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.model.inspection import PartKind
from exeat.model.tier import ComponentKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from exeat.model.manifest import Manifest

PART_OF = {
    **dict.fromkeys(
        (ComponentKind.WEIGHTS, ComponentKind.ADAPTER, ComponentKind.EMBEDDING, ComponentKind.SURROGATE),
        PartKind.WEIGHTS,
    ),
    ComponentKind.OPTIMIZER_STATE: PartKind.OPTIMIZER_STATE,
    ComponentKind.SCHEDULER: PartKind.SCHEDULER,
    ComponentKind.RNG_STATE: PartKind.RNG_STATE,
}
"""The part of a file that a component of a manifest is, for components that are made of tensors."""


class Selection(NamedTuple):
    """Kinds of parts, and the beginnings of tensor names where only some of their tensors are wanted."""

    kinds: frozenset[PartKind] = frozenset({PartKind.WEIGHTS})
    prefixes: tuple[str, ...] = ()

    def takes(self, name: str, kind: PartKind) -> bool:
        """Return whether the tensor is kept."""
        return kind in self.kinds and (not self.prefixes or name.startswith(self.prefixes))


WEIGHTS_ONLY = Selection()


def of_components(manifest: Manifest, component_ids: Collection[str]) -> Selection:
    """Return what the proposed components need of a file; raise BadInput when none of them is made of tensors."""
    chosen = [component.kind for component in manifest.components if component.id in component_ids]
    kinds = frozenset(PART_OF[kind] for kind in chosen if kind in PART_OF)
    if not kinds:
        raise BadInput(
            "None of the proposed components is made of tensors.",
            "Propose the weights, or leave the file as it is.",
        )
    return Selection(kinds)
