"""The contracts as a descriptor set, which the transcoder reads."""

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.rpc import error_details_pb2, status_pb2

from mesh.contracts import services
from scope.errors.v1 import errors_pb2

#: What no RPC mentions but error details are made of: without them the transcoder answers an empty body.
_DETAILS = (status_pb2.DESCRIPTOR, error_details_pb2.DESCRIPTOR, errors_pb2.DESCRIPTOR)


def descriptor_set() -> bytes:
    """Every service with all that it imports, each file after those it needs; the same bytes for the same contracts."""
    known: dict[str, FileDescriptorProto] = {}
    for file in (*_DETAILS, *(service.file for service in services())):
        _add(file, known)
    return FileDescriptorSet(file=known.values()).SerializeToString(deterministic=True)


def _add(file: FileDescriptor, known: dict[str, FileDescriptorProto]) -> None:
    if file.name in known:
        return
    for dependency in file.dependencies:
        _add(dependency, known)
    descriptor = FileDescriptorProto()
    file.CopyToProto(descriptor)
    known[file.name] = descriptor
