from scope_sdk.report import standard
from users import roles
from users.tables import Role


def test_a_control_may_need_whatever_a_role_can_have_and_nothing_else() -> None:
    assert roles.LEAST.keys() == standard.PERMISSIONS


def test_each_standard_control_can_be_used_by_somebody() -> None:
    controls = {control.permission for kind in standard.STANDARD.values() for control in kind.controls}
    assert controls <= set(roles.PERMISSIONS[Role.ADMIN])
    assert controls & set(roles.PERMISSIONS[Role.VIEWER]) == {"pod.logs.view"}
    assert controls - set(roles.PERMISSIONS[Role.EDITOR]) == {"container.exec", "host.exec"}
