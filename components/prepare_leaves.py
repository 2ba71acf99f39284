"""Step 3 of preparing a release: which parts leave, in what form, to whom, for what and until when."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import streamlit as st

from components.numbers import counted, days, listed, size
from components.prepare_field import control, typed
from components.prepare_many import FEW
from components.prepare_words import key_for, renew, save, show_refusal, spoken, watch
from components.session import actor, desk
from components.text import one_line, plain
from exeat.model.tier import Disposition, Tier
from exeat.policy.matrix import permits
from exeat.prepare.form import Field
from exeat.prepare.proposal import kind_of
from exeat.prepare.suggestions import purpose_of

if TYPE_CHECKING:
    from exeat.prepare.views import Prepared

STAYS = "stays inside"


def show_leaves_form(view: Prepared) -> None:
    """Draw the proposal: tier first, since it decides what the policy allows."""
    st.header("3 What leaves", anchor="leaves")
    _tier(view)
    for parts in by_kind([part for part in view.merged.document().get("components", ()) if isinstance(part, dict)]):
        _form(view, parts)
    left, right = st.columns(2, gap="medium")
    with left:
        _text(view, "recipients", "Who gets it? The group or institution, not a person.", 300)
    with right:
        _extra(view, UNTIL)
    _text(view, "purpose", "What do they get it for? 40 to 4,000 characters.", 4000, area=True)
    hint = purpose_of(view.found.merged)
    if hint is not None and not view.draft.wish.purpose:
        key = key_for(view.draft.id, "wish:purpose:use")
        st.button(f"Start from {plain(hint.source, 80)}", key=key, on_click=_use, args=(view.draft.id, key, hint.value))
    _more(view)


def _use(draft_id: str, key: str, value: str) -> None:
    if save(key, lambda: desk().prepare.propose(actor(), draft_id, purpose=value)):
        renew(draft_id)


def _save_as(draft_id: str, name: str, raw: str | None) -> None:
    desk().prepare.propose(actor(), draft_id, **{name: (raw or "").strip() or None})


def _tier(view: Prepared) -> None:
    key, tiers = key_for(view.draft.id, "wish:tier"), list(Tier)
    now = view.draft.wish.tier
    watch(key, now.value if now else None, _save_as, view.draft.id, "tier")
    st.selectbox(
        "To which tier? How far the receiver is trusted.",
        [tier.value for tier in tiers],
        index=tiers.index(now) if now else None,
        format_func=lambda one: f"{one} {Tier(one).title}",
        placeholder="Choose",
        key=key,
    )
    show_refusal(key)
    if now is not None:
        st.caption(plain(tier_sentence(view, now)))


def tier_sentence(view: Prepared, tier: Tier) -> str:
    """Return what the policy gives this tier of the kinds in the draft, and for how long."""
    kinds = dict.fromkeys(kind for part in view.merged.document().get("components", ()) if (kind := kind_of(part)))
    cells = [f"{kind.title} {view.policy.cell(tier, kind).disposition.title}" for kind in kinds]
    most = view.policy.retention.max_days.get(tier)
    until = f" A release lasts {days(most)} at most." if most else ""
    return f"The policy gives {tier} ({tier.title}): {listed(cells, 'nothing yet')}.{until}"


def by_kind(parts: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return each file alone, or those of one kind together when there are many."""
    if len(parts) <= FEW:
        return [[part] for part in parts]
    kinds: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        kinds.setdefault(str(part.get("kind")), []).append(part)
    return list(kinds.values())


