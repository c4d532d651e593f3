"""Accounts: answers the edge's question about every request, and signs the identity that the request goes on with."""
