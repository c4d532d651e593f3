"""Runs collection: `python -m collection`."""

from collection.service import collection_service
from collection.settings import CollectionSettings
from mesh.serve import run

run("collection", CollectionSettings.read(), collection_service)
