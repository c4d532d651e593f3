"""Reports what runs on a host to Scope as a Service."""

from importlib.metadata import version

VERSION = version("scope-probe")
