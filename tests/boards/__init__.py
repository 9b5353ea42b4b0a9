"""Tests that run over everything that discovery finds."""
