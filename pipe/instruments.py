"""What pipe measures."""

from mesh.telemetry.declared import Instruments

_pipe = Instruments("pipe")

ATTACHED = _pipe.gauge("scope_pipe_ends", "{end}", "Ends of pipes that are attached here.")
FRAMES = _pipe.counter(
    "scope_pipe_frames",
    "{frame}",
    "Frames taken from ends, spliced to the other end here or bridged over NATS.",
    "path",
)
BYTES = _pipe.counter("scope_pipe_bytes", "By", "What these frames have.", "path")
ENDED = _pipe.counter("scope_pipes_ended", "{pipe}", "Pipes that ended here, and why.", "reason")
