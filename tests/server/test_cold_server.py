"""What a freshly started server answers before anybody opened a page, and what it never answers."""

from __future__ import annotations

import json

import pytest

from tests.running import ROOT, command, free_port, http, serve, streamlit

PAGES = sorted(path.stem for path in (ROOT / "pages").rglob("*.py"))


def interact(url: str, page: str) -> dict:
    status, _, text = http(f"{url}/_stcore/agent/interact", json.dumps({"page": page}).encode())
    assert status in (200, 400, 404), text[:300]
    return json.loads(text)


@pytest.mark.parametrize("page", ["queue", "release", "pages/review/queue.py"])
def test_a_cold_server_serves_no_page_past_the_sign_in(tmp_path, page):
    """Streamlit serves pages/*.py at their URL without running app.py; ours lie in sub-folders, so it must not."""
    with streamlit(tmp_path / "home", "--server.enableAgentApi=true") as server:
        answer = interact(server.url, page)
    assert answer["error"]["code"] == "unknown_page"
    assert {known["url_path"] for known in answer["error"]["pages"]} & set(PAGES) == set()


def test_the_hole_is_real(tmp_path):
    """The same request does get through where a page lies directly in pages/: the test above can fail."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "app.py").write_text("import streamlit as st\nst.stop()\n")
    (tmp_path / "pages" / "leak.py").write_text("import streamlit as st\nst.title('Secret')\n")
    with streamlit(tmp_path / "home", "--server.enableAgentApi=true", script=str(tmp_path / "app.py")) as server:
        answer = interact(server.url, "leak")
    assert "Secret" in json.dumps(answer)


def test_without_a_sign_in_method_it_explains_and_shows_nothing(tmp_path):
    with streamlit(tmp_path / "home", "--server.enableAgentApi=true") as server:
        status, _, text = http(f"{server.url}/_stcore/agent/interact", b"{}")
    assert status == 200
    assert "sign-in" in text.lower() or "sign in" in text.lower()
    assert "release_id" not in text


@pytest.fixture(scope="module")
def plain_server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("plain") / "home") as server:
        yield server


def test_every_answer_carries_the_security_headers(plain_server):
    for path in ("/", "/api/ready", "/_stcore/health", "/static/nothing.js"):
        _, headers, _ = http(plain_server.url + path)
        assert "default-src 'self'" in headers["content-security-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_ready_says_so_and_no_more(plain_server):
    status, _, text = http(f"{plain_server.url}/api/ready")
    assert status == 200
    assert json.loads(text)["ready"] is True
    assert set(json.loads(text)) == {"ready"}


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/interact", "/_stcore/agent/mcp"])
def test_metrics_and_agent_routes_are_closed(plain_server, path):
    assert http(plain_server.url + path)[0] == 404
    assert http(plain_server.url + path, b"{}")[0] == 404


def test_demo_refuses_to_leave_the_loopback(tmp_path):
    home = tmp_path / "home"
    run = command("serve", "--address", "192.0.2.1", "--port", str(free_port()), home=home, EXEAT_DEMO="true")
    assert run.returncode == 2
    assert "Demo mode" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_bad_setting_is_a_sentence(tmp_path):
    run = command("serve", home=tmp_path / "home", EXEAT_ORIGIN="not valid")
    assert run.returncode == 2
    assert "origin" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_demo_leaves_a_folder_alone_that_is_not_its_own(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    run = command("demo", "--home", str(tmp_path), "--load-only")
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    assert (tmp_path / "thesis.txt").read_text() == "mine"
