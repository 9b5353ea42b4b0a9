"""Tests of src/backline/metrics."""
