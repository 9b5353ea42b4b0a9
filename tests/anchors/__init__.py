"""Anchors and their targets."""
