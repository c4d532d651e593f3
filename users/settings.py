"""What the users service is told by its environment."""

from email.headerregistry import Address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, InstanceOf, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from mesh.origins import Origins, Site
from mesh.rates import Rate, RateSetting
from mesh.settings import Settings
from users.mail import Server, address
from users.tools import Tools
from users.where import DatabaseSettings


def _server(text: str | None) -> Server | None:
    return Server.parse(text) if text else None


def _address(text: str | None) -> Address | None:
    return address(text) if text else None


class UsersSettings(Settings, DatabaseSettings):
    """The settings of every service, where the accounts are, and these."""

    #: The PEM file of the Ed25519 keys that sign identities: the first signs, all are published.
    identity_key_file: Path
    #: Where browsers find the deployment; over https cookies are Secure.
    public_url: Site = "http://127.0.0.1:8080"
    #: Of whose pages state changes are taken beside the deployment's own, origins separated by commas; the edge lets
    #: the same ones read answers.
    cors_origins: Origins = ()
    #: Whom an account of their own making lets in: everybody (open), who is approved or invited (approval), or who is
    #: invited (invite); others get none then.
    signup: Literal["approval", "open", "invite"] = "approval"
    #: For how long a browser stays signed in that is not used, in seconds.
    session_idle: float = Field(default=14 * 86_400.0, ge=300, le=366 * 86_400)
    #: For how long one stays signed in at most, in seconds.
    session_lifetime: float = Field(default=30 * 86_400.0, ge=300, le=366 * 86_400)
    #: The server that sends mail, `smtp://user:password@host:587` or `smtps://...`; see users.mail.Server.
    smtp_url: Annotated[InstanceOf[Server] | None, NoDecode, BeforeValidator(_server)] = None
    #: Whom mail is from, `Scope <scope@example.org>`; needed with SMTP_URL.
    mail_from: Annotated[InstanceOf[Address] | None, NoDecode, BeforeValidator(_address)] = Field(
        default=None, validate_default=True
    )
    #: Without SMTP_URL, the folder that each mail is written into; with neither, mail waits for a week at most.
    mail_directory: Annotated[Path | None, BeforeValidator(lambda text: text or None)] = None
    #: What the page `/admin/` links for administrators, `NAME=URL` separated by commas: `Grafana=/admin/grafana/,
    #: Prometheus=https://prometheus.example`.
    admin_links: Tools = ()
    #: How often one API token or session may call each replica; probes have rates of their own, see collection.
    api_rate: RateSetting = Rate.parse("1000 per second")
    #: How often somebody at one source (an address, or an IPv6 network of 64 bits) may try to sign in.
    sign_in_rate: RateSetting = Rate.parse("100 per 10 minutes")
    #: How often somebody at one source may ask for a sign-in link or an account.
    sign_up_rate: RateSetting = Rate.parse("30 per hour")
    #: How many sign-in links one address is sent.
    sign_in_mail_rate: RateSetting = Rate.parse("5 per 10 minutes")
    #: How many mails one address is sent, whatever they say.
    mail_rate: RateSetting = Rate.parse("30 per day")
    #: How often a person may try to make an organization, whether its id was free or not.
    organization_rate: RateSetting = Rate.parse("50 per day")
    #: How often a person may invite somebody.
    invitation_rate: RateSetting = Rate.parse("200 per day")
    #: How many organizations a person may administer and still make another.
    organizations_per_person: int = Field(default=20, ge=1)
    #: How long what a deleted organization had is kept, in seconds; streams to it may be open for a minute.
    purge_after: float = Field(default=30 * 86_400.0, ge=120.0)
    #: How long events of the audit are kept, in seconds; the database refuses to delete one within 30 days.
    audit_keep: float = Field(default=400 * 86_400.0, ge=30 * 86_400.0)
    #: How many exports of the audit a person may have under way at each replica.
    exports_per_user: int = Field(default=8, ge=1)

    @field_validator("mail_from")
    @classmethod
    def _from_somebody(cls, value: Address | None, info: ValidationInfo) -> Address | None:
        if value is None and info.data.get("smtp_url"):
            raise ValueError("is needed where SMTP_URL is set; it is like 'Scope <scope@example.org>'")
        return value
