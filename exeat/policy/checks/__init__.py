"""One module per section of the checklist; importing this package fills ``REGISTRY``."""

from exeat.policy.checks import dp, exposure, governance, membership, model, provenance, separation, tier
from exeat.policy.checks.registry import REGISTRY, Check, table

__all__ = [
    "REGISTRY",
    "Check",
    "dp",
    "exposure",
    "governance",
    "membership",
    "model",
    "provenance",
    "separation",
    "table",
    "tier",
]
