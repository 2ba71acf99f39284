"""Streamlit parts that never decide."""
