"""Tests, in the tree of what they test; journeys with real processes; private services."""
