"""Why a reader of a format gives up: one exception that becomes one problem of the inspection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

COPY_AGAIN = "The file was cut off, or is not complete yet; copy it again from its origin."
SAVE_AGAIN = "Save it again with the library that made it."
AMBIGUOUS = "Readers disagree about such files, so nobody knows what leaves with it. Save it again from its origin."


class Refusal(BadInput):
    """A file that is not what its format demands; ``unsafe`` where somebody may have made it so on purpose."""

    def __init__(
        self, code: str, headline: str, what_to_do: str = SAVE_AGAIN, *, place: str = "", unsafe: bool
    ) -> None:
        super().__init__(headline, what_to_do, place=place)
        self.code = code
        self.unsafe = unsafe

    def tell(self, judge: Judge, window: Window) -> None:
        """Put the refusal among the problems of the file."""
        place = window.place(self.place) if self.place else window.name
        judge.problem(self.code, self.headline, self.what_to_do, place, unsafe=self.unsafe)


def cut(headline: str, place: str = "") -> Refusal:
    """Return the refusal of a file that ends too early."""
    return Refusal("file-cut", headline, COPY_AGAIN, place=place, unsafe=False)


def damaged(headline: str, place: str = "") -> Refusal:
    """Return the refusal of a file that no reader accepts."""
    return Refusal("header-damaged", headline, place=place, unsafe=False)


def ambiguous(code: str, headline: str, place: str = "") -> Refusal:
    """Return the refusal of a file in which readers see different things, or in which something is hidden."""
    return Refusal(code, headline, AMBIGUOUS, place=place, unsafe=True)


def bomb(headline: str, place: str = "") -> Refusal:
    """Return the refusal of a small file that asks its reader for large amounts of memory or time."""
    what = "No checkpoint needs this. Treat the file as hostile, or save it again from its origin."
    return Refusal("header-bomb", headline, what, place=place, unsafe=True)


def shown(name: str, limit: int = 100) -> str:
    """Return a name out of a file for a sentence: printable, quoted, short."""
    text = name if name.isprintable() else ascii(name)[1:-1]
    return f"“{text if len(text) <= limit else text[:limit] + '…'}”"
