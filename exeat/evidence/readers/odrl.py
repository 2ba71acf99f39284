"""ODRL policy or agreement: no manifest; its terms (parties, duration, duties, prohibitions) are notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exeat.evidence.readers import values
from exeat.evidence.readers.saying import Saying, brief
from exeat.evidence.readers.shape import Reader
from exeat.model.documents import parse_json

if TYPE_CHECKING:
    from exeat.evidence.partial import Partial
    from exeat.evidence.readers.shape import Bundle, Peek

NAME = "odrl"
POLICIES = frozenset({"Agreement", "Offer", "Set", "Policy", "Request", "Ticket", "Assertion", "Privacy"})
MAX_RULES = 100


def recognises(peek: Peek) -> bool:
    """Return whether the JSON-LD context is ODRL's and the type one of its policies."""
    if b"odrl" not in peek.data[:4096].lower() or not isinstance(peek.json, dict):
        return False
    context = str(peek.json.get("@context"))[:2000]
    kind = str(peek.json.get("@type") or peek.json.get("type")).rsplit(":", 1)[-1].rsplit("/", 1)[-1]
    return "odrl" in context and kind in POLICIES


def read(bundle: Bundle) -> Partial:
    """Read the terms as notes; an agreement says nothing of the checkpoint itself."""
    saying = Saying(NAME, bundle)
    found = values.table(parse_json(bundle.data(), lenient_numbers=True))
    saying.note("These are terms of use, not a description of a checkpoint; an agreement is bound to a release.")
    for name in ("assigner", "assignee"):
        if found.get(name):
            saying.note(f"{name}: {brief(found[name])}.")
    for kind in ("permission", "prohibition", "obligation"):
        for rule in values.entries(found.get(kind))[:MAX_RULES]:
            if isinstance(rule, dict):
                saying.note(_rule(kind, rule))
                for duty in values.entries(rule.get("duty"))[:MAX_RULES]:
                    if isinstance(duty, dict):
                        saying.note(_rule("duty", duty))
    return saying.partial()


def _rule(kind: str, rule: dict[str, Any]) -> str:
    target = f" of {brief(rule['target'])}" if rule.get("target") else ""
    limits = [_limit(part) for part in values.entries(rule.get("constraint"))[:12] if isinstance(part, dict)]
    action = rule.get("action")
    action = values.table(action).get("@id") or values.table(action).get("rdf:value") or action
    return f"{kind}: {brief(action)}{target}" + (f", where {'; '.join(limits)}" if limits else "") + "."


def _limit(constraint: dict[str, Any]) -> str:
    right = constraint.get("rightOperand")
    right = values.table(right).get("@value", right)
    unit = f" {brief(constraint['unit'])}" if constraint.get("unit") else ""
    return f"{brief(constraint.get('leftOperand'))} {brief(constraint.get('operator'))} {brief(right)}{unit}"


READER = Reader(NAME, "an ODRL agreement", recognises, read)
