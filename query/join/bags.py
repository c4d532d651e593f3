"""Several values under one key, each counted, kept small where there is one: that is what nearly all of them hold."""

from collections.abc import Collection, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T", bound=Hashable)

# A bag is one value, or how often each of several is there. No value is itself a dictionary or None.


def more(bag: T | dict[T, int] | None, value: T) -> T | dict[T, int]:
    """The bag with one more of a value; it may be changed in place."""
    if bag is None:
        return value
    counts = bag if isinstance(bag, dict) else {bag: 1}
    counts[value] = counts.get(value, 0) + 1
    return counts


def less(bag: T | dict[T, int], value: T) -> T | dict[T, int] | None:
    """The bag with one less of a value that is in it, None for nothing; it may be changed in place."""
    if not isinstance(bag, dict):
        return None
    if bag[value] > 1:
        bag[value] -= 1
    else:
        del bag[value]
    if len(bag) == 1:
        (last, times), *_ = bag.items()
        return last if times == 1 else bag
    return bag


def values(bag: T | dict[T, int] | None) -> Collection[T]:
    """The different values."""
    if bag is None:
        return ()
    return bag.keys() if isinstance(bag, dict) else (bag,)


class Bags(Generic[K, T]):
    """Bags by key."""

    def __init__(self) -> None:
        self._bags: dict[K, T | dict[T, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._bags)

    def __contains__(self, key: K) -> bool:
        return key in self._bags

    def add(self, key: K, value: T) -> None:
        """Puts one more of a value under a key."""
        self._bags[key] = more(self._bags.get(key), value)

    def remove(self, key: K, value: T) -> None:
        """Takes one of a value away that is under the key."""
        left = less(self._bags[key], value)
        if left is None:
            del self._bags[key]
        else:
            self._bags[key] = left

    def of(self, key: K) -> Collection[T]:
        """The different values under a key."""
        return values(self._bags.get(key))


class Ends(Generic[T]):
    """Bags by address and port: dictionaries by port take a quarter of what one by pairs does."""

    def __init__(self) -> None:
        self._bags: dict[str, dict[int, T | dict[T, int]]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._bags)

    def add(self, address: str, port: int, value: T) -> None:
        """Puts one more of a value at an end."""
        ports = self._bags.get(address)
        if ports is None:
            ports = self._bags[address] = {}
        ports[port] = more(ports.get(port), value)

    def remove(self, address: str, port: int, value: T) -> None:
        """Takes one of a value away that is at the end."""
        ports = self._bags[address]
        left = less(ports[port], value)
        if left is not None:
            ports[port] = left
            return
        del ports[port]
        if not ports:
            del self._bags[address]

    def at(self, address: str, port: int) -> Collection[T]:
        """The different values at an end."""
        ports = self._bags.get(address)
        return values(ports.get(port)) if ports is not None else ()

    def of(self, address: str) -> Iterator[T]:
        """The values at all ends of an address."""
        return (value for bag in self._bags.get(address, {}).values() for value in values(bag))
