"""Tests of src/backline/reports."""
