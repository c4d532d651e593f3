"""What must not be reported although somebody else says it: secrets by which others would get in."""

import re

HIDDEN = "[hidden]"
#: Secrets of the service, whoever's they are: in the command line of curl, say.
_SECRETS = re.compile(r"scope_[a-z]+_[A-Za-z0-9_-]{43}")


def harmless(text: str, secret: str) -> str:
    """The text without tokens and links of the service, nor this secret: the probe's own token, whatever its form."""
    hidden = text.replace(secret, HIDDEN) if secret else text
    return _SECRETS.sub(HIDDEN, hidden)
