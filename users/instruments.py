"""What users measures."""

from mesh.telemetry.declared import Instruments

_users = Instruments("users")

CHECKS = _users.counter(
    "scope_checks", "{check}", "Requests that the edge asked about: ADMITTED, or the reason of the denial.", "outcome"
)
LOOKUPS = _users.counter(
    "scope_credential_lookups",
    "{lookup}",
    "Credentials looked up for a request: in what this process remembers (cache), or in the database.",
    "source",
)
RENEWED = _users.counter(
    "scope_credentials_renewed", "{credential}", "Credentials of open streams asked after: good, or ended.", "outcome"
)
DATABASE = _users.gauge(
    "scope_database_connections", "{connection}", "Connections to the database in use; there are ten at most."
)
MAILS = _users.counter(
    "scope_mails",
    "{mail}",
    "Attempts to send a mail: SENT, FAILED (tried again), GIVEN_UP, REFUSED by the server, or NOTHING_TO_SAY.",
    "outcome",
)
FILED = _users.counter(
    "scope_audit_records",
    "{record}",
    "What other services put on the bus of what they did: FILED, REPEATED (it was filed before), or UNFIT.",
    "outcome",
)
