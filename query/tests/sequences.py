"""How many sequences of what may happen property tests try.

Every run tries the same ones; `SEQUENCES=50` in the environment tries fifty times as many, others every time.
"""

import os

from hypothesis import Phase, settings

_TIMES = int(os.environ.get("SEQUENCES", "1"))
#: A sequence that fails is made shorter only by hand: it takes minutes.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if _TIMES > 1 else []))


def sequences(of: int) -> settings:
    """So many of them."""
    return settings(max_examples=of * _TIMES, derandomize=_TIMES == 1, deadline=None, phases=_PHASES)
