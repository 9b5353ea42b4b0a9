"""Backline: the crew behind the artist."""

__version__ = "0.1.0"
