"""Who did what, as whom, from where; and what was refused. Events are written with the change that they tell of."""

from users.audit import denials
from users.audit.actions import Action
from users.audit.recording import record
from users.audit.refusals import Refusals

__all__ = ["Action", "Refusals", "denials", "record"]
