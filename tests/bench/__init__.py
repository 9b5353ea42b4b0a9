"""Tests of bench/: its own logic, small."""
