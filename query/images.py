"""The images that containers are made from, and their names, which engines and registries write in several ways."""

from functools import lru_cache

from query.model import Model
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids
from scope_sdk.report.merge import Facts

NAME = "docker_image_name"
TAG = "docker_image_tag"

_IMAGE = Topology.TOPOLOGY_CONTAINER_IMAGE
_TAG = ids.ending(_IMAGE)
_NO_NAME = "<none>"
_REGISTRY_MARKS = frozenset(".:")
#: How much of an image's id stands for its name where it has none.
_SHORT_ID = 12


@lru_cache(maxsize=10_000)
def short(name: str) -> str:
    """A name without registry, tag and digest: `nginx` of `registry.example/library/nginx:1.27`, and of `nginx`."""
    path = name.partition("@")[0]
    first, slash, rest = path.partition("/")
    if slash and (first == "localhost" or not _REGISTRY_MARKS.isdisjoint(first)):
        path = rest.removeprefix("library/")
    head, slash, last = path.rpartition("/")
    return head + slash + last.partition(":")[0]


def image(model: Model, container: str) -> Facts | None:
    """The image that a container is made from; None where nobody reports it."""
    facts = model.facts(container)
    images = [parent for parent in facts.parents if parent.endswith(_TAG)] if facts else []
    return model.facts(min(images)) if images else None


def said_name(container: Facts, of: Facts | None) -> str:
    """What a container calls its image, or else the image itself; empty where neither says."""
    return container.texts.get(NAME) or (of.texts.get(NAME) or of.label if of else "")


def image_name(model: Model, container: Facts) -> str:
    """The short name of a container's image, else the beginning of its id; empty where nothing is known of it."""
    of = image(model, container.id)
    name = said_name(container, of)
    if name and name != _NO_NAME:
        return short(name)
    own = ids.parts(_IMAGE, of.id)[1] if of else container.texts.get("docker_image_id", "")
    return own[:_SHORT_ID]


def image_group(model: Model, container: str) -> str | None:
    """The id of the node that stands for all images of one short name; None where nothing is known of the image."""
    facts = model.facts(container)
    name = image_name(model, facts) if facts else ""
    return ids.node_id(_IMAGE, name) if name else None


def group_name(group: str) -> str:
    """The short name of such a node's images."""
    return group.removesuffix(_TAG)
