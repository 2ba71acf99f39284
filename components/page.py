"""What every page has: title, the sentence that answers it, who acts; and the pages before anybody has signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from components.navigation import is_lost, refusal
from components.session import CHOSEN, demo_people, identity
from components.text import one_line, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from streamlit.navigation.page import Page

    from components.navigation import Place
    from exeat.model.person import Person

BANNER = "Demo: anyone may act as anyone. People are simulated."
_LOST = "lost_way"


def page_title(title: str, answer_sentence: str) -> None:
    """Open a page: its one top heading, and the sentence that answers the page's question."""
    st.set_page_config(page_title=f"{one_line(title)} · Exeat")
    st.title(plain(title), anchor=False)
    if answer_sentence:
        st.markdown(f"**{plain(answer_sentence, 1000)}**")


def empty(headline: str, next_step: str = "") -> None:
    """Show that there is nothing here, and what to do next."""
    st.info(f"**{plain(headline)}** {plain(next_step)}".strip(), icon=":material/inbox:")


def choose_release() -> None:
    """Say what to do when the address names no release."""
    page_title("Release", "No release is chosen.")
    st.page_link("pages/review/queue.py", label="Choose one from the releases", icon=":material/inbox:")


def menu(sections: Mapping[str, Sequence[Page]]) -> None:
    """Draw the pages of this person; Streamlit's own menu with sections is no valid list to a screen reader."""
    with st.sidebar:
        for section, pages in sections.items():
            shown = [page for page in pages if page.visibility == "visible"]
            if shown:
                st.caption(section)
            for page in shown:
                st.page_link(page, width="stretch")


def lost_way() -> None:
    """Remember that the address that was opened leads nowhere, for the page that is shown instead."""
    if is_lost(st.context.url, str(st.get_option("server.baseUrlPath") or "")):
        st.session_state[_LOST] = True


def closed(who: Person, place: Place, home: Page) -> Callable[[], None]:
    """Return what stands at the address of a page that is not open to this person; it holds nothing of that page."""

    def show() -> None:
        page_title("Not open to you", refusal(who, place))
        st.page_link(home, label="Go to your first page", icon=":material/arrow_forward:")

    return show


def frame(who: Person) -> None:
    """Draw what stands around each page: the demo banner, who acts, signing out, and why this page came instead."""
    kind = identity()
    if st.session_state.pop(_LOST, False):
        st.info(
            "There is no page at the address you opened. This is your first page instead.",
            icon=":material/wrong_location:",
        )
    if kind == "demo":
        st.warning(BANNER, icon=":material/theater_comedy:")
        _choose_person(who)
    with st.sidebar:
        roles = ", ".join(sorted(role.title for role in who.roles)) or "no role"
        st.caption(f"{plain(who.name)} · {roles} · tier {who.tier} ({who.tier.title})")
        st.caption(f"Your id: {plain(who.person_id)}")
        if kind == "oidc":
            st.button("Sign out", on_click=st.logout, icon=":material/logout:")


def _choose_person(who: Person) -> None:
    people = demo_people()
    st.sidebar.selectbox(
        "Acting as",
        list(people),
        index=list(people).index(who.person_id),
        format_func=lambda key: f"{people[key].name} ({', '.join(sorted(r.title for r in people[key].roles))})",
        key=CHOSEN,
        on_change=_forget_address,
    )


def _forget_address() -> None:
    """Drop ``?as=`` and the last outcome, so that the choice made on screen wins."""
    st.query_params.pop("as", None)
    st.session_state.pop("outcome", None)


def sign_in() -> None:
    """Offer to sign in, or say how to configure it and nothing else."""
    st.title("Exeat", anchor=False)
    if identity() == "oidc":
        st.write("Exeat decides which model checkpoints may leave, on measured evidence and on the record.")
        st.button("Sign in", on_click=st.login, icon=":material/login:")
        return
    st.write("Nobody can sign in yet: no identity provider is configured.")
    st.markdown(
        "1. Put the client of your OpenID provider into `.streamlit/secrets.toml`, section `[auth]`.\n"
        "2. Map its groups to roles in `exeat.toml`: `role_map` and `tier_map`.\n"
        "3. Start again with `exeat serve`. All settings: `docs/settings.md`.\n\n"
        "To look around with simulated people and data, stop this server and start `exeat demo`."
    )


def no_pages(who: Person) -> None:
    """Say that this person has no role here, and whom to ask."""
    frame(who)
    st.title("Nothing to show yet", anchor=False)
    st.write("You are signed in, but none of your groups is mapped to a role in Exeat.")
    st.write("Ask the person who runs Exeat to map one of your groups in its settings, then sign in again.")
