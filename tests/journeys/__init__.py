"""Journeys: real processes on three stacks, with faults, and an effect that is counted."""
