"""Fetching statements, against real servers."""
