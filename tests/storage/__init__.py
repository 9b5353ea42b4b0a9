"""Tests of src/backline/storage."""
