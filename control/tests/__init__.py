"""Tests of control, in front of a real bus."""
