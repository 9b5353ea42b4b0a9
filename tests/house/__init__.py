"""The rules of the house as functions: a folder in, complaints out. `tests/test_house.py` runs and breaks them."""
