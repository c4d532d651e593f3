"""What each role may do, in one place."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from users.tables import Role

_EVERYBODY = ("report.view",)
_ADMINS = ("report.sensitive.view", "token.manage")

#: The permissions of each role in its organization.
PERMISSIONS: Mapping[str, Sequence[str]] = MappingProxyType(
    {Role.VIEWER: _EVERYBODY, Role.EDITOR: _EVERYBODY, Role.ADMIN: (*_EVERYBODY, *_ADMINS)}
)
