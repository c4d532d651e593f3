"""Mail: an outbox in the database, templates, and who sends it."""

from users.mail.letters import Letter, Letters
from users.mail.outbox import Occasion, post
from users.mail.sender import Compose, Sender
from users.mail.transport import Folder, Server, Transport, address

__all__ = ["Compose", "Folder", "Letter", "Letters", "Occasion", "Sender", "Server", "Transport", "address", "post"]
