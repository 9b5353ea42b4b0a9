"""Anchors: the head of the audit chain, signed and kept where whoever owns the database has no hand."""
