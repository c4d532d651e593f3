"""Fixtures of the mesh's tests."""

from mesh.tests.authority import authority

__all__ = ["authority"]
