"""What a corpus file is: a name, the family it belongs to, where the trick was published, and how it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Mark(NamedTuple):
    """A harmless payload: it creates one empty file, so that execution leaves a trace."""

    path: str

    @property
    def sh(self) -> str:
        """Return the shell command."""
        return f"touch {self.path}"

    @property
    def argv(self) -> list[str]:
        """Return the command for functions that take a list."""
        return ["sh", "-c", self.sh]

    @property
    def py(self) -> str:
        """Return a Python expression, also a statement."""
        return f"open({self.path!r},'w').close()"


class Unsafe(NamedTuple):
    """A file whose reader runs what the file says. `reader` sets it off; an empty one has its reason in `why`."""

    name: str
    family: str
    source: str
    write: Callable[[Path, Mark], None]
    reader: str = "pickle"
    why: str = ""


class Healthy(NamedTuple):
    """A file or folder that people release. `reader` says how the tests check it: weights_only, safetensors or none."""

    name: str
    family: str
    write: Callable[[Path], None]
    reader: str = "weights_only"
