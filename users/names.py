"""Ids of organizations as people read them out to each other: `quiet-river-42`."""

import secrets
from collections.abc import Iterator

_ADJECTIVES = """
    agile airy amber ample azure basic blue bold brave breezy brief bright brisk broad calm candid careful
    cheerful clear clever cloudy coastal cobalt copper cosmic cosy crimson crisp curious daring deep eager early
    earnest easy even fair famous fancy fast fine firm fresh friendly frosty gentle glad golden grand green
    happy honest indigo ivory jolly keen kind large lasting light little lively lofty loyal lucky lunar mellow
    merry mild misty modern neat nimble noble olive open patient peaceful pearly plain polite prime proud quick
    quiet rapid ready round royal ruby sandy scarlet serene sharp shiny silent silver smart smooth snowy soft
    solar solid sparkling spring steady still stout summer sunny swift tall teal tidy timely tranquil true
    upbeat velvet vivid warm wide wise witty
    """.split()  # noqa: SIM905 - a list would be a line for each

_NOUNS = """
    acorn anchor apple arch arrow aspen atlas badge bay beacon bell birch blossom boat book branch breeze bridge
    brook canyon castle cedar cliff cloud clover comet compass coral cove creek crystal dawn delta desert dune
    echo ember falcon feather fern field finch fjord forest fountain garden glacier glade grove harbor harvest
    hazel heron hill horizon island jasmine kettle kite lagoon lake lantern laurel leaf ledger lemon lighthouse
    lily linden lotus maple marble meadow mesa mill mirror moon moss mountain oasis oak ocean orbit orchard
    otter owl palm path peak pebble pine planet plateau pond prairie puffin quartz rain reef ridge river robin
    sail sand shore sparrow spruce star stone stream summit sunrise swallow thistle tide tower trail tulip
    valley violet wave willow wind window wren
    """.split()  # noqa: SIM905 - a list would be a line for each

#: With how many digits an id is tried, one after the other: more where many ids are taken.
_DIGITS = (2, 2, 2, 2, 4, 4, 6, 12)


def candidates() -> Iterator[str]:
    """Ids to try until one is free; they end, and that none of them is free does not happen."""
    for digits in _DIGITS:
        number = secrets.randbelow(10**digits)
        yield f"{secrets.choice(_ADJECTIVES)}-{secrets.choice(_NOUNS)}-{number:0{digits}}"
