"""Exeat decides which model checkpoints may leave, to whom, in what form and for how long."""

__version__ = "0.1.0"
