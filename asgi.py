"""The ASGI wrapper that ``exeat serve`` runs: app.py with security headers and a readiness route."""

from components.server import build_app

app = build_app()
