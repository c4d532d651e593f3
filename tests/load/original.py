"""What the original takes for the same: one process, without authentication, on the same kind of machine."""

from tests.load.outcome import Row

SECTION = "beside_the_original"

CONTROL_P50_MS, CONTROL_P95_MS = 0.32, 0.44
CONTROLS_PER_SECOND = 7_000
ECHO_P50_MS, ECHO_P95_MS = 0.076, 0.096
PIPE_MB_PER_SECOND = 70


def duration(original_ms: float, here_ms: float | None) -> Row:
    """Of what should take little, in microseconds."""
    here = None if here_ms is None else round(here_ms * 1000)
    return _row(original_ms * 1000, here, original_ms / here_ms if here_ms else None)


def rate(original: float, here: float | None) -> Row:
    """Of what there should be much of."""
    return _row(original, here, None if here is None else here / original)


def _row(original: float, here: float | None, ratio: float | None) -> Row:
    """100 percent is as fast as the original."""
    return {
        "the_original": round(original),
        "here": here,
        "speed_percent": None if ratio is None else round(ratio * 100, 1),
    }
