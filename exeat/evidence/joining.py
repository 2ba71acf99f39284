"""Tell that two descriptions are of one file: by its path, or by its digest where one of them is the file itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.manifest_path import item

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exeat.evidence.partial import Fact

ITSELF = "the file itself"
"""Place of what was measured on a file: its size, its digest, where it lies."""
_HEAD = "components["


class _Listed:
    """What the sources say of one component, as far as it tells which file it is."""

    def __init__(self) -> None:
        self.paths: set[str] = set()
        self.digests: set[str] = set()
        self.named = False
        """Whether a source gives it an id of its own."""
        self.measured_only = True
        """Whether nobody but the file itself speaks of it."""

    def add(self, field: str, fact: Fact) -> None:
        """Take one fact about the component."""
        self.measured_only &= fact.origin.place.startswith(ITSELF)
        self.named |= field == "id"
        if field == "path":
            self.paths.add(str(fact.value))
        elif field == "sha256":
            self.digests.add(str(fact.value))


def joined(facts: Sequence[Fact]) -> tuple[list[Fact], dict[str, str]]:
    """Return the facts with one path for each file, and which component was moved to which.

    A file that lies under another name than the list gives it, with the digest of the list, is the listed one.
    """
    listed = _components(facts)
    by_path, by_digest = _first_of_each(listed), _only_of_each(listed)
    moved: dict[str, str] = {}
    elsewhere: set[str] = set()
    for key, one in listed.items():
        targets = {by_path[path] for path in one.paths} - {key}
        twin = by_digest.get(next(iter(one.digests), "")) if one.measured_only else None
        if targets:
            moved[key] = min(targets)
        elif twin and twin != key:
            moved[key] = twin
            elsewhere.add(key)
    kept = [fact for fact in facts if not _is_path_of(fact, elsewhere)]
    return [fact._replace(path=renamed(fact.path, moved)) for fact in kept], moved


def renamed(path: str, moved: Mapping[str, str]) -> str:
    """Return the path after joining."""
    key, field = _split(path)
    return item("components", moved[key], field) if key in moved else path


def _components(facts: Sequence[Fact]) -> dict[str, _Listed]:
    listed: dict[str, _Listed] = {}
    for fact in facts:
        key, field = _split(fact.path)
        if key:
            listed.setdefault(key, _Listed()).add(field, fact)
    return listed


def _split(path: str) -> tuple[str, str]:
    if not path.startswith(_HEAD):
        return "", ""
    key, _, field = path.removeprefix(_HEAD).partition("]")
    return key, field.removeprefix(".")


def _is_path_of(fact: Fact, keys: set[str]) -> bool:
    key, field = _split(fact.path)
    return field == "path" and key in keys


def _first_of_each(listed: Mapping[str, _Listed]) -> dict[str, str]:
    """Return the component that stands for each path: one with an id of its own, or else the first mentioned."""
    found: dict[str, str] = {}
    for key, one in sorted(listed.items(), key=lambda pair: not pair[1].named):
        for path in one.paths:
            found.setdefault(path, key)
    return found


def _only_of_each(listed: Mapping[str, _Listed]) -> dict[str, str]:
    """Return the listed component of each digest, where there is one and no second."""
    found: dict[str, list[str]] = {}
    for key, one in listed.items():
        for digest in () if one.measured_only else one.digests:
            found.setdefault(digest, []).append(key)
    return {digest: keys[0] for digest, keys in found.items() if len(keys) == 1}
