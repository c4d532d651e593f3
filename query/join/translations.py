"""Which ends of connections stand for others: addresses and ports that are translated on the way."""

from collections.abc import Set as AbstractSet

from query.join.bags import Bags

#: An address, with its scope where it has one, and a port.
End = tuple[str, int]
#: What is addressed to the first is delivered to the second.
Translation = tuple[End, End]

_NONE: frozenset[Translation] = frozenset()


class Translations:
    """What all probes say of it. An end of which they say different things is not translated."""

    def __init__(self) -> None:
        self._said: dict[str, AbstractSet[Translation]] = {}
        self._delivered: Bags[End, End] = Bags()

    def put(self, probe: str, translations: AbstractSet[Translation]) -> set[End]:
        """Replaces what a probe says; answers the ends that may be delivered elsewhere now."""
        old = self._said.pop(probe, _NONE)
        if translations:
            self._said[probe] = translations
        gone, new = old - translations, translations - old
        for end, delivered in gone:
            self._delivered.remove(end, delivered)
        for end, delivered in new:
            self._delivered.add(end, delivered)
        return {end for end, _ in gone | new}

    def of(self, end: End) -> End:
        """Where what is addressed to an end is delivered: elsewhere, or there."""
        delivered = self._delivered.of(end)
        return next(iter(delivered)) if len(delivered) == 1 else end
