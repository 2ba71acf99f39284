"""Membership attacks on a target with shadow models of it; all scores in the log domain, higher meaning member."""

from exeat.audit.attacks.run import ATTACKS, NEEDS_NO_SHADOWS, run_attacks

__all__ = ["ATTACKS", "NEEDS_NO_SHADOWS", "run_attacks"]
