"""Tests of src/backline/tasks."""
