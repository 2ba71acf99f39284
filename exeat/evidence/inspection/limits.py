"""How much of a hostile file is read before it is refused; every figure is a cap, not a policy."""

from __future__ import annotations

from typing import NamedTuple

MIB = 2**20


class Limits(NamedTuple):
    """Caps of one inspection; bytes, counts and seconds as named."""

    pickle_bytes: int = 32 * MIB
    """One pickle stream without its tensors."""
    opcodes: int = 2_000_000
    """Pickle opcodes in one file."""
    depth: int = 200
    """Marks open at one time in a pickle; levels of nesting."""
    nested_pickles: int = 4
    """Pickles inside strings of pickles."""
    members: int = 200_000
    """Members of an archive, files of a folder."""
    tensors: int = 200_000
    """Tensors of a checkpoint."""
    listed_tensors: int = 5_000
    """Tensors named one by one in the result."""
    elements: int = 2**38
    """Elements of one tensor."""
    header_bytes: int = 100 * MIB
    """A safetensors header (the format's own cap); ONNX and GGUF headers."""
    text_bytes: int = 16 * MIB
    """Text searched for leakage channels."""
    ratio: int = 100
    """Unpacked bytes per packed byte of a compressed member."""
    unpacked_bytes: int = 256 * MIB
    """Bytes that the compressed members of one archive unpack to."""
    second_opinion: bool = True
    """Ask torch's own scanner in a child process; fuzzers of our own walk leave it out and the result says so."""
    child_seconds: int = 60
    """Wall and CPU time of that child."""
    child_bytes: int = 2 * 2**30
    """Memory of that child above the size of the file."""


DEFAULT = Limits()