def _form(view: Prepared, parts: list[dict[str, Any]]) -> None:
    names, kind, tier = tuple(str(part.get("id", "")) for part in parts), kind_of(parts[0]), view.draft.wish.tier
    key = key_for(view.draft.id, f"form:{names[0]}")
    chosen = {view.forms.get(name) for name in names}
    now = chosen.pop() if len(chosen) == 1 else None
    options = list(Disposition)

    def words(one: str) -> str:
        form = Disposition(one)
        if form is Disposition.DENIED:
            return STAYS
        over = tier is not None and kind is not None and not permits(view.policy, tier, kind, form)
        return f"{form.title} (more than the policy gives {tier})" if over else form.title

    what = kind.title if kind else "kind unknown"
    bytes_ = sum(part["bytes"] for part in parts if isinstance(part.get("bytes"), int))
    which = names[0] if len(names) == 1 else counted(len(names), "file")
    do = "does it" if len(names) == 1 else "do they"
    watch(key, now.value if now else None, _save_form, view.draft.id, names)
    st.selectbox(
        spoken(f"{which} ({what}, {size(bytes_)}): in what form {do} leave?"),
        [form.value for form in options],
        index=options.index(now) if now else None,
        format_func=words,
        placeholder="Choose",
        key=key,
    )
    show_refusal(key)


def _save_form(draft_id: str, names: tuple[str, ...], chosen: str | None) -> None:
    if chosen:
        desk().prepare.choose_forms(actor(), draft_id, dict.fromkeys(names, Disposition(chosen)))


def _text(view: Prepared, name: str, label: str, most: int, *, area: bool = False) -> None:
    key = key_for(view.draft.id, f"wish:{name}")
    value = getattr(view.draft.wish, name) or ""
    draw = st.text_area if area else st.text_input
    watch(key, str(value), _save_as, view.draft.id, name)
    draw(label, str(value), key=key, max_chars=most)
    show_refusal(key)


MORE = (
    Field("title", "line", "Title of the release", "Empty: that of the model.", most=300),
    Field("release_id", "line", "Release id", "Empty: made from the checkpoint and the tier.", most=80),
    Field("supersedes_release", "line", "Replaces the release", "The id of an earlier release, if any.", most=80),
    Field("purpose_duo", "lines", "Data-use codes of the purpose", "DUO codes, such as DUO:0000007."),
    Field("lower_tier_considered", "text", "Why not a lower tier", "What was considered, and why it does not do."),
    Field("risk_note", "text", "Remaining risk", "What the recipients should know."),
)
UNTIL = Field("until", "date", "Until when?", "Year, month and day.")
AGREEMENT = (
    Field("reference", "line", "Reference of the agreement", "Empty: there is none yet.", most=300),
    Field("incident_contact", "line", "Contact for incidents", "An office, not a person.", most=300),
    Field("named_persons", "count", "Named persons", "How many are named in it?", most=100_000),
    Field("quota_downloads", "count", "Quota", "How many downloads does it allow?"),
    Field("deletion_due", "date", "Deletion due", "When must the recipient delete it?"),
    Field("signed", "flag", "Signed", "Is it signed?"),
)


def _more(view: Prepared) -> None:
    with st.expander("Agreement with the recipient", icon=":material/handshake:"):
        for field in AGREEMENT:
            _extra(view, field)
    with st.expander("Title, id, data-use codes and notes", icon=":material/tune:"):
        for field in MORE:
            _extra(view, field)


def _extra(view: Prepared, field: Field) -> None:
    key = key_for(view.draft.id, f"wish:{field.path}")
    value = getattr(view.draft.wish, field.path)
    value = value.isoformat() if isinstance(value, date) else value
    control(field, value or None if field.kind != "flag" else value, key, _save_extra, view.draft.id, field)
    show_refusal(key)


def _save_extra(draft_id: str, field: Field, raw: Any) -> None:
    value = typed(field, raw)
    if value is None:
        value = {"lines": [], "text": "", "count": 0 if field.path == "named_persons" else None}.get(field.kind)
    desk().prepare.propose(actor(), draft_id, **{field.path: value})


def chosen_words(view: Prepared) -> str:
    """Return what leaves in one line, for the confirmation."""
    parts = [
        f"{one_line(name, 60)} as {form.title}" for name, form in view.forms.items() if form is not Disposition.DENIED
    ]
    return listed(parts, "nothing")
