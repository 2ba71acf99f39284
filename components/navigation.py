"""Which pages exist and which permission opens each; ``app.py`` builds the menu from this table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from exeat.model.person import Permission, Role

if TYPE_CHECKING:
    from exeat.model.person import Person

_P = Permission


class Place(NamedTuple):
    """One page of the app; one that shows a single object is opened from its list and has no line in the menu."""

    section: str
    path: str
    url: str
    title: str
    icon: str
    permission: Permission
    listed: bool = True


PLACES = (
    Place("Review", "pages/review/queue.py", "queue", "Releases", ":material/inbox:", _P.RELEASE_READ),
    Place("Review", "pages/review/release.py", "release", "Release", "", _P.RELEASE_READ, listed=False),
    Place("Submit", "pages/submit/prepare.py", "prepare", "Prepare a release", ":material/add:", _P.RELEASE_SUBMIT),
    Place("Board", "pages/board/docket.py", "docket", "Docket", ":material/event_note:", _P.BOARD_READ),
    Place("Board", "pages/board/item.py", "item", "Board item", "", _P.BOARD_READ, listed=False),
    Place(
        "Catalogue", "pages/catalogue/browse.py", "catalogue", "Catalogue", ":material/menu_book:", _P.CATALOGUE_READ
    ),
    Place("Catalogue", "pages/catalogue/entry.py", "entry", "Entry", "", _P.CATALOGUE_READ, listed=False),
    Place(
        "Oversight", "pages/oversight/exposure.py", "exposure", "Exposure", ":material/query_stats:", _P.EXPOSURE_READ
    ),
    Place("Oversight", "pages/oversight/access.py", "access", "Access", ":material/visibility:", _P.ACCESS_READ),
    Place("Oversight", "pages/oversight/ledger.py", "ledger", "Ledger", ":material/receipt_long:", _P.LEDGER_READ),
    Place("Oversight", "pages/oversight/intake.py", "intake", "Intake", ":material/move_to_inbox:", _P.EVIDENCE_READ),
)
_FIRST_PAGE = {
    Role.BOARD_CHAIR: "docket",
    Role.BOARD_MEMBER: "docket",
    Role.RESEARCHER: "catalogue",
    Role.AUDITOR: "ledger",
}


def places_for(person: Person) -> tuple[Place, ...]:
    """Return the pages this person may open."""
    return tuple(place for place in PLACES if person.can(place.permission))


def first_url(person: Person) -> str:
    """Return where this person starts."""
    for role, url in _FIRST_PAGE.items():
        if role in person.roles and Role.STEWARD not in person.roles:
            return url
    places = places_for(person)
    return places[0].url if places else ""


def is_lost(address: str | None, base: str = "") -> bool:
    """Return whether an address asks for a page that does not exist.

    ``base`` is the path under which the whole app is served.
    """
    path = urlsplit(address or "").path.strip("/")
    asked = path.removeprefix(base.strip("/")).strip("/")
    return bool(asked) and all(place.url != asked for place in PLACES)


def refusal(person: Person, place: Place) -> str:
    """Return why a page is not open to this person."""
    roles = " or ".join(sorted(role.title for role in person.roles))
    return f"The page “{place.title}” is not open to you as {roles}."
