"""Bounds that several parts must agree on."""

#: The largest message that any part takes in or the bus carries, in bytes.
MESSAGE_BYTES = 8 * 1024 * 1024

#: The largest request to an RPC that takes no reports, in bytes: nobody shall fill memory without a token of a probe.
REQUEST_BYTES = 1024 * 1024

#: The largest message of a probe that is no report, in bytes: many small parts take much more memory than their bytes.
#: An answer that is larger than a request may be is still read, to say so.
ANSWER_OF_PROBE_BYTES = 2 * REQUEST_BYTES

#: How long an organization's reports are kept where LOG_MAX_AGE says nothing else, in seconds.
LOG_MAX_AGE = 3600.0

#: The largest answer to a browser, in bytes.
ANSWER_BYTES = 32 * 1024 * 1024

#: Calls of one credential that a replica works on at once.
REQUESTS_PER_CREDENTIAL = 256
