"""Bounds that the edge keeps and, where it refuses, names."""

#: Headers of a request.
HEADERS = 100

#: Their size together, in 1024 bytes.
HEADER_KB = 64
