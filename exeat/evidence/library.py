"""Parsed documents by digest, the latest used kept in memory; immutable, so any thread may share them."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from exeat.model.documents import parse_document

if TYPE_CHECKING:
    from exeat.evidence.ports import Objects
    from exeat.model.base import Document

D = TypeVar("D", bound="Document")
KEPT = 4096


class Library:
    """A bounded cache in front of the evidence store."""

    def __init__(self, objects: Objects, kept: int = KEPT) -> None:
        self._objects = objects
        self._kept = kept
        self._lock = Lock()
        self._documents: OrderedDict[str, Document] = OrderedDict()

    def document(self, sha256: str, kind: type[D]) -> D:
        """Return the document of that digest; raise NotFound, Tampered, or BadInput when it is of another kind."""
        with self._lock:
            held = self._documents.get(sha256)
            if isinstance(held, kind):
                self._documents.move_to_end(sha256)
                return held
        document = parse_document(self._objects.get(sha256), kind)
        self.remember(sha256, document)
        return document

    def remember(self, sha256: str, document: Document) -> None:
        """Hold a document that was just parsed, and let the longest unused one go."""
        with self._lock:
            self._documents[sha256] = document
            self._documents.move_to_end(sha256)
            while len(self._documents) > self._kept:
                self._documents.popitem(last=False)
