"""Contracts to an OpenAPI 3.1 document: small pure functions, one module for each concern."""

from openapi.document import document

__all__ = ["document"]
