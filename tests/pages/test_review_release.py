from __future__ import annotations

import pytest

from exeat.model.base import digest_of
from exeat.model.person import SYSTEM
from exeat.review.inputs import Answer, ReviewInput
from exeat.review.lifecycle import State
from tests.factories import as_bytes, report_document
from tests.pages.conftest import BARRED, CLEAN, DRAFT, EXCEPTION, opened, person

RELEASE = "pages/review/release.py"


def words(app):
    """Everything said on the page, without the escapes."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "error", "success", "warning")
    texts = [element.value for kind in kinds for element in getattr(app, kind)]
    return "\n".join(texts).replace("\\", "").replace("\u2060", "")


def form(release_id, round_number=1):
    return f"review:{release_id}:{round_number}"


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception


def take_seat(app, release_id, conflict="none"):
    key = f"seat:{release_id}:1"
    app.radio(key=f"{key}:conflict").set_value(conflict).run()
    press(app, key)
    press(app, f"{key}:yes")


def choose(app, key, value):
    app.get_by_key(key).set_value(value).run()
    assert not app.exception


def vote(app, release_id, weights="approve", log="approve", basis="yes"):
    choose(app, f"{form(release_id)}:vote:weights", weights)
    choose(app, f"{form(release_id)}:vote:log", log)
    choose(app, f"{form(release_id)}:answer:P3", basis)


def record(app, release_id):
    press(app, f"{form(release_id)}:record")
    press(app, f"{form(release_id)}:record:yes")


def state_of(home, release_id, name="stella"):
    with opened(home) as desk:
        return desk.review.case(person(name), release_id)


def test_the_dossier_reads_top_to_bottom(sign_in):
    app = sign_in("stella", RELEASE, release=EXCEPTION)
    assert not app.exception
    assert [h.value for h in app.header] == [
        "What leaves",
        "Findings",
        "Exposure",
        "How it was measured",
        "What the files contain",
        "Privacy beside utility",
        "What came before",
        "Story",
        "Reviews and comments",
        "Decide",
        "Other actions",
    ]
    said = words(app)
    assert "Can leave to T2 only with a recorded reason for each exception: 1 gate fails" in said
    assert "Waiting for reviewers: 2 of 2 seats free" in said
    assert len(app.get("plotly_chart")) >= 3


def test_the_release_without_a_name_offers_the_queue(sign_in):
    app = sign_in("stella", RELEASE)
    assert "No release is chosen" in words(app)
    assert app.get("page_link")


@pytest.mark.parametrize(
    "bad", ["../../etc/passwd", "nothing-here", "<b>x</b>", "A" * 500, "onco' OR 1=1 --", "\u202e"]
)
def test_an_address_is_untrusted(sign_in, bad):
    app = sign_in("stella", RELEASE, release=bad)
    assert not app.exception
    assert "There is no such release" in app.error[0].value


def test_two_reviewers_approve_and_the_entry_is_named(sign_in, home):
    first = sign_in("stella", RELEASE, release=CLEAN)
    take_seat(first, CLEAN)
    assert "You have a seat in this review" in words(first)
    vote(first, CLEAN)
    press(first, f"{form(CLEAN)}:record")
    said = words(first)
    assert "Partner hospitals (T2, agreement) will be able to download weights (1.02 kB)" in said
    assert "until 2027-06-30" in said
    assert state_of(home, CLEAN).reviews_in == 0
    press(first, f"{form(CLEAN)}:record:yes")
    assert "Review recorded; it stays sealed until all are in" in words(first)

    second = sign_in("stan", RELEASE, release=CLEAN)
    assert "Sealed until all reviews of this round are in" in words(second)
    take_seat(second, CLEAN)
    vote(second, CLEAN)
    record(second, CLEAN)
    case = state_of(home, CLEAN)
    assert case.now is State.APPROVED
    assert "All reviews agree: approved" in words(second)
    entry = next(s.value for s in second.success).split("Ledger entry ")[1].rstrip(".").replace(",", "")
    assert int(entry) <= case.decision.seq
    assert any(b.label.startswith("Receipt of entry") for b in second.get("download_button"))


def test_approving_against_a_finding_needs_reason_and_residual_risk(sign_in, home):
    app = sign_in("stella", RELEASE, release=EXCEPTION)
    take_seat(app, EXCEPTION)
    vote(app, EXCEPTION)
    key = f"{form(EXCEPTION)}:record"
    assert app.button(key=key).disabled
    assert "R3 did not pass: approving needs a reason and a residual-risk class" in words(app)
    app.text_area(key=f"{form(EXCEPTION)}:override:R3").set_value("The pilot showed no harm.").run()
    assert app.button(key=key).disabled
    choose(app, f"{form(EXCEPTION)}:override:R3:risk", "moderate")
    assert not app.button(key=key).disabled
    record(app, EXCEPTION)
    review = next(r for r in state_of(home, EXCEPTION).reviews if r.mine)
    assert review.content.overrides == {"R3": "moderate"}


def test_rejecting_asks_for_a_rationale_but_no_override(sign_in, home):
    app = sign_in("stella", RELEASE, release=EXCEPTION)
    take_seat(app, EXCEPTION)
    vote(app, EXCEPTION, "reject", "request_changes")
    key = f"{form(EXCEPTION)}:record"
    assert app.button(key=key).disabled
    assert not any("override" in (area.key or "") for area in app.text_area)
    app.text_area(key=f"{form(EXCEPTION)}:rationale").set_value("The exposure is too high.").run()
    record(app, EXCEPTION)
    assert state_of(home, EXCEPTION).reviews_in == 1


def test_a_blocking_answer_blocks_approval(sign_in):
    app = sign_in("stella", RELEASE, release=CLEAN)
    take_seat(app, CLEAN)
    vote(app, CLEAN, basis="no")
    assert app.button(key=f"{form(CLEAN)}:record").disabled


def test_a_blocking_finding_offers_referral_never_approval(sign_in, home):
    app = sign_in("stella", RELEASE, release=BARRED)
    take_seat(app, BARRED)
    control = app.get_by_key(f"{form(BARRED)}:vote:log")
    assert "Approve" not in [option.content for option in control.proto.options]
    assert "Approving is not offered" in words(app)
    key = f"do:refer:{BARRED}:1"
    assert app.button(key=key).disabled
    app.text_area(key=f"{key}:reason").set_value("T1 blocks; the board should look.").run()
    press(app, key)
    assert "from now on only the board decides" in words(app)
    press(app, f"{key}:yes")
    assert state_of(home, BARRED).now is State.REFERRED
    assert "Referred to the board" in words(app)


def test_a_declared_conflict_ends_in_standing_aside(sign_in, home):
    app = sign_in("stella", RELEASE, release=CLEAN)
    take_seat(app, CLEAN, conflict="co_author")
    assert "You stand aside from this release" in words(app)
    assert "You declared a conflict" in words(app)
    assert "stella" not in state_of(home, CLEAN, "stan").state.recused
    assert state_of(home, CLEAN, "stan").state.recused == {person("stella").person_id: "co_author"}


def test_the_submitter_reads_but_cannot_decide(sign_in):
    app = sign_in("sam", RELEASE, release=CLEAN)
    assert not app.exception
    assert not app.radio
    decide = app.button(key="decide")
    assert decide.disabled
    assert "may not" in words(app)
    assert not any((b.key or "").startswith("review:") for b in app.button)


def test_the_submitter_submits_and_withdraws(sign_in, home):
    app = sign_in("sam", RELEASE, release=DRAFT)
    press(app, f"do:submit:{DRAFT}:0")
    press(app, f"do:submit:{DRAFT}:0:yes")
    assert state_of(home, DRAFT).now is State.SUBMITTED
    key = f"do:withdraw:{DRAFT}:1"
    app.text_area(key=f"{key}:reason").set_value("Not needed any more.").run()
    press(app, key)
    press(app, f"{key}:yes")
    assert state_of(home, DRAFT).now is State.WITHDRAWN


def test_a_stale_screen_is_refused_with_what_changed(sign_in, home):
    app = sign_in("stella", RELEASE, release=CLEAN)
    take_seat(app, CLEAN)
    vote(app, CLEAN)
    press(app, f"{form(CLEAN)}:record")
    with opened(home) as desk:
        stan = person("stan")
        seen = desk.review.case(stan, CLEAN).version
        desk.review.refer(stan, CLEAN, "The board should see it.", seen=seen, key="x")
        size = len(desk.ledger.case(f"release:{CLEAN}"))
    press(app, f"{form(CLEAN)}:record:yes")
    assert "This release changed since you opened it" in words(app)
    assert "referred it to the board" in words(app)
    with opened(home) as desk:
        assert len(desk.ledger.case(f"release:{CLEAN}")) == size


def test_new_evidence_refuses_the_review_and_keeps_what_was_typed(sign_in, home):
    app = sign_in("stella", RELEASE, release=CLEAN)
    take_seat(app, CLEAN)
    vote(app, CLEAN)
    press(app, f"{form(CLEAN)}:record")
    weights = digest_of(b"weights of v1")
    report = report_document(report_id="r-new", subject={"checkpoint_id": "onco-v1", "component_sha256": [weights]})
    with opened(home) as desk:
        assert not desk.evidence.ingest_bytes("new", as_bytes(report), SYSTEM).rejected
    press(app, f"{form(CLEAN)}:record:yes")
    assert "The evidence changed since you opened it" in words(app)
    assert state_of(home, CLEAN).reviews_in == 0
    assert app.get_by_key(f"{form(CLEAN)}:vote:weights").value == "approve"
    record(app, CLEAN)
    assert state_of(home, CLEAN).reviews_in == 1


def test_a_second_click_writes_nothing_more(sign_in, home):
    app = sign_in("stella", RELEASE, release=CLEAN)
    key = f"seat:{CLEAN}:1"
    app.radio(key=f"{key}:conflict").set_value("none").run()
    press(app, key)
    button = app.button(key=f"{key}:yes")
    button.click()
    app.run()
    button.click()
    app.run()
    with opened(home) as desk:
        kinds = [entry.kind for entry in desk.ledger.case(f"release:{CLEAN}")]
    assert kinds.count("review.started") == 1


def approved(home, release_id=CLEAN):
    with opened(home) as desk:
        basis = desk.review.case(person("stella"), release_id).basis
        votes = {"weights": "approve", "log": "approve"}
        review = ReviewInput(votes=votes, basis=basis, answers={"P3": Answer("yes")})
        for name in ("stella", "stan"):
            who = person(name)
            seen = desk.review.case(who, release_id).version
            desk.review.start_review(who, release_id, conflict="none", seen=seen, key="s")
        for name in ("stella", "stan"):
            who = person(name)
            seen = desk.review.case(who, release_id).version
            desk.review.record_review(who, release_id, review, seen=seen, key="r")


def test_custodian_activates_one_steward_suspends_two_lift_one_revokes(sign_in, home):
    approved(home)
    custodian = sign_in("cleo", RELEASE, release=CLEAN)
    key = f"do:activate:{CLEAN}:1"
    press(custodian, key)
    press(custodian, f"{key}:yes")
    assert state_of(home, CLEAN).now is State.ACTIVE

    steward = sign_in("sasha", RELEASE, release=CLEAN)
    assert "What was decided, with conditions and receipt" in [e.label for e in steward.expander]
    key = f"do:suspend:{CLEAN}:1"
    steward.text_area(key=f"{key}:reason").set_value("A new attack class.").run()
    press(steward, key)
    assert "nobody gets anything of it until 2 stewards agree" in words(steward)
    press(steward, f"{key}:yes")
    assert state_of(home, CLEAN).now is State.SUSPENDED

    for name in ("stella", "stan"):
        app = sign_in(name, RELEASE, release=CLEAN)
        key = f"do:agree_to_lift:{CLEAN}:1"
        app.text_area(key=f"{key}:reason").set_value("The attack does not apply.").run()
        press(app, key)
        press(app, f"{key}:yes")
    assert state_of(home, CLEAN).now is State.ACTIVE

    app = sign_in("stan", RELEASE, release=CLEAN)
    key = f"do:revoke:{CLEAN}:1"
    app.text_area(key=f"{key}:reason").set_value("The agreement was broken.").run()
    press(app, key)
    press(app, f"{key}:yes")
    assert state_of(home, CLEAN).now is State.REVOKED


def test_comments_are_written_once_and_shown_to_whom_they_are_for(sign_in, home):
    app = sign_in("stella", RELEASE, release=CLEAN)
    app.text_area(key=f"comment:{CLEAN}:text").set_value("**Look** at <b>this</b> :smile:").run()
    press(app, f"comment:{CLEAN}")
    assert app.text_area(key=f"comment:{CLEAN}:text").value == ""
    escaped = next(m.value for m in app.markdown if "Look" in m.value)
    assert r"\*\*Look\*\*" in escaped
    assert r"\<b\>" in escaped
    assert "Look" not in words(sign_in("sam", RELEASE, release=CLEAN))
    seq = state_of(home, CLEAN).comments[0].seq
    press(app, f"promote:{seq}")
    press(app, f"promote:{seq}:yes")
    assert "Look" in words(sign_in("sam", RELEASE, release=CLEAN))


def test_what_is_not_possible_says_why(sign_in):
    app = sign_in("stella", RELEASE, release=CLEAN)
    assert app.button(key="off:revoke").disabled
    assert "This release is submitted. To revoke it must be" in words(app)


@pytest.mark.parametrize("name", ["chris", "mira", "cleo", "auda"])
def test_other_readers_see_the_dossier_without_deciding(sign_in, name):
    app = sign_in(name, RELEASE, release=CLEAN)
    assert not app.exception
    assert app.button(key="decide").disabled


def test_each_view_is_recorded_once(sign_in, home):
    app = sign_in("stella", RELEASE, release=CLEAN)
    app.run()
    with opened(home) as desk:
        views = [entry for entry in desk.ledger.entries() if entry.kind == "release.viewed"]
    assert [view.actor for view in views] == [person("stella").person_id]


def test_the_lineage_is_compared_with_the_last_approved_version(sign_in, home):
    approved(home)
    app = sign_in("stella", RELEASE, release=EXCEPTION)
    said = words(app)
    assert "Compared with v1, approved" in said
    tables = ["\n".join(map(str, t.value.to_numpy().ravel())).replace("\\", "") for t in app.table]
    assert any("FAIL 0.63" in text and "0.55" in text for text in tables)
