"""Tests of `backline.runtime`."""
