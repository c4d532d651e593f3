"""What docs/controls-administration.md says of the controls that the service knows is what it knows of them."""

import re
from pathlib import Path

from scope_sdk.report import standard
from users import roles

PAGE = Path(__file__).resolve().parents[1] / "controls-administration.md"
_ROW = re.compile(r"\| `(\w+)` \| ([\w ]+) \| [\w, ]+ \| `([\w.]+)` \| (\w+) \|")


def test_every_control_is_there_with_who_may_use_it() -> None:
    controls = {control.id: control for kind in standard.STANDARD.values() for control in kind.controls}
    assert sorted(_ROW.findall(PAGE.read_text())) == [
        (id_, control.label, control.permission, str(roles.LEAST[control.permission]))
        for id_, control in sorted(controls.items())
    ]
