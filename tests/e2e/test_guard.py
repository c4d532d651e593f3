"""The guard table on a mesh with two replicas of each service."""

import pytest

from tests.e2e.client import Mesh
from tests.guard.table import walk


@pytest.mark.timeout(1200)
async def test_every_way_into_every_rpc_is_as_the_contracts_say(mesh: Mesh) -> None:
    verdict = await walk(mesh.data)
    assert verdict.wrong == []
    assert verdict.checked > verdict.rpcs * verdict.credentials
