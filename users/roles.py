"""What each role may do, in one place."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from users.tables import Role

#: Each permission and the least role that holds it; every greater one does too.
LEAST: Mapping[str, Role] = MappingProxyType(
    {
        "report.view": Role.VIEWER,
        "member.view": Role.VIEWER,
        "token.own": Role.VIEWER,
        "pod.logs.view": Role.VIEWER,
        "container.attach.out": Role.EDITOR,
        "container.pause": Role.EDITOR,
        "container.restart": Role.EDITOR,
        "container.stop": Role.EDITOR,
        "pod.delete": Role.EDITOR,
        "replicas.update": Role.EDITOR,
        "container.attach.in": Role.ADMIN,
        "container.exec": Role.ADMIN,
        "host.exec": Role.ADMIN,
        "report.sensitive.view": Role.ADMIN,
        "token.manage": Role.ADMIN,
        "member.invite": Role.ADMIN,
        "member.update": Role.ADMIN,
        "member.remove": Role.ADMIN,
        "organization.update": Role.ADMIN,
        "organization.delete": Role.ADMIN,
        "audit.view": Role.ADMIN,
    }
)

_ROLES = list(Role)

#: The permissions of each role in its organization.
PERMISSIONS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        role: tuple(name for name, least in LEAST.items() if _ROLES.index(least) <= number)
        for number, role in enumerate(_ROLES)
    }
)

#: What a probe may do in its organization.
PROBE: Sequence[str] = ("report.upload",)
