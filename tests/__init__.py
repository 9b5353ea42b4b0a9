"""The tests mirror the house: `src/backline/A/b.py` has `tests/A/test_b.py`."""
