"""Demo mode answers its own machine only: not a neighbour, not a proxy that stands on the same machine."""

from __future__ import annotations

from contextlib import suppress

import pytest

from components.server import SecurityHeaders


async def _page(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"page"})


def ask(monkeypatch, *, demo, peer="127.0.0.1", headers=(), kind="http"):
    monkeypatch.setenv("EXEAT_DEMO", "true" if demo else "false")
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "path": "/", "client": (peer, 5), "headers": list(headers)}
    # Nothing here waits, so no event loop is needed; the browser tests may hold this thread's already.
    with suppress(StopIteration):
        SecurityHeaders(_page)(scope, None, send).send(None)
    return sent[0]


def test_its_own_machine_gets_the_page(monkeypatch):
    assert ask(monkeypatch, demo=True)["status"] == 200
    assert ask(monkeypatch, demo=True, peer="::1")["status"] == 200


@pytest.mark.parametrize(
    "other",
    [
        {"peer": "192.0.2.7"},
        {"headers": [(b"X-Forwarded-For", b"192.0.2.7")]},
        {"headers": [(b"forwarded", b"for=192.0.2.7")]},
        {"headers": [(b"via", b"1.1 proxy")]},
    ],
)
def test_others_are_refused_in_demo_mode_only(monkeypatch, other):
    assert ask(monkeypatch, demo=True, **other)["status"] == 403
    assert ask(monkeypatch, demo=True, kind="websocket", **other) == {"type": "websocket.close", "code": 1008}
    assert ask(monkeypatch, demo=False, **other)["status"] == 200


def test_every_answer_carries_the_headers(monkeypatch):
    names = {bytes(name).decode() for name, _ in ask(monkeypatch, demo=False)["headers"]}
    assert {"content-security-policy", "x-frame-options", "referrer-policy"} <= names
