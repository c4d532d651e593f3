"""The command line for people: what runs, what changes, acting on it, and terminals, by way of the service.

`commands` says what can be asked for, and imports the rest when it is: `scope --help` waits for none of it.
"""
