"""Bounds that the edge keeps and, where it refuses, names."""

#: Headers of a request.
HEADERS = 100

#: Their size together, in 1024 bytes.
HEADER_KB = 64

#: Connections at once; an edge that may open fewer files takes fewer.
CONNECTIONS = 20_000

#: Streams at once in one HTTP/2 connection of a caller.
STREAMS = 1_000
