"""PyTorch distributed checkpoint: the pickled ``.metadata`` that names tensors and files, and the files beside it."""

from __future__ import annotations

METADATA = ".metadata"
