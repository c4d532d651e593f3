"""What the users service is told by its environment."""

from pathlib import Path

from mesh.settings import Settings


class UsersSettings(Settings):
    """The settings of every service, and these."""

    #: The database, `postgresql://user:password@host:port/name`.
    database_url: str
    #: The PEM file of the Ed25519 keys that sign identities: the first signs, all are published.
    identity_key_file: Path
    #: Where browsers find the deployment; over https cookies are Secure.
    public_url: str = "http://127.0.0.1:8080"
