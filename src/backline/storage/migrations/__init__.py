"""Alembic migrations; applied by storage/upgrade.py."""
