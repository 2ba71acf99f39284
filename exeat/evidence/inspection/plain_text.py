"""Tell plain text from everything else."""

from __future__ import annotations

WEIGHTS = (
    *(".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".p", ".joblib", ".npy", ".npz", ".safetensors", ".onnx"),
    *(".gguf", ".distcp", ".pt2", ".ptl", ".nemo", ".h5", ".hdf5", ".keras", ".msgpack", ".tar", ".zip", ".dill"),
)
"""Ends of names under which loaders expect a checkpoint, never a text."""


def plain_text(data: bytes) -> str | None:
    """Return UTF-8 text without control characters other than the usual ones between lines, or None."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return text if is_plain(text) else None


def is_plain(text: str) -> bool:
    """Return whether a text holds no control characters other than the usual ones between lines."""
    return not any(char < " " and char not in "\t\n\r\f" for char in set(text))
