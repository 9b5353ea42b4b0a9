"""Tests of src/backline/locales."""
