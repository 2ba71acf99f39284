"""The policy that Exeat brings along; an organisation adopts its own."""

from __future__ import annotations

from importlib.resources import files


def load_default() -> bytes:
    """Return the default policy file, byte for byte; its digest is that of these bytes."""
    return files("exeat.policy").joinpath("default.toml").read_bytes()
