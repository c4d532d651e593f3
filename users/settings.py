"""What the users service is told by its environment."""

from pathlib import Path

from mesh.rates import Rate, RateSetting
from mesh.settings import Settings


class UsersSettings(Settings):
    """The settings of every service, and these."""

    #: The database, `postgresql://user:password@host:port/name`.
    database_url: str
    #: The PEM file of the Ed25519 keys that sign identities: the first signs, all are published.
    identity_key_file: Path
    #: Where browsers find the deployment; over https cookies are Secure.
    public_url: str = "http://127.0.0.1:8080"
    #: How often somebody at one source (an address, or an IPv6 network of 64 bits) may try to sign in.
    sign_in_rate: RateSetting = Rate.parse("100 per 10 minutes")
    #: How often somebody at one source may ask for a sign-in link or an account.
    sign_up_rate: RateSetting = Rate.parse("30 per hour")
    #: How many sign-in links one address is sent.
    sign_in_mail_rate: RateSetting = Rate.parse("5 per 10 minutes")
    #: How many mails one address is sent, whatever they say.
    mail_rate: RateSetting = Rate.parse("30 per day")
