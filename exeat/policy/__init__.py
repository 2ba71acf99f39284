"""Checklist, assessment and figures: pure functions. No I/O."""
