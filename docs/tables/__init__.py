"""Tables of `docs/`, made from the code that they describe: `python -m docs.tables` writes them."""
