"""What callers are told when nothing was done, or when it is not known."""

import grpc

from mesh.errors import ServiceError, limit_exceeded, not_found, permission_denied, unavailable
from mesh.limits import REQUEST_BYTES
from scope.control.v1.messages_pb2 import Answer
from scope.errors.v1.errors_pb2 import Reason

#: Characters of a probe's words that reach the caller.
WORDS = 1_000


def not_connected(probe: str) -> ServiceError:
    """Nobody holds a stream of the probe."""
    message = (
        f"the probe {probe} is not connected, so nothing was done; see whether it runs, takes controls and reaches the "
        "service, then try again"
    )
    return unavailable(Reason.REASON_PROBE_NOT_CONNECTED, message)


def bus_away(probe: str) -> ServiceError:
    """The probe's stream is not here, and the way to where it is does not work."""
    message = f"the probe {probe} cannot be reached from here for the moment, so nothing was done; try again"
    return unavailable(Reason.REASON_PROBE_NOT_CONNECTED, message)


def audit_away() -> ServiceError:
    """The audit does not take a record."""
    message = "the audit does not answer, and nothing is done that it was not told; try again"
    return unavailable(Reason.REASON_AUDIT_UNAVAILABLE, message)


def too_many(most: int) -> ServiceError:
    """As many calls of a probe are under way as may be."""
    message = (
        f"{most} calls of this probe are under way, as many as may be; wait until one is done, or have an operator "
        "raise CALLS_PER_PROBE"
    )
    return limit_exceeded(message)


def not_permitted(control: str, permission: str) -> ServiceError:
    """The caller lacks the permission."""
    return permission_denied(f"{control} needs the permission {permission} in the organization", permission)


def timed_out(seconds: float) -> ServiceError:
    """There was no answer in time."""
    message = (
        f"there was no answer within {seconds:.3g} s; whether it was done is not known, so look before trying again"
    )
    return ServiceError(grpc.StatusCode.DEADLINE_EXCEEDED, Reason.REASON_TIMEOUT, message)


def unknown(why: str) -> ServiceError:
    """Whether it was done is not known, and why not."""
    message = f"{why}; whether it was done is not known, so look before trying again"
    return ServiceError(grpc.StatusCode.UNKNOWN, Reason.REASON_OUTCOME_UNKNOWN, message)


def too_large() -> ServiceError:
    """The probe's answer is larger than one may be."""
    message = f"it was done, but the probe's answer has more than {REQUEST_BYTES} bytes"
    return ServiceError(grpc.StatusCode.FAILED_PRECONDITION, Reason.REASON_ANSWER_TOO_LARGE, message)


def of_answer(answer: Answer, control: str) -> ServiceError:
    """What a probe's answer means that is not `done`."""
    match answer.WhichOneof("outcome"):
        case "refused":
            words = answer.refused[:WORDS] or f"the probe refused {control} and did not say why"
            return ServiceError(grpc.StatusCode.ABORTED, Reason.REASON_CONTROL_REFUSED, words)
        case "no_control":
            return not_found("control", control)
    return unknown("the probe's answer says nothing")
