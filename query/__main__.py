"""Runs query: `python -m query`."""

from mesh.serve import run
from query.service import query_service
from query.settings import QuerySettings

if __name__ == "__main__":
    run("query", QuerySettings.read(), query_service)
