"""The one place that opens the desk and knows who acts: demo people, OpenID Connect, or nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import streamlit as st

from components.identity import expired, person_of
from exeat.errors import NotPermitted
from exeat.model.person import Role
from exeat.settings import load_settings

if TYPE_CHECKING:
    from exeat.desk import Desk
    from exeat.model.person import Person
    from exeat.settings import Settings

_KEPT, CHOSEN = "demo_person", "acting_as"


@st.cache_resource(show_spinner="Opening the ledger and the evidence…", on_release=lambda opened: opened.close())
def _open(key: str, _settings: Settings) -> Desk:  # noqa: ARG001 the key is what the cache looks at
    from exeat.desk import open_desk  # noqa: PLC0415 stores are imported when first opened

    return open_desk(_settings)


def desk() -> Desk:
    """Return the desk of this server process; opened once for each configuration."""
    settings = load_settings()
    return _open(settings.model_dump_json(), settings)


def identity() -> Literal["demo", "oidc", "none"]:
    """Return how people identify themselves here."""
    if load_settings().demo:
        return "demo"
    if getattr(st.user, "is_logged_in", False):
        return "oidc"
    return "oidc" if st.secrets.load_if_toml_exists() and "auth" in st.secrets else "none"


def person() -> Person | None:
    """Return who acts now, read again at each call; None when nobody is signed in."""
    settings = load_settings()
    if settings.demo:
        return _demo_person()
    if not getattr(st.user, "is_logged_in", False):
        return None
    claims = st.user.to_dict()
    if expired(claims, datetime.now(UTC)):  # Streamlit itself never looks at exp
        st.logout()
        return None
    return person_of(claims, settings)


def actor() -> Person:
    """Return who acts now, for pages and callbacks; raise NotPermitted when nobody is signed in any more."""
    who = person()
    if who is None:
        raise NotPermitted("You are not signed in any more.", "Sign in again; what you typed stays on this page.")
    return who


def demo_people() -> dict[str, Person]:
    """Return the people of the sample organisation by id."""
    from exeat.demo.people import load_people  # noqa: PLC0415 only demo mode needs them

    return {who.person_id: who for who in load_people()}


def _demo_person() -> Person:
    people = demo_people()
    state = st.session_state
    asked = state.get(CHOSEN) or state.get(_KEPT) or st.query_params.get("as")
    who = people.get(str(asked)) or next(who for who in people.values() if Role.STEWARD in who.roles)
    state[_KEPT] = who.person_id  # the widget's own value is dropped on pages that do not draw it
    return who
