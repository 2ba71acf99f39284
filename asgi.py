"""The ASGI wrapper that ``exeat serve`` runs: app.py with security headers and a readiness route.

``streamlit run`` starts it as a server of its own only where it reads ``st.App(`` in this very file.
"""

from pathlib import Path

import streamlit as st

from components.server import app_options

app = st.App(Path(__file__).with_name("app.py"), **app_options())
