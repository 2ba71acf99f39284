"""What a submitter may say while submitting: own checkpoints, reports on them, own proposals; nothing else.

A submitter has no right to bring evidence in for others: a new manifest or report of a checkpoint that somebody else
registered would change what their releases are judged on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence import statements
from exeat.evidence.recognise import ACCESS_EVENTS, ACCESS_PARQUET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.evidence.register import Register
    from exeat.ledger.statement import Draft

OF_A_CHECKPOINT = frozenset(
    {
        statements.CHECKPOINT_REGISTERED,
        statements.COMPONENT_INSPECTED,
        statements.COMPONENT_MINIMISED,
        statements.COMPONENT_RECEIVED,
        statements.FILES_BOUND,
        statements.REPORT_ATTACHED,
    }
)

REFUSED = frozenset({ACCESS_EVENTS, ACCESS_PARQUET, "exeat-policy/1"})
"""Kinds of file that say nothing of a checkpoint: an access log of a submitter would count as the truth."""


class Rule:
    """Lets one submitter speak of own checkpoints and releases."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._seen: dict[str, int] = {}

    @staticmethod
    def check_kind(kind: str) -> None:
        """Raise BadInput for a file that is no part of a submission, before anything of it is taken."""
        if kind in REFUSED:
            raise _no_part()

    def speaks_of(self, register: Register, checkpoint_id: str) -> bool:
        """Return whether nobody else registered the checkpoint."""
        first = register.checkpoint(checkpoint_id, statements.CHECKPOINT_REGISTERED)[:1]
        return all(fact.actor == self._owner for fact in first)

    def check(self, register: Register, drafts: Sequence[Draft]) -> None:
        """Raise BadInput when a statement is not this submitter's to make."""
        for draft in drafts:
            checkpoint_id = str(draft.body.get("checkpoint_id", ""))
            if draft.kind == statements.RELEASE_DRAFTED:
                self._check_proposal(draft)
            elif draft.kind not in OF_A_CHECKPOINT:
                raise _no_part()
            else:
                self.check_speaks_of(register, checkpoint_id)

    def check_speaks_of(self, register: Register, checkpoint_id: str) -> None:
        """Raise BadInput when somebody else registered the checkpoint."""
        if not self.speaks_of(register, checkpoint_id):
            raise BadInput(
                f"The checkpoint {checkpoint_id[:80]} was registered by somebody else.",
                "Choose a checkpoint_id of your own, or ask a steward to take the files in.",
                place="$.checkpoint_id",
            )

    def guarded(self, register: Register, drafts: Sequence[Draft]) -> list[Draft]:
        """Return statements that hold only while each checkpoint is as this rule saw it, before this ingest.

        Two submitters who register one id at once would otherwise both pass, and the later manifest would count.
        """
        return [self._guarded(register, draft) for draft in drafts]

    def _guarded(self, register: Register, draft: Draft) -> Draft:
        case = statements.checkpoint_case(str(draft.body.get("checkpoint_id", "")))
        version = self._seen.setdefault(case, register.version(case))
        return replace(draft, guards={**draft.guards, case: version})

    def _check_proposal(self, draft: Draft) -> None:
        if draft.body.get("submitter") != self._owner:
            raise BadInput("The proposal names another submitter.", "Submit in your own name.", place="$.submitter")


def _no_part() -> BadInput:
    return BadInput("This is not part of a release.", "A submission holds a manifest, reports and model files.")
