"""Databases, files and the warehouse; only desk.py and the command line know it."""
