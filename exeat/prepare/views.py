"""What the page gets to draw a draft: what its files say, what is missing, what reviewers will see, what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exeat.evidence.manifest_path import steps
from exeat.model.manifest import Manifest
from exeat.policy.finding import Barrier
from exeat.prepare.form import label_of, question_of
from exeat.prepare.proposal import belongs_to_the_wish

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from exeat.evidence.binding import BoundFile
    from exeat.evidence.partial import Merged
    from exeat.model.draft import Draft, DraftFile
    from exeat.model.policy import Policy
    from exeat.model.release import Proposal
    from exeat.model.tier import Disposition
    from exeat.policy.contents import Contents
    from exeat.prepare.binding import Tied
    from exeat.prepare.preview import Described, Preview
    from exeat.prepare.reading import FilesRead
    from exeat.prepare.rules import Missing

FILES, MANIFEST, LEAVES, REPORTS = "files", "manifest", "leaves", "reports"
STEP_WORDS = {
    FILES: "among the files",
    MANIFEST: "in the description",
    LEAVES: "in what leaves",
    REPORTS: "about the reports",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One draft as its owner sees it today.

    ``merged`` holds the answers too. ``preview`` is None until description and tier are complete. ``why_not_submit``
    is the sentence beside the button, None when it is on; pass ``draft.version`` as ``seen``.
    """

    draft: Draft
    today: date
    policy: Policy
    found: FilesRead
    merged: Merged
    forms: Mapping[str, Disposition]
    unbound: tuple[DraftFile, ...]
    """Reports that name no model: the page asks what binds them."""
    bound_by_upload: Mapping[str, BoundFile]
    missing: tuple[Missing, ...]
    described: Described | None
    tied: Tied
    contents: Contents
    """What the model files contain, by component id, as reviewers will see it."""
    release_id: str
    proposal: Proposal | None
    preview: Preview | None
    why_not_change: str | None
    why_not_submit: str | None

    @property
    def title(self) -> str:
        """Return what to call the draft."""
        return title_of(self.draft, self.merged)

    @property
    def asked(self) -> tuple[str, ...]:
        """Return the paths that the form asks: what is missing or was typed, in the order of the schema."""
        gaps = [gap.path for gap in self.merged.gaps]
        disputed = {found.path for found in self.merged.contradictions}
        why = ["no_safeguards_reason"] if self.draft.answers.get("safeguards") == [] else []
        paths = dict.fromkeys(
            [*gaps, *why, *(path for answer in self.draft.answers for path in _shown(answer, self.draft))]
        )
        asked = [path for path in paths if not belongs_to_the_wish(path) and path not in disputed]
        order = list(Manifest.model_fields)
        return tuple(sorted(asked, key=lambda path: order.index(first) if (first := steps(path)[0]) in order else -1))

    def entries(self, path: str) -> tuple[str, ...]:
        """Return the keys of the entries that the person added to a list."""
        mine = [one for one, value in self.draft.answers.items() if _adds(one, value) and one.startswith(f"{path}[")]
        return tuple(one.removeprefix(f"{path}[").removesuffix("]") for one in mine)

    @property
    def fits(self) -> Mapping[str, str]:
        """Return path -> sentence of each gap."""
        return {gap.path: question_of(gap.path, gap.sentence) for gap in self.merged.gaps}

    @property
    def answer(self) -> str:
        """Return the sentence that opens the page."""
        return answer_of(self)


def _shown(path: str, draft: Draft) -> tuple[str, ...]:
    """Return the fields of the form for one answer: itself, or the list to which it adds an entry."""
    return (steps(path)[0],) if _adds(path, draft.answers[path]) else (path,)


def _adds(path: str, value: object) -> bool:
    """Return whether an answer adds an entry to a list."""
    return isinstance(value, dict) and path.endswith("]")


def title_of(draft: Draft, merged: Merged | None = None) -> str:
    """Return what to call a draft: the title of the release, of the model, or the first file."""
    named = merged.value("title") if merged is not None else draft.answers.get("title")
    first = draft.files[0].name if draft.files else ""
    return str(draft.wish.title or named or first or f"Draft of {draft.created_at:%Y-%m-%d %H:%M}")


def answer_of(view: Prepared) -> str:
    """Say what is missing, what stands against the release, and whose turn it is."""
    if view.draft.sent is not None:
        return f"Submitted as {view.draft.sent.release_id}, ledger entry {view.draft.sent.seq:,}."
    if not view.draft.files:
        return "Nothing is uploaded yet. Start with the model file and whatever describes it."
    stands = against(view)
    if view.missing:
        count = len(view.missing)
        steps = "; ".join(f"{n} {STEP_WORDS[step]}" for step, n in counts(view.missing).items())
        lacks = f"One thing is missing, {steps[2:]}." if count == 1 else f"{count} things are missing: {steps}."
        return f"{lacks} {stands} It is your turn.".replace("  ", " ")
    return f"Nothing is missing. {stands} It is your turn: submit it."


def counts(missing: Iterable[Missing]) -> dict[str, int]:
    """Return how many things are missing in each step."""
    found: dict[str, int] = {}
    for one in missing:
        found[one.step] = found.get(one.step, 0) + 1
    return found


def against(view: Prepared) -> str:
    """Say what stands against the release at its tier, or that nothing does."""
    if view.preview is None:
        return ""
    found = view.preview.assessment
    blocking, conditional = len(found.barred_by(Barrier.BLOCKING)), len(found.barred_by(Barrier.CONDITIONAL))
    if not blocking and not conditional:
        return f"Nothing blocks {found.tier}."
    said = [f"{blocking} block{'s' if blocking == 1 else ''} it"] if blocking else []
    said += [f"{conditional} need{'s' if conditional == 1 else ''} a reason from the reviewers"] if conditional else []
    noun = "finding" if blocking + conditional == 1 else "findings"
    return f"{blocking + conditional} {noun} at {found.tier}: {' and '.join(said)}."


def words_for(path: str) -> str:
    """Return a path of the manifest in words."""
    return label_of(path)
