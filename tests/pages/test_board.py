from __future__ import annotations

import pytest

from exeat.board.inputs import BoardDecision, Votes
from exeat.model.tier import Disposition
from exeat.review.inputs import Answer, Override
from exeat.review.lifecycle import State
from tests.pages.conftest import BARRED, CLEAN, DRAFT, STEWARDS, opened, person

DOCKET, ITEM = "pages/board/docket.py", "pages/board/item.py"
FORM = f"board:{BARRED}"
CHAIR = "chris"


def words(app):
    """Everything said on the page, without the escapes."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "error", "success", "warning")
    texts = [element.value for kind in kinds for element in getattr(app, kind)]
    tables = [one.value.to_csv() for one in app.table]
    metrics = [f"{one.label} {one.value} {one.delta}" for one in app.metric]
    return "\n".join([*texts, *tables, *metrics]).replace("\\", "").replace("\u2060", "")


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception


def choose(app, key, value):
    app.get_by_key(key).set_value(value).run()
    assert not app.exception


@pytest.fixture
def referred(home):
    with opened(home) as desk:
        desk.review.refer(person("stella"), BARRED, "The log is proposed too openly.", seen=2, key="r")
    return home


def now(home):
    with opened(home) as desk:
        return desk.review.case(person("stella"), BARRED).now


def ids(*names):
    return [person(name).person_id for name in names]


def decision(**changes):
    forms = {"weights": Disposition.ALLOWED, "log": Disposition.ALLOWED}
    chair, member = ids(CHAIR, "mira")
    plain = {
        "basis": "",
        "votes": Votes(in_favour=(chair, member, "p-third")),
        "outcome": "approve",
        "summary": "Discussed.",
        "matrix": forms,
        "answers": {"P3": Answer("yes")},
        "overrides": {"T1": Override("Needed for care.", "high")},
    }
    return BoardDecision(**(plain | changes))


def test_the_docket_says_what_waits_and_opens_it(sign_in, referred):
    app = sign_in("mira", DOCKET)
    assert not app.exception
    assert "1 item waits for the board." in words(app)
    app.selectbox(key="docket-open").set_value(BARRED)
    press(app, "docket-go")
    assert "Cannot leave to T2 as proposed: 1 gate fails" in words(app)


def test_an_empty_docket_says_what_would_bring_something_here(sign_in):
    app = sign_in("auda", DOCKET)
    assert "No item waits for the board." in words(app)
    assert "Stewards refer a release" in words(app)


@pytest.mark.parametrize("name", ["stella", "sam", "cleo", "rex"])
def test_who_is_not_of_the_board_has_no_such_page(sign_in, referred, name):
    app = sign_in(name)
    for page in (DOCKET, ITEM):
        with pytest.raises(ValueError, match="page"):
            app.switch_page(page).run()


@pytest.mark.parametrize("name", [CHAIR, "mira", "auda"])
def test_the_item_is_safe_on_a_projector(sign_in, referred, name):
    app = sign_in(name, ITEM, release=BARRED)
    assert not app.exception
    said = words(app)
    assert "1 gate failed or not measured" in said
    assert "T2 agreement (asked for)" in said
    assert "until 2027-06-30" in said
    assert "AUC" in said
    for one in (*STEWARDS, "sam"):
        assert person(one).person_id not in said
        assert one.title() not in said


def test_an_item_without_a_name_or_unknown_says_what_to_do(sign_in):
    assert "No item is chosen." in words(sign_in("mira", ITEM))
    assert "There is no such release." in words(sign_in("mira", ITEM, release="../../etc"))


def test_looking_at_an_item_is_recorded_once(sign_in, referred):
    app = sign_in("mira", ITEM, release=BARRED)
    app.run()
    with opened(referred) as desk:
        views = desk.ledger.case(f"view:{BARRED}")
    assert [entry.actor for entry in views] == ids("mira")


def test_only_the_chair_gets_the_form_and_the_others_read_why(sign_in, referred):
    app = sign_in("mira", ITEM, release=BARRED)
    assert app.button(key="board-decide").disabled
    assert "A board chair may." in words(app)
    for release_id in (CLEAN, DRAFT):
        app = sign_in(CHAIR, ITEM, release=release_id)
        assert app.button(key="board-decide").disabled
        assert "it must be referred" in words(app)


def test_the_chair_records_an_override_and_a_member_co_signs(sign_in, referred):
    app = sign_in(CHAIR, ITEM, release=BARRED)
    chair, member = ids(CHAIR, "mira")
    assert app.button(key=f"{FORM}:record").disabled
    choose(app, f"{FORM}:here", [chair, member, "p-third"])
    for one in (chair, member):
        choose(app, f"{FORM}:vote:{one}", "for")
    choose(app, f"{FORM}:vote:p-third", "against")
    choose(app, f"{FORM}:outcome", "approve")
    assert "Give both" not in words(app)
    choose(app, f"{FORM}:answer:P3", "yes")
    choose(app, f"{FORM}:summary", "The sponsor needs the log.")
    assert "p-third voted against without a reason" in words(app)
    choose(app, f"{FORM}:why:p-third", "The log holds losses of single patients.")
    assert "T1 did not pass" in words(app)
    choose(app, f"{FORM}:override:T1", "It was cut to epochs.")
    choose(app, f"{FORM}:override:T1:risk", "high")
    press(app, f"{FORM}:record")
    assert "It takes effect when another member who voted co-signs." in words(app)
    press(app, f"{FORM}:record:yes")
    assert "Ledger entry" in words(app)
    assert now(referred) is State.REFERRED
    app = sign_in("mira", ITEM, release=BARRED)
    assert "2 for, 1 against, 0 abstained, 0 recused. 1 of 2 signatures." in words(app)
    press(app, f"cosign:{BARRED}")
    press(app, f"cosign:{BARRED}:yes")
    assert "Signed: the decision takes effect." in words(app)
    assert now(referred) is State.APPROVED


def test_below_quorum_nothing_can_be_recorded(sign_in, referred):
    app = sign_in(CHAIR, ITEM, release=BARRED)
    (chair,) = ids(CHAIR)
    choose(app, f"{FORM}:vote:{chair}", "against")
    choose(app, f"{FORM}:why:{chair}", "No.")
    choose(app, f"{FORM}:outcome", "reject")
    choose(app, f"{FORM}:summary", "Only the chair was there.")
    assert app.button(key=f"{FORM}:record").disabled
    assert "No quorum: 1 present and not recused, 3 needed." in words(app)


def test_the_chair_who_signed_cannot_co_sign(sign_in, referred):
    with opened(referred) as desk:
        basis = desk.review.case(person(CHAIR), BARRED).basis
        desk.board.decide(person(CHAIR), BARRED, decision(basis=basis), seen=3, key="d")
    app = sign_in(CHAIR, ITEM, release=BARRED)
    assert app.button(key=f"cosign:{BARRED}").disabled
    assert "Another board member must co-sign." in words(app)


def test_a_decision_taken_meanwhile_refuses_the_old_screen(sign_in, referred):
    app = sign_in("mira", ITEM, release=BARRED)
    with opened(referred) as desk:
        basis = desk.review.case(person(CHAIR), BARRED).basis
        desk.board.decide(person(CHAIR), BARRED, decision(basis=basis), seen=3, key="d")
    app.run()
    press(app, f"cosign:{BARRED}")
    with opened(referred) as desk:
        desk.review.withdraw(person("sam"), BARRED, seen=4, key="w")
    press(app, f"cosign:{BARRED}:yes")
    assert "This release changed since you opened it." in words(app)
    assert "withdrew it." in words(app)


def test_markup_in_a_proposal_is_shown_as_text(sign_in, home):
    with opened(home) as desk:
        state = desk.review.case(person("sam"), DRAFT).state
        document = desk.evidence.raw(state.proposal_sha256).decode()
        nasty = document.replace("Tumour classifier", "**x** :red[y] [z](http://evil) <b>")
        assert desk.evidence.ingest_bytes("again", nasty.encode(), person("cleo")).accepted
        desk.review.submit(person("sam"), DRAFT, seen=2, key="s")
        desk.review.refer(person("stella"), DRAFT, "Look.", seen=3, key="r")
    app = sign_in("mira", ITEM, release=DRAFT)
    assert "\\*\\*x\\*\\*" in app.title[0].value
    assert "\\[z\\]" in app.title[0].value
