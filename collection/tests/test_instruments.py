"""Every report that arrives is acknowledged or refused, and counted as that."""

import pytest

from collection.instruments import ACKNOWLEDGED, RECEIVED, REFUSED, counted
from mesh.errors import invalid_field


def counts() -> tuple[float, float, float]:
    return RECEIVED.read(), ACKNOWLEDGED.read(), REFUSED.read("INVALID_FIELD")


def test_a_report_is_counted_by_what_becomes_of_it() -> None:
    received, acknowledged, refused = counts()
    with counted():
        assert counts() == (received + 1, acknowledged, refused)
    with pytest.raises(Exception, match="is wrong"), counted():
        raise invalid_field("report", "is wrong")
    assert counts() == (received + 2, acknowledged + 1, refused + 1)
