"""Reports what runs on a host to Scope as a Service."""

import os
from importlib.metadata import version

# gRPC writes to standard error what we say ourselves, with what to do about it. It reads this when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

VERSION = version("scope-probe")
