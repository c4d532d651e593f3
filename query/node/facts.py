"""What a node of a topology is said to be: by probes, by its image, or by all that it stands for."""

from collections.abc import Iterable
from dataclasses import replace

from query import images
from query.model import Model
from query.node.rows import text
from scope_sdk.report import ids
from scope_sdk.report.merge import Facts, fold

#: What a container's table about its image holds, and what it is called there.
_IMAGE_TABLE = "image_table"
_IMAGE_ROWS = {
    "docker_image_id": "ID",
    images.NAME: "Name",
    images.TAG: "Tag",
    "docker_image_size": "Size",
    "docker_image_virtual_size": "Virtual size",
}


def facts_of(model: Model, node: str) -> Facts | None:
    """What is said of something that probes report; of a container also what only its image says."""
    facts = model.facts(node)
    return with_image(model, facts) if facts is not None and facts.topology == ids.CONTAINER else facts


def with_image(model: Model, container: Facts) -> Facts:
    """A container with what it does not say itself about its image."""
    image = images.image(model, container.id)
    if image is None:
        return container
    said = {key: image.texts[key] for key in (images.NAME, images.TAG) if key in image.texts}
    found = ((key, name, text(container, key) or text(image, key)) for key, name in _IMAGE_ROWS.items())
    table = {key: (name, value) for key, name, value in found if value}
    return replace(container, texts={**said, **container.texts}, tables={_IMAGE_TABLE: table, **container.tables})


def images_of(model: Model, node: str, containers: Iterable[str]) -> Facts | None:
    """The images that containers are made from as one; None where nobody reports any."""
    found = {image.id: image for container in containers if (image := images.image(model, container))}
    return replace(fold([found[name] for name in sorted(found)]), id=node) if found else None
