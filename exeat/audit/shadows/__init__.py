"""Shadow models: like the target, trained on random halves of its records, together where that is possible."""

from exeat.audit.shadows.stack import Stack
from exeat.audit.shadows.training import train_shadows

__all__ = ["Stack", "train_shadows"]
