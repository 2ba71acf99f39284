"""Which policy is in force: proposed by whoever brings it in, adopted by a second person, never by taking in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from exeat.errors import NotFound, NotNow, NotPermitted
from exeat.evidence import statements
from exeat.evidence.statements import Author
from exeat.model.base import digest_of
from exeat.model.documents import parse_document
from exeat.model.person import SYSTEM, Permission
from exeat.model.policy import Policy

if TYPE_CHECKING:
    from datetime import date, datetime

    from exeat.evidence.run import Stores
    from exeat.ledger.statement import Entry
    from exeat.model.person import Person

BUILT_IN = "system"


class Adopted(NamedTuple):
    """What was done: its ledger entry and one sentence."""

    entry: Entry
    sentence: str


class Standing(NamedTuple):
    """One policy that came in; ``version`` is that of the policy case, for ``adopt_policy(seen=…)``."""

    sha256: str
    policy: Policy
    proposed_by: str
    proposed_at: datetime
    state: Literal["in force", "proposed", "former"]
    why_not: str | None
    version: int


def bootstrap(stores: Stores, data: bytes) -> None:
    """Adopt the built-in policy in a log that has none; two servers that start together agree on one."""
    if stores.ledger.case(statements.POLICY_CASE):
        return
    policy, sha256 = parse_document(data, Policy), digest_of(data)
    stores.objects.put(data, sha256)
    stores.objects.flush()
    author = Author.of(SYSTEM)
    stores.ledger.append(
        [
            statements.proposed(author, policy, sha256),
            statements.adopted(author, policy, sha256, BUILT_IN, 0),
        ]
    )


def check_adopt(person: Person, proposed_by: str, policy: Policy, today: date) -> None:
    """Raise with the reason why this person may not put this policy into force today."""
    if not person.can(Permission.POLICY_ADOPT):
        raise NotPermitted("Only stewards and custodians put a policy into force.", "Ask one of them.")
    if person.person_id == proposed_by:
        raise NotPermitted("You brought this policy in; a second person puts it into force.", "Ask a colleague.")
    if today < policy.valid_from:
        raise NotNow(f"This policy is valid from {policy.valid_from}.", "Adopt it on that day or later.")


def adopt(stores: Stores, person: Person, sha256: str, seen: int) -> Adopted:
    """Put a proposed policy into force; open reviews are then judged by it."""
    entry = _proposals(stores).get(sha256)
    if entry is None:
        raise NotFound("No such policy was proposed.", "Take its file in first.")
    policy = stores.library.document(sha256, Policy)
    check_adopt(person, entry.actor, policy, stores.clock().date())
    role = person.role_for(Permission.POLICY_ADOPT)
    author = Author(person.person_id, role.value if role else "", person.authenticated)
    done = stores.ledger.append([statements.adopted(author, policy, sha256, entry.actor, seen)])[0]
    return Adopted(done, f"Policy {policy.policy_id} {policy.version} is in force.")


def standings(stores: Stores, person: Person) -> tuple[Standing, ...]:
    """Return where every policy stands, newest proposal first."""
    adopted = [e for e in stores.ledger.case(statements.POLICY_CASE) if e.kind == statements.POLICY_ADOPTED]
    digests, today = [entry.subject["policy"] for entry in adopted], stores.clock().date()
    version = adopted[-1].version if adopted else 0
    found = []
    for sha256, entry in _proposals(stores).items():
        policy = stores.library.document(sha256, Policy)
        state: Literal["in force", "proposed", "former"] = "former" if sha256 in digests else "proposed"
        state = "in force" if digests and digests[-1] == sha256 else state
        why = "It is in force." if state == "in force" else _why_not(person, entry.actor, policy, today)
        found.append(Standing(sha256, policy, entry.actor, entry.ts, state, why, version))
    return tuple(reversed(found))


def _why_not(person: Person, proposed_by: str, policy: Policy, today: date) -> str | None:
    try:
        check_adopt(person, proposed_by, policy, today)
    except (NotPermitted, NotNow) as exc:
        return str(exc)
    return None


def _proposals(stores: Stores) -> dict[str, Entry]:
    case = stores.ledger.case(statements.POLICY_PROPOSALS)
    return {entry.subject["policy"]: entry for entry in case if entry.kind == statements.POLICY_PROPOSED}
