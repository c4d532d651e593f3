"""`python -m scope_probe` is the command `scope`."""

from scope_probe.cli import main

main()
