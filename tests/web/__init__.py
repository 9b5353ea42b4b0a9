"""Tests of src/backline/web."""
