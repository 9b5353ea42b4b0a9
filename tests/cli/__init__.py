"""Tests of src/backline/cli."""
