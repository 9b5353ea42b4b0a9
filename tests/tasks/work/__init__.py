"""Tests of src/backline/tasks/work."""
