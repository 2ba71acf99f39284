"""The server around app.py: security headers, readiness, and one place that shows script errors."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from components.feedback import show_error
from exeat.errors import ExeatError
from exeat.settings import load_settings

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CLOSED = ("/_stcore/metrics", "/_stcore/agent")
_FORWARDED = {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"}
log = logging.getLogger("exeat.server")


def _inline_script_hashes() -> str:
    """Return CSP sources for the inline scripts that Streamlit's own index.html carries."""
    html = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    bodies = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for body in bodies)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def security_headers() -> dict[str, str]:
    """Return the headers of every response; nothing may be fetched from outside, nobody may frame the app."""
    policy = (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
        f"script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval' {_inline_script_hashes()}; font-src 'self' data:; "
        "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    )
    return {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
    }


def _from_here(scope: Scope) -> bool:
    """Return whether the request comes from this machine itself, through no proxy."""
    peer = scope.get("client")
    names = {name.lower() for name, _ in scope.get("headers", ())}
    return peer is not None and ip_address(peer[0]).is_loopback and not names & _FORWARDED


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a stranger in demo mode, where anyone may act as anyone."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    text = "Demo mode answers only its own machine. Configure sign-in to serve others (docs/settings.md)."
    await PlainTextResponse(text, status_code=403)(scope, receive, send)


class SecurityHeaders:
    """ASGI middleware: adds the headers, and closes the metrics and agent routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = security_headers()
        self.demo = load_settings().demo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self.demo and scope["type"] in ("http", "websocket") and not _from_here(scope):
            await _refuse(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if str(scope["path"]).startswith(_CLOSED):
            await PlainTextResponse("Not found.", status_code=404, headers=self.headers)(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, send_with_headers)


async def ready(_: Request) -> JSONResponse:
    """Answer whether the stores can be opened; says no more than that to strangers."""
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415

    from components.session import desk  # noqa: PLC0415 opened on first use, not at import

    try:
        await run_in_threadpool(desk().ledger.size)
    except ExeatError:
        log.exception("not ready")
        return JSONResponse({"ready": False}, status_code=503)
    return JSONResponse({"ready": True})


def on_script_error(exc: Exception) -> bool:
    """Show our own errors as a sentence; everything else as one calm sentence, with the trace in the log."""
    if not isinstance(exc, ExeatError):
        log.error("unexpected error in a page", exc_info=exc)
        exc = ExeatError(
            "Something unexpected went wrong on this page; nothing was written.",
            "Reload the page. If it happens again, tell the person who runs Exeat: the server log has the details.",
        )
    show_error(exc)
    return True


def forget_pages_folder() -> None:
    """Tell Streamlit from the start that ``pages/`` is ours: menu and addresses come from app.py alone.

    Until some session has run ``st.navigation``, Streamlit 1.67 takes the folder for its own old-style pages: it
    would answer the first deep link with "Page not found", and would serve ``pages/*.py`` without app.py.
    """
    PagesManager.uses_pages_directory = False


def app_options() -> dict[str, Any]:
    """Return routes, headers and error display; Streamlit wants to read ``st.App`` in asgi.py itself."""
    forget_pages_folder()
    return {
        "routes": [Route("/api/ready", ready)],
        "middleware": [Middleware(SecurityHeaders)],
        "on_script_error": on_script_error,
    }
