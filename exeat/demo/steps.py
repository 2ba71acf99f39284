"""The deeds of the story: each calls one use case as the page would, with what the person sees at that moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exeat.board.service import BoardDecision, Votes
from exeat.errors import BadInput
from exeat.policy.finding import Barrier
from exeat.review.approval import barriers
from exeat.review.inputs import Answer, Override, ReviewInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from exeat.desk import Desk
    from exeat.evidence.intake import IntakeResult
    from exeat.model.person import Person
    from exeat.review.inputs import Vote
    from exeat.review.views import CaseView

    Step = Mapping[str, Any]
    Deed = Callable[["Scene", Person, Step, str], None]

REASON = "Looked at in the demo."


@dataclass(frozen=True, slots=True)
class Scene:
    """The desk, the people, the committed folder and its copy with moved dates."""

    desk: Desk
    people: Mapping[str, Person]
    data: Path
    staged: Path

    def case(self, person: Person, step: Step) -> CaseView:
        """Return the release as the person sees it."""
        return self.desk.review.case(person, str(step["release"]))


def _accepted(result: IntakeResult) -> None:
    if result.rejected:
        first = result.rejected[0]
        raise BadInput(f"{first.name} was rejected: {first.reason}", first.what_to_do)


def adopt_policy(scene: Scene, person: Person, step: Step, key: str) -> None:  # noqa: ARG001 all deeds look alike
    """Adopt the organisation's policy."""
    evidence = scene.desk.evidence
    _accepted(evidence.ingest([scene.data / "policy.toml"], scene.people[str(step["proposed_by"])]))
    newest = evidence.policies(person)[0]
    evidence.adopt_policy(person, newest.sha256, seen=newest.version)


def register(scene: Scene, person: Person, step: Step, key: str) -> None:  # noqa: ARG001
    """Bring in a checkpoint's files, its manifest and the modelling group's reports."""
    checkpoint = str(step["checkpoint"])
    reports = sorted((scene.staged / "reports" / checkpoint).glob("*.json"))
    _accepted(scene.desk.evidence.ingest([scene.staged / "checkpoints" / checkpoint, *reports], person))


def audit(scene: Scene, person: Person, step: Step, key: str) -> None:  # noqa: ARG001
    """Bring in what another tool measured."""
    _accepted(scene.desk.evidence.ingest(sorted((scene.staged / "reports").glob("*/sacro*")), person))


def propose(scene: Scene, person: Person, step: Step, key: str) -> None:  # noqa: ARG001
    """Bring in a proposal."""
    name = str(step.get("file", step["release"]))
    _accepted(scene.desk.evidence.ingest([scene.staged / "releases" / f"{name}.json"], person))


def submit(scene: Scene, person: Person, step: Step, key: str) -> None:
    """Submit for review."""
    view = scene.case(person, step)
    scene.desk.review.submit(person, view.release_id, seen=view.version, key=key)


def seat(scene: Scene, person: Person, step: Step, key: str) -> None:
    """Take a reviewer's seat without a conflict."""
    view = scene.case(person, step)
    scene.desk.review.start_review(person, view.release_id, conflict="none", seen=view.version, key=key)


def review(scene: Scene, person: Person, step: Step, key: str) -> None:
    """Take a seat if the person has none, then record a review.

    ``vote`` goes to ``components`` (all by default), the others are approved. Every conditional finding against what is
    approved is overridden with the step's reason and residual risk; every question is answered yes.
    """
    view = scene.case(person, step)
    if view.why_not["record_review"] is not None:
        seat(scene, person, step, f"{key}-seat")
        view = scene.case(person, step)
    scene.desk.review.view(person, view.release_id)
    votes: dict[str, Vote] = dict.fromkeys(view.dossier.components, "approve")
    votes |= dict.fromkeys(step.get("components", votes), step.get("vote", "approve"))
    approved = [part for part, vote in votes.items() if vote == "approve"]
    said = ReviewInput(
        votes=votes,
        answers=_all_yes(view) if approved else {},
        overrides=_overrides(step, (f.check for f in barriers(view.assessment, Barrier.CONDITIONAL, approved))),
        rationale=str(step.get("rationale", "")),
        basis=view.basis,
    )
    scene.desk.review.record_review(person, view.release_id, said, seen=view.version, key=key)


def _all_yes(view: CaseView) -> dict[str, Answer]:
    return {item.id: Answer("yes", REASON) for item in view.assessment.questions}


def _overrides(step: Step, checks: Iterable[str]) -> dict[str, Override]:
    override = Override(str(step.get("reason", REASON)), step.get("risk", "low"))
    return dict.fromkeys(checks, override)


def comment(scene: Scene, person: Person, step: Step, key: str) -> None:
    """Comment."""
    scene.desk.review.comment(person, str(step["release"]), str(step["text"]), step["audience"], key=key)


def decide(scene: Scene, person: Person, step: Step, key: str) -> None:
    """Record the board's decision, with an override for every finding that stands against it."""
    view = scene.case(person, step)
    scene.desk.review.view(person, view.release_id)
    parts = list(view.dossier.components)
    open_checks = [
        finding.check
        for barrier in (Barrier.BLOCKING, Barrier.CONDITIONAL)
        for finding in barriers(view.assessment, barrier, parts)
    ]
    votes = Votes(
        in_favour=tuple(step.get("for", ())),
        against=tuple(step.get("against", ())),
        abstained=tuple(step.get("abstained", ())),
    )
    decision = BoardDecision(
        votes=votes,
        outcome=step["outcome"],
        summary=str(step["summary"]),
        basis=view.basis,
        reasons=dict(step.get("reasons", {})),
        matrix={part.component_id: part.disposition for part in view.proposal.components},
        conditions=tuple(step.get("conditions", ())),
        overrides=_overrides(step, open_checks),
        answers=_all_yes(view),
    )
    scene.desk.board.decide(person, view.release_id, decision, seen=view.version, key=key)


def cosign(scene: Scene, person: Person, step: Step, key: str) -> None:
    """Add the second signature to an approval of the board."""
    view = scene.case(person, step)
    scene.desk.board.cosign(person, view.release_id, basis=view.basis, seen=view.version, key=key)


def activate(scene: Scene, person: Person, step: Step, key: str) -> None:
    """Put an approved release in force."""
    view = scene.case(person, step)
    scene.desk.review.activate(person, view.release_id, seen=view.version, key=key)


def _with_reason(name: str) -> Deed:
    """Return the deed that needs nothing but a reason."""

    def deed(scene: Scene, person: Person, step: Step, key: str) -> None:
        view = scene.case(person, step)
        use_case = getattr(scene.desk.review, name)
        use_case(person, view.release_id, str(step["reason"]), seen=view.version, key=key)

    return deed


STEPS: dict[str, Deed] = {
    "activate": activate,
    "adopt-policy": adopt_policy,
    "audit": audit,
    "comment": comment,
    "cosign": cosign,
    "decide": decide,
    "lift": _with_reason("agree_to_lift"),
    "propose": propose,
    "refer": _with_reason("refer"),
    "register": register,
    "return": _with_reason("return_to_submitter"),
    "review": review,
    "revoke": _with_reason("revoke"),
    "seat": seat,
    "submit": submit,
    "suspend": _with_reason("suspend"),
    "withdraw": _with_reason("withdraw"),
}
