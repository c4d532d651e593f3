"""Any process may die, stand still or end at any time: nothing acknowledged is lost, and who watches goes on."""

import pytest

from tests.e2e.client import Mesh
from tests.load.faults import faults
from tests.load.target import find


@pytest.mark.timeout(2400)
@pytest.mark.parametrize(
    ("own_mesh", "kinds"), [("2", "kill,stop,term"), ("1", "kill")], indirect=["own_mesh"], ids=["two", "one"]
)
async def test_nothing_acknowledged_is_lost_and_the_watch_goes_on(
    own_mesh: Mesh, kinds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = await faults(target=find(own_mesh.data), kinds=kinds)
    with capsys.disabled():
        outcome.print()
    assert outcome.failures == []
