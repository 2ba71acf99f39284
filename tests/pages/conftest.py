"""A small organisation whose people sign in through OpenID claims; each test has a copy of its home."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from components.identity import person_of, pseudonym
from exeat.desk import Desk, open_desk
from exeat.model.base import digest_of
from exeat.model.person import SYSTEM, Person, Role
from exeat.settings import load_settings
from tests.factories import (
    as_bytes,
    component,
    indicator,
    manifest_document,
    policy_document,
    proposal_document,
    report_document,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
ISSUER = "https://idp.test"
GROUPS = {role.value: role for role in Role if role is not Role.SYSTEM}
STEWARDS = ("stella", "stan", "sasha")
PEOPLE = {
    "sam": Role.SUBMITTER,
    **dict.fromkeys(STEWARDS, Role.STEWARD),
    "chris": Role.BOARD_CHAIR,
    "mira": Role.BOARD_MEMBER,
    "cleo": Role.CUSTODIAN,
    "rex": Role.RESEARCHER,
    "auda": Role.AUDITOR,
}
CLEAN, EXCEPTION, BARRED, DRAFT = "onco-v1-clean", "onco-v2-exception", "onco-v1-barred", "onco-v1-draft"


def claims(name: str) -> dict[str, Any]:
    return {
        "is_logged_in": True,
        "iss": ISSUER,
        "sub": name,
        "name": name.title(),
        "groups": [PEOPLE[name].value],
        "exp": int(time.time()) + 3600,
    }


def person(name: str) -> Person:
    return person_of(claims(name), load_settings(role_map=GROUPS))


def board() -> list[str]:
    """The ids of those on the board; a third member never signs in."""
    return [pseudonym(ISSUER, "chris"), pseudonym(ISSUER, "mira"), "p-third"]


def _checkpoint(desk: Desk, version: int, auc: dict[str, str]) -> str:
    """Take in manifest and report of one checkpoint; return the manifest's digest."""
    weights, name = f"weights of v{version}".encode(), f"onco-v{version}"
    files = [component(sha256=digest_of(weights)), component(component_id="log", kind="diagnostic_log")]
    lineage = {"run_family": "onco", "version": f"v{version}"}
    manifest = as_bytes(manifest_document(checkpoint_id=name, lineage=lineage, components=files))
    subject = {"checkpoint_id": name, "component_sha256": [digest_of(weights)]}
    report = as_bytes(report_document(report_id=f"r-{version}", subject=subject, indicators=[indicator(**auc)]))
    for data in (manifest, report):
        assert not desk.evidence.ingest_bytes(name, data, SYSTEM).rejected
    return digest_of(manifest)


def _propose(desk: Desk, release_id: str, checkpoint: str, manifest_sha256: str, **changes: Any) -> None:
    document = proposal_document(
        manifest_sha256=manifest_sha256,
        release_id=release_id,
        checkpoint_id=checkpoint,
        title=f"Tumour classifier ({release_id})",
        submitter=pseudonym(ISSUER, "sam"),
        **changes,
    )
    assert not desk.evidence.ingest_bytes(release_id, as_bytes(document), SYSTEM).rejected


def _organisation(desk: Desk) -> None:
    assert not desk.evidence.ingest_bytes("policy", as_bytes(policy_document()), SYSTEM).rejected
    newest = desk.evidence.policies(person("stella"))[0]
    desk.evidence.adopt_policy(person("stella"), newest.sha256, seen=newest.version)
    good = _checkpoint(desk, 1, {"value": "0.55", "ci_low": "0.52", "ci_high": "0.58"})
    poor = _checkpoint(desk, 2, {"value": "0.63", "ci_low": "0.60", "ci_high": "0.66"})
    _propose(desk, CLEAN, "onco-v1", good)
    _propose(desk, EXCEPTION, "onco-v2", poor)
    open_log = [
        {"component_id": "weights", "disposition": "allowed"},
        {"component_id": "log", "disposition": "allowed"},
    ]
    _propose(desk, BARRED, "onco-v1", good, components=open_log)
    _propose(desk, DRAFT, "onco-v1", good)
    for release_id in (CLEAN, EXCEPTION, BARRED):
        desk.review.submit(person("sam"), release_id, seen=1, key="sample")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("template") / "home"
    with opened(home) as desk:
        _organisation(desk)
    return home


@contextmanager
def opened(home: Path) -> Iterator[Desk]:
    """A desk beside the app's own, as another process has it."""
    desk = open_desk(load_settings(home=home, role_map=GROUPS, board_members=board()))
    try:
        yield desk
    finally:
        desk.close()


@pytest.fixture
def home(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the small organisation, configured for the app."""
    copy = shutil.copytree(template, tmp_path / "home")
    monkeypatch.setenv("EXEAT_HOME", str(copy))
    monkeypatch.setenv("EXEAT_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("EXEAT_DEMO", "false")
    monkeypatch.setenv("EXEAT_BOARD_MEMBERS", as_bytes(board()).decode())
    monkeypatch.setenv("EXEAT_ROLE_MAP", as_bytes(dict(GROUPS)).decode())
    yield copy
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def sign_in(home: Path) -> Callable[..., AppTest]:
    """Open the app as somebody, on a page, with the given address parameters."""

    def enter(name: str, page: str = "", /, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.user = claims(name)
        app.run()
        if page:
            app.switch_page(page)
            for key, value in query.items():
                app.query_params[key] = value
            app.run()
        return app

    return enter
