"""What one source says of a checkpoint, field by field with its origin; several sources merged, none preferred."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.gaps import Gap, gaps_of, manifest_of
from exeat.evidence.joining import joined, renamed
from exeat.evidence.manifest_path import flatten, nest, steps
from exeat.evidence.readers.values import framework

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exeat.model.manifest import Manifest

PERSON = "person"
MAX_FACTS = 50_000
"""Most facts that one merge takes; more is an attack or a mistake."""
NUMBERS = frozenset(
    {"epsilon", "delta", "sample_rate", "noise_multiplier", "clip_norm", "value", "ci_low", "ci_high", "ci_level"}
    | {"approximation_value"}
)
"""Fields whose text is a decimal: 6.0 and 6 say the same."""


class Origin(NamedTuple):
    """Where a fact comes from: the reader, the file as shown, and the JSON or YAML path, line or member in it."""

    reader: str
    file: str
    place: str


class Fact(NamedTuple):
    """One value at one path of our manifest, such as ``dp.epsilon`` or ``metrics[test-roc-auc].value``."""

    path: str
    value: Any
    origin: Origin


class Partial(NamedTuple):
    """What one source says; ``notes`` holds what our manifest has no place for, or what could not be read."""

    reader: str
    file: str
    sha256: str
    facts: tuple[Fact, ...]
    notes: tuple[str, ...] = ()


class Contradiction(NamedTuple):
    """Sources that disagree about one path; ``settled`` is the answer of a person, if there is one."""

    path: str
    facts: tuple[Fact, ...]
    settled: Fact | None = None


class Merged:
    """All facts about one checkpoint, by path."""

    def __init__(self, partials: Sequence[Partial], answers: Mapping[str, Any] | None = None) -> None:
        self.partials = tuple(partials)
        self.answers = dict(answers or {})
        self._facts: dict[str, list[Fact]] = {}
        self._answered: dict[str, Fact] = {}
        facts, moved = joined(list(_leaves(fact for partial in partials for fact in partial.facts)))
        for fact in facts:
            self._facts.setdefault(fact.path, []).append(fact)
        origin = Origin(PERSON, "", "")
        for fact in _leaves(Fact(renamed(path, moved), value, origin) for path, value in self.answers.items()):
            self._answered[fact.path] = fact

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path that some source or a person speaks of, in the order of their first mention."""
        return tuple(dict.fromkeys([*self._facts, *self._answered]))

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """Return (file, note) of every source."""
        return tuple((partial.file, note) for partial in self.partials for note in partial.notes)

    def facts_of(self, path: str) -> tuple[Fact, ...]:
        """Return what the sources say of the path, the answer of a person first."""
        answer = self._answered.get(path)
        return (*([answer] if answer else []), *self._facts.get(path, ()))

    def value(self, path: str) -> Any:
        """Return the agreed value; None when nobody says, or the sources disagree and nobody settled it."""
        answer = self._answered.get(path)
        if answer is not None:
            return answer.value
        facts = self._facts.get(path, [])
        return _agreed(facts) if facts and not _disagree(facts) else None

    @cached_property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Return every path about which sources disagree, settled by a person or not."""
        return tuple(
            Contradiction(path, tuple(facts), self._answered.get(path))
            for path, facts in self._facts.items()
            if _disagree(facts)
        )

    @property
    def unsettled(self) -> tuple[Contradiction, ...]:
        """Return the contradictions that no person has settled."""
        return tuple(found for found in self.contradictions if found.settled is None)

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """Return what exeat-manifest/1 needs and no source gives, or gives in a form that does not fit."""
        return gaps_of(self.document(), frozenset(found.path for found in self.unsettled))

    def document(self) -> dict[str, Any]:
        """Return the nested manifest of all agreed facts; what the sources disagree about is left out."""
        values = {path: self.value(path) for path in self.paths if not self._left_out(path)}
        return {"schema": "exeat-manifest/1", **nest({path: v for path, v in values.items() if v is not None})}

    def _left_out(self, path: str) -> bool:
        """Return whether a person answered None for a part that holds the path."""
        gone = [answer.path for answer in self._answered.values() if answer.value is None]
        return path.startswith(tuple(f"{part}{sign}" for part in gone for sign in ".["))

    def with_answers(self, answers: Mapping[str, Any]) -> Merged:
        """Return the same with answers of a person by path (or nested); they win, the contradiction stays visible.

        The answer None leaves a field out, or a part: ``{"components[notes]": None}``.
        """
        return Merged(self.partials, {**self.answers, **answers})


def merge(partials: Sequence[Partial]) -> Merged:
    """Put together what several sources say of one checkpoint."""
    return Merged(partials)


def complete(merged: Merged) -> Manifest:
    """Return the manifest; raise BadInput that names the first contradiction or gap."""
    for found in merged.unsettled:
        said = " / ".join(f"{str(fact.value)[:60]} ({fact.origin.file})" for fact in found.facts[:4])
        raise BadInput(
            f"The sources disagree about {found.path}: {said}.", "Say which is right.", place=f"$.{found.path}"
        )
    for gap in merged.gaps:
        raise BadInput(gap.sentence, "Fill it in, or add a source that says it.", place=f"$.{gap.path}")
    return manifest_of(merged.document())


def _leaves(facts: Iterable[Fact]) -> Iterable[Fact]:
    count = 0
    for fact in facts:
        for path, value in flatten(fact.path, fact.value):
            count += 1
            if count > MAX_FACTS:
                raise BadInput(
                    f"The sources state more than {MAX_FACTS:,} facts.", "Describe one checkpoint at a time."
                )
            steps(path)
            yield Fact(path, value, fact.origin)


def _disagree(facts: Sequence[Fact]) -> bool:
    if facts[0].path.endswith(".contains"):
        most = _words(max(facts, key=lambda fact: len(_words(fact))))
        return any(not _words(fact) <= most for fact in facts)
    first = _comparable(facts[0])
    return any(_comparable(fact) != first for fact in facts[1:])


def _agreed(facts: Sequence[Fact]) -> Any:
    """Return what all say; of what a file contains, the longest list, which includes the others."""
    if facts[0].path.endswith(".contains"):
        return max(facts, key=lambda fact: len(_words(fact))).value
    return facts[0].value


def _words(fact: Fact) -> frozenset[str]:
    """Return a list of contents in one spelling: ``hyper-parameters`` are ``hyperparameters``."""
    said = fact.value if isinstance(fact.value, list | tuple) else [fact.value]
    return frozenset("".join(c for c in str(part).lower() if c.isalnum()) for part in said)


def _comparable(fact: Fact) -> Any:
    """Return the value in the form in which two sources are compared: decimals by their value."""
    value = list(fact.value) if isinstance(fact.value, tuple) else fact.value
    if isinstance(value, bool):
        return ("truth", value)  # Python takes True for 1
    leaf = fact.path.rsplit(".", 1)[-1]
    if fact.path == "training.framework":
        return (framework(value) or "").lower()
    numeric = leaf in NUMBERS or fact.path.startswith("hyperparameters[")
    return _decimal(value) if numeric and isinstance(value, str | int) else value


def _decimal(value: str | int) -> Any:
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        return value
    return number if number.is_finite() else value
