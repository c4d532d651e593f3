"""The contracts, found in the generated package."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

import scope


@cache
def services() -> tuple[ServiceDescriptor, ...]:
    """Every service of the contracts, by full name."""
    names = [module.name for module in pkgutil.walk_packages(scope.__path__, "scope.")]
    files = [importlib.import_module(name).DESCRIPTOR for name in names if name.endswith(".service_pb2")]
    found = [service for file in files for service in file.services_by_name.values()]
    return tuple(sorted(found, key=lambda service: service.full_name))


@cache
def rpcs() -> Mapping[str, MethodDescriptor]:
    """Every RPC of the contracts by its path, `/package.Service/Method`."""
    return {f"/{service.full_name}/{method.name}": method for service in services() for method in service.methods}


def service_of(rpc: str) -> str:
    """The full name of an RPC's service."""
    return rpc.split("/")[1] if rpc.count("/") == 2 else ""
